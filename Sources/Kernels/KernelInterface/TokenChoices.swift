/// How alike two tokens are (table 4 of the paper); the one list for recipes, graphs, plans and kernels.
public enum Similarity: UInt8, Sendable, CaseIterable {
  /// Cosine of the two tokens. A row of zeros has similarity 0 to all.
  case cosine = 0
  /// Negative sum of absolute differences.
  case l1 = 1
  /// Negative Euclidean distance.
  case l2 = 2
  /// What one token attends to the other, mean over heads.
  case attention = 3
  /// A hash of a seed, the block and the token's original patch index; for ablation.
  case random = 4
}

/// What a partition of tokens goes by.
package enum PartitionOrder: UInt8, Sendable, CaseIterable {
  /// The importance of each token: the largest are kept.
  case importance = 0
  /// The scores of edges from one set of tokens to another: the tokens at the best edges are dropped.
  case edges = 1
}

/// What becomes of the rows of tokens that are not kept.
package enum GatherMode: UInt8, Sendable, CaseIterable {
  /// They are averaged into their destination.
  case mean = 0
  /// They are left out.
  case drop = 1
  /// They are summed into one more row, the last.
  case sum = 2
}

/// What rows tell of a token besides what the class token attends to it.
package enum NormMeasure: UInt8, Sendable, CaseIterable {
  /// The length of its value over all heads, of which tokens have shares that add up to 1 (ATS).
  case value = 0
  /// Of each head the share in the length of what the token itself attends to (AS-ViT).
  case headShare = 1
}

/// What decides which tokens an image keeps, and how many.
package enum SelectionRule: UInt8, Sendable, CaseIterable {
  /// Their score reaches a threshold.
  case above = 0
  /// Even steps along the running sum of the scores meet them (ATS).
  case sampled = 1
}
