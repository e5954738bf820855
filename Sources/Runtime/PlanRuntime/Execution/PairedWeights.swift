internal import KernelInterface
internal import Kernels
internal import PlanFormat

/// The terms of the weights of a plan's linear layers that are multiplied in pairs.
final class PairedWeights: Sendable {
  /// The kernels that multiply in pairs; `nil` where products are direct sums.
  let kernels: (any PairedKernelSet.Type)?

  /// Keeps the weights mapped: a session may end before ``form(_:)`` does.
  private let plan: Plan

  private let memory: AlignedMemory?

  /// Has the terms of ``sharedConstants``, which are not formed here again.
  private let other: PairedWeights?

  private let sharedConstants: Set<Int>

  /// Floats before each constant's.
  private let places: [Int: Int]

  /// What ``form(_:)`` does, and the items before each layer's.
  private let layers: [(arguments: PairedWeightsArguments, firstItem: Int)]

  private let itemCount: Int

  /// Takes memory for the terms of every layer for which pairing is worthwhile and `other` has none.
  /// - Throws: `InputError` if memory runs out.
  init(
    _ builder: PhaseBuilder, kernels: (any PairedKernelSet.Type)?, plan: Plan,
    sharing other: PairedWeights?
  ) throws {
    self.kernels = kernels
    self.plan = plan
    self.other = other
    var shared: Set<Int> = []
    var products: [Int: LinearArguments] = [:]
    var places: [Int: Int] = [:]
    var count = 0
    if kernels != nil {
      for case .linear(let step) in builder.program.steps.map(\.step) {
        let linear = builder.arguments(of: step)
        guard linear.isWorthPairing, places[step.weight] == nil else { continue }
        if other?.terms(of: step.weight) != nil {
          shared.insert(step.weight)
          continue
        }
        products[step.weight] = linear
        places[step.weight] = count
        count += PairedWeightsArguments.termCount(outputs: linear.outputWidth)
      }
    }
    self.places = places
    sharedConstants = shared
    guard count > 0 else {
      (memory, layers, itemCount) = (nil, [], 0)
      return
    }
    let memory = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride, plan: plan)
    self.memory = memory
    let terms = memory.base.assumingMemoryBound(to: Float.self)
    var items = 0
    layers = products.sorted { $0.key < $1.key }.map { constant, linear in
      let arguments = PairedWeightsArguments(linear, terms: terms + (places[constant] ?? 0))
      defer { items += arguments.items.count }
      return (arguments, items)
    }
    itemCount = items
  }

  /// One thread's part of forming the terms, as a region of a thread pool.
  func form(_ worker: inout Worker) {
    guard let kernels else { return }
    worker.forEach(itemCount: itemCount) { item in
      var (low, high) = (0, layers.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if layers[middle].firstItem <= item { low = middle } else { high = middle }
      }
      kernels.pairedWeights(layers[low].arguments, item: item - layers[low].firstItem)
    }
  }

  /// The terms of a constant, for the products for which that is worthwhile.
  func terms(of constant: Int) -> UnsafeMutablePointer<Float>? {
    if sharedConstants.contains(constant) { return other?.terms(of: constant) }
    guard let memory, let place = places[constant] else { return nil }
    return memory.base.assumingMemoryBound(to: Float.self) + place
  }
}
