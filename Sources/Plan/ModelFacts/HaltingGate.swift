package import Records

/// When tokens halt, of A-ViT: behind a block a token's halting value is `sigmoid(scale * x[0] - center)` with channel 0
/// of its row, and it halts where these add up to `1 - epsilon`.
package struct HaltingGate: Record, Hashable {
  package var scale: Float = 0
  package var center: Float = 0

  /// What is left of 1 when a token halts, at most; in (0, 1).
  package var epsilon: Float = 0

  package init() {}

  package init(scale: Float, center: Float, epsilon: Float) {
    self.scale = scale
    self.center = center
    self.epsilon = epsilon
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("scale", &scale)
    try coder.code("center", &center)
    try coder.code("epsilon", &epsilon)
  }

  /// Whether all numbers are ones that a gate can have.
  package var isSound: Bool {
    scale.isFinite && center.isFinite && epsilon > 0 && epsilon < 1
  }
}
