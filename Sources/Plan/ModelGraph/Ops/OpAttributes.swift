package import ModelFacts
package import Records

/// The attributes of one kind of node, and all that the compiler knows of it but how it is lowered.
package protocol OpAttributes: Record, Hashable {
  /// The kind of node.
  static var kind: OpKind { get }

  /// The op with these attributes.
  var op: Op { get }

  /// The name that dumps and messages use; the kind's own unless that says too little.
  var name: String { get }

  /// Whether a model can have such a node before it is rewritten and fused; rewrites rely on meeting no
  /// other.
  var isOfBaseGraph: Bool { get }

  /// The constants the node reads, and how each is stored where `operand` is the first operand's type.
  func constants(reading operand: ValueType?) -> [StoredConstant]

  /// The same attributes with other constants.
  func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self

  /// The results' types.
  /// - Throws: an ``OperandMismatch`` that says what was expected and what is there.
  func infer(_ check: OperandCheck) throws -> [ValueType]

  /// Multiply-adds for one image as every ViT paper counts them, of operands and results that fit.
  func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int
}

extension OpAttributes {
  package var name: String { Self.kind.word }
}

/// A constant that a node reads, and its layout in a plan.
package struct StoredConstant: Sendable {
  /// The constant.
  package let id: ConstantID

  /// How it is stored.
  package let layout: MatrixLayout

  init(_ id: ConstantID, _ layout: MatrixLayout = .rows) {
    self.id = id
    self.layout = layout
  }
}

/// Attributes of a node that reads no constants.
package protocol ConstantFree: OpAttributes {}

extension ConstantFree {
  package func constants(reading operand: ValueType?) -> [StoredConstant] { [] }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self { self }
}

/// Attributes of a node whose work is not counted, as that of norms, activations, softmax and whatever only
/// moves values or takes one operation for each.
package protocol Uncounted: OpAttributes {}

extension Uncounted {
  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int { 0 }
}

/// The product of extents; `Int.max` if it is more.
func work(_ factors: Int...) -> Int {
  factors.reduce(1) { total, factor in
    let (value, overflow) = total.multipliedReportingOverflow(by: factor)
    return overflow ? Int.max : value
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
