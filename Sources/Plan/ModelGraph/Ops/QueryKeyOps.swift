internal import ModelFacts
package import Records

/// LayerNorm of every head's query and key, each over the head's width. Operand and result: `qkv` rows
/// `[T, 3 * heads * headWidth]` as ``Attention`` reads them; values stay as they are.
package struct HeadNorm: OpAttributes, Uncounted {
  package static let kind = OpKind.headNorm

  package var heads = 1
  package var headWidth = 1

  /// Weight and bias of queries, `[headWidth]`, shared by all heads.
  package var queryNorm = Norm()

  /// Those of keys.
  package var keyNorm = Norm()

  package init() {}

  package init(heads: Int, headWidth: Int, queryNorm: Norm, keyNorm: Norm) {
    self.heads = heads
    self.headWidth = headWidth
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("query_norm", record: &queryNorm)
    try coder.code("key_norm", record: &keyNorm)
  }

  package var op: Op { .headNorm(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    queryNorm.constants(reading: nil) + keyNorm.constants(reading: nil)
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.queryNorm = queryNorm.mappingConstants(map)
    mapped.keyNorm = keyNorm.mappingConstants(map)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    _ = try check.queriesAndKeys(heads: heads, headWidth: headWidth)
    try check.norm(queryNorm, width: headWidth)
    try check.norm(keyNorm, width: headWidth)
    return [check.operands[0]]
  }
}

/// Rotary position embedding (RoPE): every head's query and key of a patch token is turned by the angles of the
/// token's position. Operands: `qkv` rows `[T, 3 * heads * headWidth]` as ``Attention`` reads them and, where tokens
/// have been taken away, the original patch index of each, `[T - prefix]`. Result: rows of the same shape.
///
/// Elements i and `i + headWidth / 2` of a head are turned together:
/// `x[i] cos - x[i + h] sin` and `x[i + h] cos + x[i] sin` for `h = headWidth / 2`.
package struct RotaryEmbedding: OpAttributes, Uncounted {
  package static let kind = OpKind.rotaryEmbedding

  package var heads = 1
  package var headWidth = 2

  /// Tokens in front of the patch tokens, which are not turned.
  package var prefix = 1

  /// `[positions, 1 or heads, headWidth]`: of each position, for all heads or for each, the cosines of
  /// `headWidth / 2` angles and then their sines.
  package var table = ConstantID(0)

  /// The second operand is patch indices; without it patch token i has position i.
  package var hasPatchIndices = false

  package init() {}

  package init(heads: Int, headWidth: Int, prefix: Int, table: ConstantID) {
    self.heads = heads
    self.headWidth = headWidth
    self.prefix = prefix
    self.table = table
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("prefix", &prefix)
    try coder.code("table", constant: &table)
    try coder.code("has_patch_indices", &hasPatchIndices)
  }

  package var op: Op { .rotaryEmbedding(self) }

  package var isOfBaseGraph: Bool { !hasPatchIndices }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(table)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.table = map(table)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(hasPatchIndices ? 2 : 1)
    let (tokens, unused) = try check.queriesAndKeys(heads: heads, headWidth: headWidth)
    try check.that(headWidth % 2 == 0, "an even width of heads, found \(headWidth)")
    try check.that(
      ModelFacts.prefixCounts.contains(prefix) && prefix < tokens,
      "0 to 16 prefix tokens and others behind them, found \(prefix) of \(tokens)")
    let found = check.shape(table)
    try check.that(
      found.rank == 3 && (found[1] == 1 || found[1] == heads) && found[2] == headWidth,
      "angles [positions, 1 or \(heads), \(headWidth)], found \(found)")
    if hasPatchIndices {
      try check.type(1, is: .indices(count: tokens - prefix, unused: unused?.along(.columns)))
    } else {
      try check.that(
        found[0] == tokens - prefix && unused == nil,
        "positions of \(tokens - prefix) tokens that are all in use, found \(found[0])")
    }
    return [check.operands[0]]
  }
}

extension OperandCheck {
  /// The tokens of the first operand, rows of queries, keys and values.
  fileprivate func queriesAndKeys(
    heads: Int, headWidth: Int
  ) throws -> (tokens: Int, unused: UnusedTokens?) {
    let (tokens, width, unused) = try rows(0, tokensAlong: .rows)
    try that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth)
        && width == 3 * heads * headWidth,
      "3 x \(heads) x \(headWidth) columns, found \(width)")
    return (tokens, unused)
  }
}
