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

  /// How many tokens go, and where.
  public enum Removal: Sendable, Equatable {
    /// So many patch tokens behind the attention of each block, from the first; blocks that are not listed lose
    /// none. With ``Strategy/fuse`` by how many there are fewer.
    case counts([Int])
    /// So many in every block, or as many as it can lose.
    case everywhere(Int)
  }

  /// The most work of an image: multiply-adds that are executed, those of matching tokens among them, those of
  /// rows that nothing reads not.
  public enum Budget: Sendable, Equatable {
    /// A share, above 0 and below 1, of the dense model's multiply-adds as papers count them.
    case share(Double)
    /// In G, 10^9.
    case gigaMultiplyAdds(Double)
  }

  /// What errors call these options.
  public typealias Option = RewriteOption

  /// Share of patch tokens to keep, in (0, 1]: one for all of ``blocks``, or one for each. Empty selects
  /// nothing, for a plan on two scales only.
  public var keepRates: [Double]

  /// Blocks that select, counted from 1, ascending; nil for those of the paper.
  public var blocks: [Int]?

  /// Numbers of tokens in place of ``keepRates`` and ``blocks``, which are then empty and nil.
  public var removal: Removal?

  /// What ``keepRates`` or ``removal`` are scaled to, up or down; without either a rate of 0.7 is.
  public var budget: Budget?

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

  /// Takes numbers of tokens away, and leaves the rest as the paper has it.
  public init(removal: Removal) {
    self.init(keepRates: [])
    self.removal = removal
  }

  /// Takes tokens away as a budget asks, and leaves the rest as the paper has it.
  public init(budget: Budget) {
    self.init(keepRates: [])
    self.budget = budget
  }

  /// Keeps shares of the tokens, and leaves the rest as the paper has it.
  public init(keepRates: [Double]) { self.keepRates = keepRates }
}
