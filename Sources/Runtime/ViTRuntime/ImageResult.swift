/// What a plan says of one image. A result is nil where the model has none of the kind, or was not asked for it.
public struct ImageResult: Sendable {
  /// A score of each class, `[plan.classCount]`.
  public let logits: [Float]?

  /// The pooled embedding, `[plan.featureCount]`.
  public let features: [Float]?

  /// What each stage of token reduction did, in order of blocks. Of a combined plan, what its first program did.
  public let stages: [TokenStage]

  /// Whether a combined plan's second program has answered.
  public let isFallback: Bool
}

/// Kinds of results that a plan can be asked for.
public struct ResultKinds: OptionSet, Sendable {
  /// Which.
  public let rawValue: Int

  /// Those that a number's bits stand for.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// ``ImageResult/logits``.
  public static let logits = ResultKinds(rawValue: 1)

  /// ``ImageResult/features``.
  public static let features = ResultKinds(rawValue: 2)
}
