package import ModelFacts
package import ModelGraph

/// A way to have fewer tokens.
package protocol TokenReductionStrategy: Sendable {
  /// Its name in recipes and on the command line.
  static var name: String { get }

  /// Whether a recipe's similarity and seed mean anything to it.
  static var takesSimilarity: Bool { get }

  /// Whether tokens carry the number of patches that they stand for.
  static var sizes: SizeAwareness { get }

  /// Whether attention counts the sizes that tokens carry.
  var weighsAttention: Bool { get }

  /// Whether it is each image that says how many tokens stay, and not the stage.
  static var choosesCounts: Bool { get }

  /// Rows that it leaves beside the tokens that are kept.
  static var appendedRows: Int { get }

  /// The most of `patches` patch tokens, behind `prefix` others, that one stage can take away.
  static func mostDropped(of patches: Int, behind prefix: Int) -> Int

  /// The strategy as a recipe asks for it.
  init(_ recipe: RewriteRecipe)

  /// Asks the block's attention for what the strategy reads.
  func prepare(_ attention: inout Attention)

  /// Appends the ops that reduce `tokens`, `[prefix + N, D]`, and returns the reduced tokens.
  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID
}

extension TokenReductionStrategy {
  package static var takesSimilarity: Bool { false }

  package var weighsAttention: Bool { true }

  package static var choosesCounts: Bool { false }

  package static var appendedRows: Int { 0 }

  package static func mostDropped(of patches: Int, behind prefix: Int) -> Int { patches - 1 }

  /// By how many there can be fewer behind one stage, of which one token at least is kept.
  package static func mostRemoved(of patches: Int, behind prefix: Int) -> Int {
    max(0, min(mostDropped(of: patches, behind: prefix), patches - 1) - appendedRows)
  }
}

/// When tokens carry the number of patches that they stand for.
package enum SizeAwareness: Sendable {
  /// Each token that is left stands for as many as before, so that to ask changes little.
  case unchanged
  /// If the recipe asks.
  case ifAsked
  /// Whatever the recipe says.
  case always
}
