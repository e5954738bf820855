package import ModelFacts
package import Records

/// Attention whose scores have a relative position bias (BEiT): what is added to the product of a query and a key, for
/// each head, for where the patches of both lie to each other. Operands: those of ``Attention`` and, where tokens
/// have been taken away, the original patch index of each, `[T - prefix]`. Results: those of ``Attention``.
///
/// ``RelativeGrid`` says which entry of the table two tokens have. A token of index -1 lies nowhere, and has no bias as
/// query or key.
package struct BiasedAttention: OpAttributes {
  package static let kind = OpKind.biasedAttention

  /// What is computed but for the bias.
  package var attention = Attention()

  /// `[heads, entries]`.
  package var table = ConstantID(0)

  package var gridHeight = 1
  package var gridWidth = 1

  /// Tokens in front of the patch tokens, 0 or 1.
  package var prefix = 1

  /// The last operand is patch indices; without it patch token i is patch i.
  package var hasPatchIndices = false

  package init() {}

  package init(
    _ attention: Attention, table: ConstantID, grid: RelativeGrid
  ) {
    self.attention = attention
    self.table = table
    (gridHeight, gridWidth, prefix) = (grid.rows, grid.columns, grid.prefix)
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try attention.code(fields: &coder)
    try coder.code("table", constant: &table)
    try coder.code("grid_height", &gridHeight)
    try coder.code("grid_width", &gridWidth)
    try coder.code("prefix", &prefix)
    try coder.code("has_patch_indices", &hasPatchIndices)
  }

  package var op: Op { .biasedAttention(self) }

  package var isOfBaseGraph: Bool { attention.isOfBaseGraph && !hasPatchIndices }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(table)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.table = map(table)
    return mapped
  }

  /// The grid that the table is for; nil if there is no such grid.
  package var grid: RelativeGrid? {
    RelativeGrid(rows: gridHeight, columns: gridWidth, prefix: prefix)
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let operands = hasPatchIndices ? check.operands.dropLast() : check.operands[...]
    let results = try attention.infer(
      OperandCheck(
        operands: Array(operands), firstResult: check.firstResult, shape: check.shape))
    let (tokens, _, unused) = try check.rows(0, tokensAlong: .rows)
    guard let grid else {
      throw OperandMismatch(
        "expected a grid of 1 to 4096 both ways behind 0 or 1 tokens, found "
          + "\(prefix) + \(gridHeight) x \(gridWidth)")
    }
    try check.that(prefix < tokens, "tokens behind \(prefix) others, found \(tokens)")
    try check.constant(table, is: [attention.heads, grid.entries])
    if hasPatchIndices {
      try check.type(
        check.operands.count - 1,
        is: .indices(count: tokens - prefix, unused: unused?.along(.columns)))
    } else {
      try check.that(
        grid.patches == tokens - prefix && unused == nil,
        "\(gridHeight) x \(gridWidth) patches that are all in use, found \(tokens - prefix)")
    }
    return results
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    attention.multiplyAdds(operands, results)
  }
}

extension Op {
  /// Attention of all tokens to each other, with a bias or without; nil for any other op.
  package var attention: Attention? {
    switch self {
    case .attention(let attention): attention
    case .biasedAttention(let biased): biased.attention
    default: nil
    }
  }

  /// The same op with other attributes of its attention.
  package func withAttention(_ attention: Attention) -> Op {
    guard case .biasedAttention(var biased) = self else { return .attention(attention) }
    biased.attention = attention
    return .biasedAttention(biased)
  }
}
