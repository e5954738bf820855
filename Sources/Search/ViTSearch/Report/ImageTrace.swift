internal import ViTRuntime

/// An image of the report: what both models say of it, and what happened to its tokens.
struct ImageTrace: Sendable {
  /// The most probable class.
  struct Answer: Sendable {
    var index: Int
    var label: String
    var probability: Double
  }

  /// The image's path.
  var path: String

  /// The dense model's answer.
  var dense: Answer

  /// The plan's.
  var plan: Answer

  /// Of a cascade: whether the dense model answers it.
  var goesOn = false

  /// What the model saw.
  var crop: RGBImage

  /// After each stage, which patches are one token.
  var maps: [TokenMap]

  /// Patch tokens that are left after each stage.
  var tokens: [Int]

  /// Whether both name the same class.
  var isSame: Bool { dense.index == plan.index }
}
