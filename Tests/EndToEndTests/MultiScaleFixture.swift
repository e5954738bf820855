import Checkpoints
import ModelGraph

/// Weights of the multi-scale stage from a file.
enum MultiScaleFixture {
  /// Every tensor as a constant under its own name.
  static func constants(_ path: String) throws -> [Constant] {
    try Checkpoint.open(path).tensors.sorted { $0.key < $1.key }.map { name, view in
      Constant(name: name, shape: view.shape) { view.float32Values() }
    }
  }
}
