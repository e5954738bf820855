internal import KernelInterface
internal import PlanFormat

/// The weights of a plan's convolutions by Winograd's F(2 x 4, 3 x 3), in memory of their own.
final class TransformedWeights: Sendable {
  private let memory: AlignedMemory?

  /// Floats before each constant's.
  private let places: [Int: Int]

  /// Transforms the weights of every convolution for which that is worthwhile.
  /// - Throws: `InputError` if memory runs out.
  init(_ builder: PhaseBuilder, kernels: any KernelSet.Type, plan: Plan) throws {
    var convolutions: [Int: ConvolutionArguments] = [:]
    var places: [Int: Int] = [:]
    var count = 0
    for case .convolution(let step) in builder.program.steps.map(\.step) {
      let arguments = builder.arguments(of: step)
      guard arguments.isWorthWinograd, places[step.weight] == nil else { continue }
      convolutions[step.weight] = arguments
      places[step.weight] = count
      count += WinogradArguments.weightCount(arguments)
    }
    self.places = places
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
    guard let memory, let place = places[constant] else { return nil }
    return memory.base.assumingMemoryBound(to: Float.self) + place
  }
}
