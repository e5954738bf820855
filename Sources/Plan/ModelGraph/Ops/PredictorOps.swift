package import Records

/// Rows `[N, C]` whose columns behind the first half become their mean over all rows, in every row: what DynamicViT's
/// predictor sees of all tokens. Of an odd C the first half is the smaller.
package struct HalfMean: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.halfMean

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .halfMean }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    _ = try check.rows(0)
    return check.operands
  }
}

/// Importance `[1, N]` of rows `[N, 2]`: what speaks for keeping a token, less what speaks for dropping it. It orders as
/// the first's logarithm of the softmax does.
package struct KeepScore: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.keepScore

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .keepScore }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (count, width) = try check.rows(0)
    try check.that(width == 2, "2 columns, found \(width)")
    return [.rows(count: 1, width: count)]
  }
}
