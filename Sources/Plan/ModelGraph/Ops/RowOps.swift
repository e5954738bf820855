package import Records

/// Constant rows `[count, width]` in front of the operand's rows.
package struct Prepend: OpAttributes, Uncounted {
  package static let kind = OpKind.prepend

  package var rows = ConstantID(0)

  package init() {}

  package init(_ rows: ConstantID) { self.rows = rows }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("rows", constant: &rows)
  }

  package var op: Op { .prepend(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(rows)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.rows = map(rows)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (count, width) = try check.rows(0)
    let front = check.shape(rows)
    try check.that(
      front.rank == 2 && front[1] == width, "rows [P, \(width)], found \(front)")
    return [.rows(count: front[0] + count, width: width)]
  }
}

/// All operands' rows, one operand after the other.
package struct Concatenate: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.concatenate

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .concatenate }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    var total = 0
    try check.that(
      (1...8).contains(check.operands.count), "1 to 8 operands, found \(check.operands.count)")
    let width = try check.rows(0).width
    for index in check.operands.indices {
      let (count, found) = try check.rows(index)
      try check.that(found == width, "rows of width \(width), found \(found)")
      total += count
    }
    return [.rows(count: total, width: width)]
  }
}

/// A constant of the operand's shape.
package struct AddPositions: OpAttributes, Uncounted {
  package static let kind = OpKind.addPositions

  package var table = ConstantID(0)

  package init() {}

  package init(_ table: ConstantID) { self.table = table }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("table", constant: &table)
  }

  package var op: Op { .addPositions(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(table)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.table = map(table)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (count, width) = try check.rows(0)
    try check.constant(table, is: [count, width])
    return check.operands
  }
}

/// Sum of two values of one shape.
package struct Add: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.add

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .add }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.equalShapes(count: 2)
    return [check.operands[0]]
  }
}

/// Constant factors `[width]`, one a column.
package struct ScaleColumns: OpAttributes, Uncounted {
  package static let kind = OpKind.scaleColumns

  package var factors = ConstantID(0)

  package init() {}

  package init(_ factors: ConstantID) { self.factors = factors }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("factors", constant: &factors)
  }

  package var op: Op { .scaleColumns(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(factors)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.factors = map(factors)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.constant(factors, is: [try check.rows(0, tokensAlong: .rows).width])
    return check.operands
  }
}

/// One factor for everything.
package struct Scale: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.scale

  package var factor: Float = 1

  package init() {}

  package init(_ factor: Float) { self.factor = factor }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("factor", &factor)
  }

  package var op: Op { .scale(self) }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    return check.operands
  }
}

/// Rows `first ..< first + count`.
package struct Slice: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.slice

  package var first = 0
  package var count = 0

  package init() {}

  package init(first: Int, count: Int) {
    self.first = first
    self.count = count
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("first", &first)
    try coder.code("count", &count)
  }

  package var op: Op { .slice(self) }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (rowCount, width, unused) = try check.rows(0, tokensAlong: .rows)
    try check.that(
      first >= 0 && count > 0 && first <= rowCount - count,
      "a range of \(rowCount) rows, found \(first) + \(count)")
    guard let unused, first + count > rowCount - unused.most else {
      return [.rows(count: count, width: width)]
    }
    // Some of these rows may not be in use; which, the operand's count only says of its last rows.
    try check.that(
      first + count == rowCount && count >= unused.most,
      "rows that are in use, or \(unused.most) or more up to the last of \(rowCount), found "
        + "\(first) + \(count)")
    return [.rows(count: count, width: width, unused: unused)]
  }
}

/// `alpha * x + beta * y`.
package struct Combine: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.combine

  package var alpha: Float = 1
  package var beta: Float = 1

  package init() {}

  package init(alpha: Float, beta: Float) {
    self.alpha = alpha
    self.beta = beta
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("alpha", &alpha)
    try coder.code("beta", &beta)
  }

  package var op: Op { .combine(self) }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.equalShapes(count: 2)
    return [check.operands[0]]
  }
}

/// The largest value of each column.
package struct ReduceMax: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.reduceMax

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .reduceMax }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    return [.rows(count: 1, width: try check.rows(0, tokensAlong: .rows).width)]
  }
}

/// `a + u * v` of three values of one shape.
package struct MultiplyAdd: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.multiplyAdd

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .multiplyAdd }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.equalShapes(count: 3)
    return [check.operands[0]]
  }
}
