package import ModelFacts
package import Records

/// A number of tokens.
package struct TokenCount: Record, Hashable {
  package var count = 0

  package init() {}

  package init(_ count: Int) { self.count = count }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("count", &count)
  }
}

/// Selection of the `keep` most important patch tokens; ties go to the lower index.
package struct Select: Record, Hashable {
  /// Tokens in front of the patch tokens, which always stay.
  package var prefix = 1

  /// `K`, the number of patch tokens that stay.
  package var keep = 0

  package init() {}

  package init(prefix: Int, keep: Int) {
    self.prefix = prefix
    self.keep = keep
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
  }
}

/// What becomes of the tokens that were not selected.
///
/// Optional operands after tokens, kept, dropped and importance come in this order: sizes
/// (`carriesSizes`), probabilities (`similarity == .attention`), patch indices
/// (`carriesPatchIndices`).
package struct Reduce: Record, Hashable {
  /// `merge`, `fuse` or `drop`.
  package var strategy = ReductionStrategy.merge

  /// Which kept token a dropped one joins; `merge` only.
  package var similarity = Similarity.cosine

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  /// Seed of the `random` similarity.
  package var seed = 0

  /// The block, counted from 0, that the reduction belongs to; input of the `random` similarity.
  package var block = 0

  /// Sizes are an operand and a result, and weigh the mean in place of importance.
  package var carriesSizes = false

  /// Original patch indices are an operand and a result.
  package var carriesPatchIndices = false

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("strategy", choice: &strategy)
    try coder.code("similarity", choice: &similarity)
    try coder.code("prefix", &prefix)
    try coder.code("seed", &seed)
    try coder.code("block", &block)
    try coder.code("carries_sizes", &carriesSizes)
    try coder.code("carries_patch_indices", &carriesPatchIndices)
  }
}

/// Bipartite soft matching: `N - keep` tokens at odd positions join their match.
package struct Match: Record, Hashable {
  package var prefix = 1

  /// `K`, the number of patch tokens that are left.
  package var keep = 0
  package var heads = 1
  package var headWidth = 1

  package init() {}

  package init(prefix: Int, keep: Int, heads: Int, headWidth: Int) {
    self.prefix = prefix
    self.keep = keep
    self.heads = heads
    self.headWidth = headWidth
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
  }
}

/// A grid of patch tokens behind `prefix` others; extents are the operand's.
package struct Grid: Record, Hashable {
  package var prefix = 0
  package var height = 0
  package var width = 0

  /// Fused, `gridDown` only: LayerNorm of each row before the mean.
  package var norm: Norm?

  /// Fused, `gridUp` only: the second operand is added to the result.
  package var hasResidual = false

  package init() {}

  package init(prefix: Int, height: Int, width: Int) {
    self.prefix = prefix
    self.height = height
    self.width = width
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("norm", optional: &norm)
    try coder.code("has_residual", &hasResidual)
  }
}

/// A depthwise convolution over a grid; weight `[channels, 1, kernel, kernel]`, bias `[channels]`.
package struct Depthwise: Record, Hashable {
  package var weight = ConstantID(0)
  package var bias = ConstantID(0)
  package var kernel = 1
  package var dilation = 1
  package var padding = 0
  package var height = 0
  package var width = 0

  /// Fused: the operand is added to the result (PEG).
  package var addsOperand = false

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("kernel", &kernel)
    try coder.code("dilation", &dilation)
    try coder.code("padding", &padding)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("adds_operand", &addsOperand)
  }
}

extension FieldCoder {
  /// Codes the position of a constant.
  package mutating func code(_ name: StaticString, constant: inout ConstantID) throws {
    var index = constant.index
    try code(name, &index)
    constant = ConstantID(index)
  }

  /// Codes the position of a constant, or -1 for none.
  package mutating func code(_ name: StaticString, constant: inout ConstantID?) throws {
    var index = constant?.index
    try code(name, optional: &index)
    constant = index.map(ConstantID.init)
  }
}
