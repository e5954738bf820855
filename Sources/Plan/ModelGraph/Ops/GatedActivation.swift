package import ModelFacts
package import Records

/// `activation(gate) * value` of rows `[T, 2 * width]`, gates in front of values (SwiGLU with silu). Result:
/// `[T, width]`.
package struct GatedActivation: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.gatedActivation

  package var activation = Activation.none

  package init() {}

  package init(_ activation: Activation) { self.activation = activation }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("activation", choice: &activation)
  }

  package var op: Op { .gatedActivation(self) }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (count, width, unused) = try check.rows(0, tokensAlong: .rows)
    try check.that(width % 2 == 0, "an even number of columns, found \(width)")
    return [.rows(count: count, width: width / 2, unused: unused)]
  }
}
