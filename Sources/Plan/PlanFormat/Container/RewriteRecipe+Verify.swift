internal import ModelFacts
internal import Tensors

extension RewriteRecipe {
  /// Throws unless the recipe can be followed on a model of `depth` blocks.
  func verify(depth: Int, file: String) throws {
    func require(_ condition: Bool, _ field: String, _ expected: String, _ found: String) throws {
      guard condition else {
        throw InputError(file: file, field: "recipe, \(field)", expected: expected, found: found)
      }
    }
    var next = 0
    for stage in stages {
      try require(
        (next..<max(next, depth)).contains(stage.block), "block", "\(next) to \(depth - 1)",
        "\(stage.block)")
      try require(
        stage.keepRate > 0 && stage.keepRate <= 1, "keep rate", "a share in (0, 1]",
        "\(stage.keepRate)")
      next = stage.block + 1
    }
    if let multiScaleBlocks {
      try require(
        (0...max(0, depth)).contains(multiScaleBlocks), "multi-scale blocks", "0 to \(depth)",
        "\(multiScaleBlocks)")
    }
  }
}
