package import Records

/// How a plan was rewritten; the base graph and this together give the graph that is executed.
package struct RewriteRecipe: Record, Equatable {
  /// One selection of tokens.
  package struct Stage: Record, Equatable {
    /// The block, counted from 0.
    package var block = 0

    /// Share of patch tokens to keep, in (0, 1]; `K = ceil(keep * N)`.
    package var keepRate: Double {
      get { Double(bitPattern: UInt64(bitPattern: Int64(keepBits))) }
      set { keepBits = Int(Int64(bitPattern: newValue.bitPattern)) }
    }

    private var keepBits = 0

    package init() {}

    package init(block: Int, keepRate: Double) {
      self.block = block
      self.keepRate = keepRate
    }

    package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
      try coder.code("block", &block)
      try coder.code("keep_rate_bits", &keepBits)
    }
  }

  /// The name of the way to have fewer tokens, one of those in `TokenReduction` of Passes. What executes a plan
  /// only prints it.
  package var strategy = "merge"

  /// Which kept token a dropped one joins, if the strategy asks.
  package var similarity = Similarity.cosine

  /// Seed of the `random` similarity.
  package var seed = 0

  /// Tokens carry the number of patches that they stand for.
  package var isSizeAware = false

  /// The number of blocks, from the first, in which two scales run; nil without a multi-scale stage.
  package var multiScaleBlocks: Int?

  /// The multi-scale stage is initialised so that it leaves the high scale as it is; the low class
  /// token is then not added.
  package var isIdentityInitialised = false

  /// Where tokens are selected, in order of blocks.
  package var stages: [Stage] = []

  package init() {}

  /// Whether it leaves the base graph as it is.
  package var isEmpty: Bool { stages.isEmpty && !isMultiScale }

  /// Whether a multi-scale stage runs before the first selection.
  package var isMultiScale: Bool { multiScaleBlocks != nil }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("strategy", &strategy)
    try coder.code("similarity", choice: &similarity)
    try coder.code("seed", &seed)
    try coder.code("size_aware", &isSizeAware)
    try coder.code("multi_scale_blocks", optional: &multiScaleBlocks)
    try coder.code("identity_initialised", &isIdentityInitialised)
    try coder.code("stages", list: &stages)
  }
}
