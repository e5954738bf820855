internal import CLibrary
internal import KernelInterface
package import Kernels
package import PlanFormat
internal import Synchronization
internal import Tensors

/// Runs a plan on batches of up to a fixed number of images.
///
/// All memory is taken when the session is made; a run allocates nothing. Logits are bit-identical
/// for every number of threads and every batch size, and on one processor for AVX2 and AVX-512. A
/// session runs one batch at a time: calls from several tasks wait for each other. Sessions of one
/// ``Plan`` share its weights.
public final class Session: Sendable {
  /// The plan that is run.
  public let plan: Plan

  /// What an image's own numbers of tokens take off its work.
  private let countedWork: CountedWork

  /// The most images that one run takes.
  public let maximumBatch: Int

  /// Threads that take part in a run.
  public let threadCount: Int

  /// The name of the kernels in use, as `VITRUN_KERNELS` gives it: `avx512`, `avx2` or `neon`,
  /// with `-direct`, `-paired` or the absence of an instruction (`-novnni`, `-nodot`, `-noi8mm`) behind it, or
  /// `portable`.
  public let kernelName: String

  /// The name of the kernels that multiply bytes: `portable`, `avx2`, `avx512` or `neon`, of the last three
  /// with `-vnni`, `-dot` or `-i8mm` behind it where one instruction adds their products; nil for a plan without int8.
  public var byteKernelName: String? {
    plan.file.weightElements.contains(.int8) ? choice.byteProducts : nil
  }

  /// Compares the weights' checksums, and has weights in the forms that kernels want, for this session too.
  private let first: Session?

  private let choice: KernelChoice

  private let prepared: PreparedPlan
  private let pool: ThreadPool
  private let state: Lock<State>
  private let process = OwnProcess()

  /// Runs batches for tasks.
  package let background = BackgroundQueue()

  /// Bytes of scratch that each thread has: enough for every batch.
  package var scratchBytes: Int { prepared.scratchStride }

  /// What the runs so far have left; the lock's owner has the prepared plan's memory too.
  private struct State: Sendable {
    var images = 0
    var phases: [Phase] = []
    /// Whether the pool is at work on what the first run needs.
    var isPreparing = true
    /// Part of that work, if no other session has done it.
    let check: WeightCheck?
    var damage: InputError?
  }

  /// Prepares to run `plan`, and begins to compare the weights' checksums, which goes on while the
  /// caller prepares images and ends with ``waitUntilVerified()`` or the first run.
  /// - Parameters:
  ///   - maximumBatch: the most images that one run takes.
  ///   - threadCount: threads to use; nil for one on each processor this process may use.
  ///   - allowsLarge: whether the plan may be larger than ``Plan/checkSize()`` allows.
  /// - Throws: `InputError` if the batch is empty, if the plan is too large, if memory runs out, if
  ///   `VITRUN_KERNELS` names a set of kernels that is not available here.
  public convenience init(
    plan: Plan, maximumBatch: Int = 1, threadCount: Int? = nil, allowsLarge: Bool = false
  ) throws {
    try self.init(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount, allowsLarge: allowsLarge,
      sharing: nil)
  }

  /// As the public one, beside another session of the same file, of whatever program, and keeping what lies behind
  /// shared steps.
  package convenience init(
    plan: Plan, maximumBatch: Int, threadCount: Int?, allowsLarge: Bool,
    keeping shared: SharedSteps? = nil, sharing first: Session?
  ) throws {
    if !allowsLarge { try plan.checkSize() }
    try self.init(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount,
      kernels: try first?.choice ?? KernelSelection.best(), keeping: shared, sharing: first)
  }

  /// As ``init(plan:maximumBatch:threadCount:allowsLarge:)``, with kernels of the caller's choice and
  /// plans of any size.
  /// - Parameters:
  ///   - shared: the steps behind which a run keeps what another program goes on from; see
  ///     ``RunResult/copyKeptRows(of:to:)``.
  ///   - first: a session of the same file with the same kernels, which has the weights checked and in
  ///     other forms. What runs in it must not run this one.
  package init(
    plan: Plan, maximumBatch: Int, threadCount: Int?, kernels choice: KernelChoice,
    keeping shared: SharedSteps? = nil, sharing first: Session? = nil
  ) throws {
    if let first {
      precondition(first.plan.file === plan.file, "programs of one file")
      precondition(first.kernelName == choice.name, "the same kernels")
    }
    guard maximumBatch >= 1 else {
      throw InputError(
        .invalidOption, file: plan.path, field: "maximum batch", expected: "at least 1 image",
        found: "\(maximumBatch)")
    }
    self.plan = plan
    countedWork = CountedWork(plan.program, constants: plan.file.constants)
    self.first = first
    self.maximumBatch = maximumBatch
    self.choice = choice
    kernelName = choice.name
    let pool = ThreadPool(threadCount: threadCount ?? availableProcessorCount())
    self.pool = pool
    self.threadCount = pool.threadCount
    // What is made of damaged weights before the checksums are known is never used.
    let check = first != nil || plan.areWeightsVerified ? nil : WeightCheck(plan)
    prepared = try PreparedPlan(
      plan, for: choice, maximumBatch: maximumBatch, threadCount: pool.threadCount,
      keeping: shared, sharing: first?.prepared
    ) { paired in
      pool.begin {
        check?.run(&$0)
        paired.form(&$0)
      }
    }
    state = Lock(State(check: check))
  }

