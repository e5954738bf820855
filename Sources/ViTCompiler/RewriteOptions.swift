/// How a plan is rewritten to work on fewer tokens (arXiv 2306.04897).
public struct RewriteOptions: Sendable {
  /// What happens to the tokens that are not important.
  public enum Strategy: String, Sendable, CaseIterable {
    /// They join the most similar important token (section 3.2).
    case merge
    /// They become one more token, as in EViT.
    case fuse
    /// They are discarded, as in DynamicViT.
    case drop
    /// Bipartite soft matching without importance, as in ToMe.
    case tome
  }

  /// How alike two tokens are (table 4); for ``Strategy/merge``.
  public enum Similarity: String, Sendable, CaseIterable {
    /// Cosine of the tokens.
    case cosine
    /// Negative sum of absolute differences.
    case l1
    /// Negative Euclidean distance.
    case l2
    /// What one attends to the other, mean over heads.
    case attention
    /// A hash of ``RewriteOptions/seed``, the block and the patch; for ablation.
    case random
  }

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
  /// ``Strategy/tome``.
  public var isSizeAware = false

  /// Whether two scales run.
  public var multiScale = MultiScale.off

  /// Keeps shares of the tokens, and leaves the rest as the paper has it.
  public init(keepRates: [Double]) { self.keepRates = keepRates }
}
