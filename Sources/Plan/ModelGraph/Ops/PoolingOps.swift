package import Records

/// The mean of rows, each column by itself. Operands: rows `[T, D]` and, when size-aware, sizes, by which rows
/// weigh.
package struct ReduceMean: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.reduceMean

  /// The second operand is sizes `[1, prefix + T]`.
  package var isSizeAware = false

  /// Tokens in front of the rows, which have sizes too.
  package var prefix = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("size_aware", &isSizeAware)
    try coder.code("prefix", &prefix)
  }

  package var op: Op { .reduceMean(self) }

  package var isOfBaseGraph: Bool { !isSizeAware && prefix == 0 }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let width = try check.pooledRows(isSizeAware: isSizeAware, prefix: prefix)
    return [.rows(count: 1, width: width)]
  }
}

/// Attention of one constant query to all tokens (SigLIP's pooling). Operands: rows `[T, 2 * heads * headWidth]`,
/// keys and values, each head after head, and, when size-aware, sizes: logits gain `log(size[key])`. Result: `[1,
/// heads * headWidth]`.
package struct AttentionPool: OpAttributes {
  package static let kind = OpKind.attentionPool

  /// The query, `[heads * headWidth]`.
  package var query = ConstantID(0)
  package var heads = 1
  package var headWidth = 1

  /// Factor on `q k^T`.
  package var scale: Float = 1

  /// The second operand is sizes `[1, prefix + T]`.
  package var isSizeAware = false

  /// Tokens in front of the rows, which have sizes too.
  package var prefix = 0

  package init() {}

  package init(query: ConstantID, heads: Int, headWidth: Int, scale: Float) {
    self.query = query
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("query", constant: &query)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("scale", &scale)
    try coder.code("size_aware", &isSizeAware)
    try coder.code("prefix", &prefix)
  }

  package var op: Op { .attentionPool(self) }

  package var isOfBaseGraph: Bool { !isSizeAware && prefix == 0 }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(query)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.query = map(query)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let width = try check.pooledRows(isSizeAware: isSizeAware, prefix: prefix)
    try check.that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth)
        && width == 2 * heads * headWidth,
      "2 x \(heads) x \(headWidth) columns, found \(width)")
    try check.that(scale.isFinite, "a finite scale, found \(scale)")
    try check.constant(query, is: [heads * headWidth])
    return [.rows(count: 1, width: heads * headWidth)]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(let tokens, _, _) = operands[0] else { return 0 }
    return work(2, tokens, heads, headWidth)
  }
}

extension OperandCheck {
  /// The width of rows that are pooled, which may have sizes.
  fileprivate func pooledRows(isSizeAware: Bool, prefix: Int) throws -> Int {
    try count(isSizeAware ? 2 : 1)
    let (tokens, width, unused) = try rows(0, tokensAlong: .rows)
    try someInUse(0)
    try that((0...16).contains(prefix), "0 to 16 tokens in front, found \(prefix)")
    if isSizeAware { try rows(1, are: 1, prefix + tokens, unused: unused?.along(.columns)) }
    return width
  }
}