  /// Bytes of scratch that a thread needs for a batch.
  package func scratchBytes(images: Int) -> Int { prepared.scratchBytes(images: images) }

  /// Waits until every weight's checksum has been compared.
  /// - Throws: `InputError` naming a damaged weight.
  public func waitUntilVerified() throws {
    try requireOwnProcess()
    try state.withLock { try verify(&$0) }
  }

  /// Throws in a child that was forked: it has none of the threads, and their locks as they were.
  package func requireOwnProcess() throws {
    guard process.isCurrent else {
      throw InputError(
        .invalidOption, file: plan.path, field: "session",
        expected: "one that this process has made",
        found: "one of the process that it was forked from; its plan can be used here too")
    }
  }

  private func verify(_ state: inout State) throws {
    if state.isPreparing {
      try first?.waitUntilVerified()
      pool.finish()
      state.isPreparing = false
      state.damage = state.check?.damage
      if state.damage == nil { plan.rememberVerifiedWeights() }
    }
    if let damage = state.damage { throw damage }
  }

  /// Runs a batch.
  /// - Parameters:
  ///   - images: number of images, 1 to ``maximumBatch``.
  ///   - fill: writes the input, `[images, channels, height, width]`.
  ///   - read: gets the logits, `[images, classes]`, and the stages' indices; what it needs
  ///     beyond the call it copies.
  /// - Returns: what `read` returns.
  /// - Throws: `InputError` if there are no or too many images or a weight is damaged, and what
  ///   `fill` and `read` throw.
  public func run<R>(
    images: Int, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    try run(images: images, timing: nil, fill: fill, read: read)
  }

  /// Runs a batch of images that lie prepared in a caller's memory, `[images, channels, height, width]`.
  /// - Parameter first: the number of the first element in what errors call the tensor.
  /// - Throws: `InputError` as ``run(images:fill:read:)``, and naming an element that is not finite.
  package func run<R>(
    images: Int, tensor: UnsafeBufferPointer<Float>, from first: Int,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    try run(images: images, timing: nil) { input in
      precondition(tensor.count == input.count && !tensor.isEmpty)
      guard let source = tensor.baseAddress, let target = input.baseAddress else { return nil }
      return InputCopy(from: source, to: target, count: tensor.count, first: first)
    } read: {
      try read($0)
    }
  }

  func run<R>(
    images: Int, timing: StepTiming?,
    fill: (UnsafeMutableBufferPointer<Float>) throws -> Void,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    try run(images: images, timing: timing) { input in
      try fill(input)
      return nil
    } read: {
      try read($0)
    }
  }

  /// - Parameter copy: fills the input, or says what is to be copied there.
  private func run<R>(
    images: Int, timing: StepTiming?,
    copy: (UnsafeMutableBufferPointer<Float>) throws -> InputCopy?,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    guard (1...maximumBatch).contains(images) else {
      throw InputError(
        .invalidOption, file: plan.path, field: "batch", expected: "1 to \(maximumBatch) images",
        found: "\(images)")
    }
    try requireOwnProcess()
    return try state.withLock { state in
      try verify(&state)
      if state.images != images {
        state.phases = prepared.phases(images: images)
        state.images = images
      }
      let program = plan.program
      let inputCount = program.buffers[program.input].byteCount / 4 * images
      let copy = try copy(
        UnsafeMutableBufferPointer(
          start: prepared.input.base.assumingMemoryBound(to: Float.self), count: inputCount))
      execute(state.phases, timing, copy)
      try copy?.requireFinite()
      return try read(
        RunResult(
          program: program, patches: plan.patchCount,
          arena: UnsafeRawPointer(prepared.arena.base),
          kept: UnsafeRawBufferPointer(
            start: prepared.kept.base, count: prepared.keptBytes * images), images: images,
          groups: prepared.groups(images: images), countedWork: countedWork,
          prefix: plan.file.facts.prefixTokens))
    }
  }

  private func execute(_ phases: [Phase], _ timing: StepTiming?, _ copy: InputCopy?) {
    nonisolated(unsafe) let scratch = prepared.scratch.base
    let stride = prepared.scratchStride
    let kernels = prepared.kernels
    if let timing {
      // One region a phase, so that the caller's clock sees each phase whole.
      for phase in phases {
        let start = timing.now()
        pool.run { worker in
          let own = scratch + worker.index * stride
          let arguments = phase.arguments
          worker.forEach(phase.items) {
            arguments.run($0, on: kernels, scratch: own)
          }
        }
        timing.add(step: phase.step, since: start)
      }
      return
    }
    pool.run { worker in
      if let copy {
        worker.forEach(copy.items) { copy.run($0) }
        if copy.hasNotFinite { return }
      }
      let own = scratch + worker.index * stride
      for phase in phases {
        let arguments = phase.arguments
        worker.forEach(phase.items) {
          arguments.run($0, on: kernels, scratch: own)
        }
      }
    }
  }
}
