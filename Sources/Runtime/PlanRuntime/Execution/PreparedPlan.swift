internal import KernelInterface
internal import Kernels
internal import PlanFormat
internal import Tensors

/// A plan with what its runs need beside it: weights in the forms that kernels want, and memory for the
/// largest batch.
///
/// It does not change once it is made; ``phases(images:)`` depends on it and the batch alone. What runs
/// phases must have the memory to itself meanwhile.
struct PreparedPlan: Sendable {
  let plan: Plan

  /// What runs the phases.
  let kernels: any KernelSet.Type

  /// What lies between the steps, `Program.arenaBytes` for each image, group by group.
  let arena: AlignedMemory

  /// The input, `[images, channels, height, width]` in float32.
  let input: AlignedMemory

  /// Scratch of the threads, ``scratchStride`` bytes for each.
  let scratch: AlignedMemory

  /// Bytes from one thread's scratch to the next: whole pages, enough for every batch.
  let scratchStride: Int

  /// What lies behind the shared steps, `[images, rows, columns]`.
  let kept: AlignedMemory

  /// Bytes of it for each image; 0 where no steps are shared.
  let keptBytes: Int

  private let shared: SharedSteps?
  private let rows: AlignedMemory
  private let paired: PairedWeights
  private let dot: (any DotKernelSet.Type)?
  private let transformed: TransformedWeights

  /// Takes all memory, and transforms the weights of convolutions on the calling thread.
  /// - Parameters:
  ///   - maximumBatch: the most images that one run takes.
  ///   - threadCount: the threads that run phases together.
  ///   - shared: the steps behind which rows are kept for another program.
  ///   - other: a plan of the same file for the same kernels, whose weights in other forms are taken where both
  ///     need them.
  ///   - begin: gets what other threads can do meanwhile: the weights' terms for products in pairs, whose
  ///     memory is there but which nobody has formed.
  /// - Throws: `InputError` if memory runs out or more than 2^40 bytes would be needed.
  init(
    _ plan: Plan, for choice: KernelChoice, maximumBatch: Int, threadCount: Int,
    keeping shared: SharedSteps?, sharing other: PreparedPlan?,
    whileTransforming begin: (PairedWeights) -> Void
  ) throws {
    func memory(_ byteCount: Int, times count: Int) throws -> AlignedMemory {
      try AlignedMemory(byteCount: try Self.bytes(byteCount, times: count), plan: plan)
    }
    let program = plan.program
    self.plan = plan
    self.shared = shared
    kernels = choice.set
    keptBytes = shared.map { program.buffers[$0.buffer].byteCount } ?? 0
    kept = try memory(keptBytes, times: maximumBatch)
    arena = try memory(program.arenaBytes, times: maximumBatch)
    input = try memory(program.buffers[program.input].byteCount, times: maximumBatch)
    var builder = Self.builder(plan, kernels, arena: arena, input: input)
    paired = try PairedWeights(builder, kernels: choice.paired, plan: plan, sharing: other?.paired)
    builder.paired = paired
    builder.dot = choice.dot
    dot = choice.dot
    let group = min(maximumBatch, ImageGroups.most(arenaBytes: program.arenaBytes))
    rows = try memory(builder.preparedBytes, times: group)
    builder.prepared = rows.base
    begin(paired)
    transformed = try TransformedWeights(
      builder, kernels: choice.set, plan: plan, sharing: other?.transformed)
    builder.transformed = transformed
    var stride = 64
    for images in Self.batchesThatDecide(group) {
      builder.images = images
      stride = max(stride, builder.scratchBytes)
    }
    scratchStride = (stride + 4095) / 4096 * 4096
    scratch = try memory(scratchStride, times: threadCount)
  }

  /// How a batch is cut into groups of images.
  func groups(images: Int) -> ImageGroups {
    ImageGroups(images: images, arenaBytes: plan.program.arenaBytes)
  }

  /// The work of a batch, in order, group by group.
  func phases(images: Int) -> [Phase] {
    groups(images: images).ranges.flatMap { builder($0).phases() }
  }

  /// Bytes of scratch that a thread needs for a batch.
  func scratchBytes(images: Int) -> Int {
    phases(images: images).map(\.arguments.scratchBytes).max() ?? 0
  }

  private func builder(_ images: Range<Int>) -> PhaseBuilder {
    var builder = Self.builder(
      plan, kernels, arena: arena, input: input, first: images.lowerBound)
    builder.images = images.count
    builder.prepared = rows.base
    builder.transformed = transformed
    builder.paired = paired
    builder.dot = dot
    builder.kept = shared.map {
      PhaseBuilder.Kept(
        $0,
        rows: (kept.base + images.lowerBound * keptBytes).assumingMemoryBound(to: Float.self))
    }
    return builder
  }

  private static func builder(
    _ plan: Plan, _ kernels: any KernelSet.Type, arena: AlignedMemory, input: AlignedMemory,
    first: Int = 0
  ) -> PhaseBuilder {
    let program = plan.program
    return plan.file.withWeights { weights in
      PhaseBuilder(
        program: program, constants: plan.file.constants,
        weights: weights.baseAddress ?? UnsafeRawPointer(arena.base),
        arena: arena.base + first * program.arenaBytes,
        input: (input.base + first * program.buffers[program.input].byteCount)
          .assumingMemoryBound(to: Float.self), images: 1, tiles: kernels.tiles)
    }
  }

  /// The groups of at most so many images of which one needs the most scratch.
  ///
  /// Scratch depends on the images only through how rows are cut, and more rows never need less, but
  /// for layers that normalise their rows in scratch as long as there are few of them. Every image
  /// has at least one row, so from so many images on there are none of those.
  private static func batchesThatDecide(_ maximum: Int) -> [Int] {
    let few = min(maximum, LinearArguments.rowsWorthNormalizingOnce)
    return Array(1...few) + (few < maximum ? [maximum] : [])
  }

  private static func bytes(_ one: Int, times count: Int) throws -> Int {
    let (bytes, overflow) = one.multipliedReportingOverflow(by: count)
    guard !overflow, bytes < 1 << 40 else {
      throw InputError(
        option: SessionOption.maximumBatch, field: "memory", expected: "at most 2^40 bytes",
        found: "\(one) bytes times \(count)")
    }
    return bytes
  }
}
