public import KernelInterface
public import Passes

/// How a plan is rewritten to work on fewer tokens (arXiv 2306.04897).
public struct RewriteOptions: Sendable {
  /// What happens to the tokens that are not important, by name.
  public struct Strategy: RawRepresentable, Sendable, Hashable, CaseIterable {
    /// They join the most similar important token (section 3.2).
    public static let merge = Strategy("merge")
    /// They become one more token, as in EViT.
    public static let fuse = Strategy("fuse")
    /// They are discarded, as in DynamicViT.
    public static let drop = Strategy("drop")
    /// Bipartite soft matching without importance, as in ToMe.
    public static let tome = Strategy("tome")
    /// Pairs that are alike and of little importance become one, by ascending cost. Without training it keeps
    /// closest to the dense model.
    public static let weighted = Strategy("weighted")

    /// Every strategy that there is.
    public static var allCases: [Strategy] {
      TokenReduction.strategies.map { Strategy($0.name) }
    }

    /// Its name.
    public let rawValue: String

    /// The strategy of this name; nil if there is none.
    public init?(rawValue: String) {
      guard TokenReduction.strategy(named: rawValue) != nil else { return nil }
      self.rawValue = rawValue
    }

    private init(_ name: String) { rawValue = name }
  }

  /// How alike two tokens are (table 4); for ``Strategy/merge``.
  public typealias Similarity = KernelInterface.Similarity

  /// Whether the blocks before the first selection run on two scales (section 3.4), and where the
  /// weights for that come from.
  public enum MultiScale: Sendable, Equatable {
    /// One scale.
    case off
    /// Two, with weights that the plan's checkpoint had.
    case fromPlan
    /// Two, with the weights of a safetensors file.
    case from(path: String)
    /// Two, with weights that leave the high scale as it is: a start for training.
    case identity
  }

  /// What errors call these options.
  public typealias Option = RewriteOption

  /// Share of patch tokens to keep, in (0, 1]: one for all of ``blocks``, or one for each. Empty selects
  /// nothing, for a plan on two scales only.
  public var keepRates: [Double]

  /// Blocks that select, counted from 1, ascending; nil for those of the paper.
  public var blocks: [Int]?

  /// What happens to the other tokens.
  public var strategy = Strategy.merge

  /// Which important token another joins.
  public var similarity = Similarity.cosine

  /// Seed of the random similarity.
  public var seed = 0

  /// Whether tokens count by the number of patches that they stand for; always so with
  /// ``Strategy/tome`` and ``Strategy/weighted``.
  public var isSizeAware = false

  /// Whether two scales run.
  public var multiScale = MultiScale.off

  /// Keeps shares of the tokens, and leaves the rest as the paper has it.
  public init(keepRates: [Double]) { self.keepRates = keepRates }
}
