import TestSupport

/// What is fuzzed.
enum TargetName: String, CaseIterable {
  case safetensors, npz, onnx, json, image, plan, rewrite, run, interface

  /// Prepares the target and its corpus.
  func make(in folder: TemporaryFolder) throws -> any Target {
    switch self {
    case .safetensors: try CheckpointTarget.safetensors(in: folder)
    case .npz: try CheckpointTarget.npz(in: folder)
    case .onnx: try CheckpointTarget.onnx(in: folder)
    case .json: try ConfigTarget(in: folder)
    case .image: try ImageTarget()
    case .plan: try PlanTarget(in: folder, use: .inspection)
    case .rewrite: try PlanTarget(in: folder, use: .rewrite)
    case .run: try PlanTarget(in: folder, use: .execution)
    case .interface: try InterfaceTarget(in: folder)
    }
  }
}

/// A reader of untrusted bytes with sound inputs to start from.
protocol Target {
  /// Sound inputs.
  var corpus: [[UInt8]] { get }

  /// Changes an input, whatever it is, so that much of it is still read.
  func mutate(_ input: inout [UInt8], _ source: inout RandomSource)

  /// Reads the input; false if it was refused with an `InputError`.
  /// - Throws: `Finding`, or any other error that is no `InputError`.
  func check(_ input: [UInt8]) throws -> Bool
}

/// Something that must not happen.
struct Finding: Error {
  let text: String
}
