package import ModelFacts
package import Records

/// The mean of each head's columns: rows `[T, heads * width]` become `[T, heads]` (SP-ViT).
package struct HeadMean: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.headMean

  package var heads = 1

  package init() {}

  package init(heads: Int) { self.heads = heads }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
  }

  package var op: Op { .headMean(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let rows = try check.headRows(0, heads: heads)
    try check.count(1)
    return [.rows(count: rows.count, width: heads, unused: rows.unused)]
  }
}

/// One linear layer on each head's columns, the same for all heads: rows `[T, heads * in]` become
/// `[T, heads * out]`; weight `[out, in]`, bias `[out]` (SP-ViT).
package struct HeadLinear: OpAttributes {
  package static let kind = OpKind.headLinear

  package var heads = 1
  package var weight = ConstantID(0)
  package var bias: ConstantID?

  /// LayerNorm of each head's columns before the product.
  package var norm: Norm?

  /// Applied after the bias.
  package var activation = Activation.none

  package init() {}

  package init(
    heads: Int, weight: ConstantID, bias: ConstantID?, norm: Norm? = nil,
    activation: Activation = .none
  ) {
    self.heads = heads
    self.weight = weight
    self.bias = bias
    self.norm = norm
    self.activation = activation
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("norm", optional: &norm)
    try coder.code("activation", choice: &activation)
  }

  package var op: Op { .headLinear(self) }

  package var isOfBaseGraph: Bool { false }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    (norm?.constants(reading: nil) ?? []) + [StoredConstant(weight, .panels)]
      + [bias].compactMap(\.self).map { StoredConstant($0) }
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = bias.map(map)
    mapped.norm = norm?.mappingConstants(map)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let rows = try check.headRows(0, heads: heads)
    try check.count(1)
    let weight = check.shape(weight)
    try check.that(
      weight.rank == 2 && weight[1] == rows.headWidth,
      "a weight [out, \(rows.headWidth)], found \(weight)")
    if let bias { try check.constant(bias, is: [weight[0]]) }
    if let norm { try check.norm(norm, width: rows.headWidth) }
    return [.rows(count: rows.count, width: heads * weight[0], unused: rows.unused)]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(_, let width, _) = operands[0] else { return 0 }
    return work(results[0].elementCount, width / heads)
  }
}

/// Rows `[T, heads * width]` of which, of each head, the columns behind the first half become their mean over all rows,
/// in every row: what SP-ViT's predictor sees of all tokens. Of an odd width the first half is the smaller.
package struct HeadHalfMean: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.headHalfMean

  package var heads = 1

  package init() {}

  package init(heads: Int) { self.heads = heads }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
  }

  package var op: Op { .headHalfMean(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    _ = try check.headRows(0, heads: heads)
    try check.count(1)
    try check.someInUse(0)
    return check.operands
  }
}

/// What the heads of SP-ViT's predictor say together, as `HeadVoteArguments` says. Operands: what heads count for,
/// `[T, heads]` before the sigmoid, and what speaks for keeping and for dropping, `[T, 2 * heads]`. Results: scores
/// `[1, T]`, of which 0 keeps a token, and the probability of keeping, `[1, T]`.
package struct HeadVote: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.headVote

  package var heads = 1

  package init() {}

  package init(heads: Int) { self.heads = heads }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
  }

  package var op: Op { .headVote(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(2)
    let rows = try check.headRows(0, heads: heads)
    try check.that(rows.headWidth == 1, "\(heads) columns, found \(check.operands[0])")
    try check.rows(1, are: rows.count, 2 * heads, unused: rows.unused)
    let votes = ValueType.rows(
      count: 1, width: rows.count, unused: rows.unused?.along(.columns))
    return [votes, votes]
  }
}

extension OperandCheck {
  /// Rows whose columns are those of `heads`, one head behind the other.
  fileprivate func headRows(
    _ index: Int, heads: Int
  ) throws -> (count: Int, headWidth: Int, unused: UnusedTokens?) {
    try that(operands.indices.contains(index), "rows of heads, found \(operands)")
    let (count, width, unused) = try rows(index, tokensAlong: .rows)
    try that(
      (1...1024).contains(heads) && width.isMultiple(of: heads),
      "columns of \(heads) heads, found \(width)")
    return (count, width / heads, unused)
  }
}
