internal import Tensors

/// The constants of methods that models are trained with for fewer tokens. A graph that is not rewritten carries them
/// for the rewrite that makes such a model of it.
package enum MethodConstants {
  /// What the names of predictors' weights begin with, as checkpoints have them.
  package static let predictors = "score_predictor."

  /// What the names of single numbers begin with that no tensor holds.
  package static let settings = "token_reduction."

  /// Names and shapes of the predictor before the `stage`-th pruning of DynamicViT, on tokens of `width`.
  package static func predictor(_ stage: Int, width: Int) -> [(name: String, extents: [Int])] {
    layers(stage, predictorLayers(width: width, inside: ""))
  }

  /// Names and shapes of the predictor before the `stage`-th packaging of SP-ViT, of heads of `width`. The layers that
  /// all heads share have the first one's number.
  package static func headPredictor(
    _ stage: Int, heads: Int, width: Int
  ) -> [(name: String, extents: [Int])] {
    let weights = [("senet.0", [heads / 2, heads]), ("senet.2", [heads, heads / 2])]
    return layers(stage, weights + predictorLayers(width: width, inside: ".0"))
  }

  private static func predictorLayers(width: Int, inside: String) -> [(String, [Int])] {
    [
      ("in_conv\(inside).0", [width]), ("in_conv\(inside).1", [width, width]),
      ("out_conv\(inside).0", [width / 2, width]),
      ("out_conv\(inside).2", [width / 4, width / 2]), ("out_conv\(inside).4", [2, width / 4]),
    ]
  }

  private static func layers(
    _ stage: Int, _ parts: [(String, [Int])]
  ) -> [(name: String, extents: [Int])] {
    parts.flatMap { part, extents in
      [("weight", extents), ("bias", [extents[0]])].map {
        ("\(predictors)\(stage).\(part).\($0.0)", $0.1)
      }
    }
  }

  /// The name of AS-ViT's threshold before its `stage`-th pruning, one number.
  package static func threshold(_ stage: Int) -> String {
    "\(predictors)\(stage).keep_threshold"
  }

  /// A number that is carried.
  package static func setting(_ name: String, _ value: Float) -> Constant {
    Constant(name: settings + name, shape: Shape([1]), parameters: 0) { [value] }
  }
}

extension Graph {
  /// Whether the constant of a name is kept although no node may read it.
  package static func carries(_ name: String) -> Bool {
    [MultiScaleWeights.prefix, MethodConstants.predictors, MethodConstants.settings]
      .contains { name.hasPrefix($0) }
  }

  /// A constant that a rewrite needs.
  /// - Throws: ``GraphError`` if there is none of this name.
  package func carried(_ name: String) throws -> ConstantID {
    guard let id = constant(named: name) else {
      throw GraphError(node: nil, kind: "constant \(name)", "none", expected: "a constant")
    }
    return id
  }

  /// The number of a method that is carried under `name`.
  /// - Throws: ``GraphError`` if it is not there, or not one finite number.
  package func setting(_ name: String) throws -> Float {
    try number(MethodConstants.settings + name)
  }

  /// A constant that is one finite number.
  /// - Throws: ``GraphError`` if it is not there, or anything else.
  package func number(_ name: String) throws -> Float {
    let constant = constant(try carried(name))
    let values = constant.shape.elementCount == 1 ? try constant.values() : []
    guard let value = values.first, value.isFinite else {
      throw GraphError(
        node: nil, kind: "constant \(name)", values.first.map { "\($0)" } ?? "\(constant.shape)",
        expected: "one finite number")
    }
    return value
  }
}
