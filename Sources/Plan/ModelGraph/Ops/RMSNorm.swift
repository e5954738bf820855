package import Records

/// RMSNorm of each row: `x / sqrt(mean(x^2) + epsilon) * weight`. Operand and result: rows `[N, D]`.
package struct RMSNorm: OpAttributes, Uncounted {
  package static let kind = OpKind.rmsNorm

  /// `[D]`.
  package var weight = ConstantID(0)
  package var epsilon: Float = 1e-6

  package init() {}

  package init(weight: ConstantID, epsilon: Float) {
    self.weight = weight
    self.epsilon = epsilon
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("epsilon", &epsilon)
  }

  package var op: Op { .rmsNorm(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(weight)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.constant(weight, is: [try check.rows(0, tokensAlong: .rows).width])
    try check.that(epsilon >= 0 && epsilon < 1, "epsilon in [0, 1), found \(epsilon)")
    return check.operands
  }
}
