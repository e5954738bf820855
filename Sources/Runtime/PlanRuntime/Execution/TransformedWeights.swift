internal import KernelInterface
internal import PlanFormat

/// The weights of a plan's convolutions by Winograd's F(2 x 4, 3 x 3), in memory of their own.
final class TransformedWeights: Sendable {
  private let memory: AlignedMemory?

  /// Has the weights of ``sharedConstants``, which are not transformed here again.
  private let other: TransformedWeights?

  private let sharedConstants: Set<Int>

  /// Floats before each constant's.
  private let places: [Int: Int]

  /// Transforms the weights of every convolution for which that is worthwhile, but for those that `other` has.
  /// - Throws: `InputError` if memory runs out.
  init(
    _ builder: PhaseBuilder, kernels: any KernelSet.Type, plan: Plan,
    sharing other: TransformedWeights?
  ) throws {
    self.other = other
    var shared: Set<Int> = []
    var convolutions: [Int: ConvolutionArguments] = [:]
    var places: [Int: Int] = [:]
    var count = 0
    for case .convolution(let step) in builder.program.steps.map(\.step) {
      let arguments = builder.arguments(of: step)
      guard arguments.isWorthWinograd, places[step.weight] == nil else { continue }
      if other?.weights(of: step.weight) != nil {
        shared.insert(step.weight)
        continue
      }
      convolutions[step.weight] = arguments
      places[step.weight] = count
      count += WinogradArguments.weightCount(arguments)
    }
    self.places = places
    sharedConstants = shared
    memory =
      count == 0
      ? nil : try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride, plan: plan)
    for (constant, convolution) in convolutions {
      guard let weights = weights(of: constant) else { continue }
      let arguments = WinogradArguments(convolution, weights: weights)
      for item in 0..<arguments.weightItems.count {
        kernels.winogradWeights(arguments, item: item)
      }
    }
  }

  /// The transformed weights of a constant.
  func weights(of constant: Int) -> UnsafeMutablePointer<Float>? {
    if sharedConstants.contains(constant) { return other?.weights(of: constant) }
    guard let memory, let place = places[constant] else { return nil }
    return memory.base.assumingMemoryBound(to: Float.self) + place
  }
}
