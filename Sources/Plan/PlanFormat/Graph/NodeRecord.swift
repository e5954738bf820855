package import ModelGraph
package import Records

/// A node as a record: kind, operands, block, then the kind's attributes.
package struct NodeRecord: Record {
  package var op = Op.flatten
  package var inputs: [Int] = []

  /// The block, counted from 0.
  package var block: Int?

  package init() {}

  init(_ node: Graph.Node) {
    op = node.op
    inputs = node.inputs.map(\.index)
    block = node.block
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    var kind = op.kind
    try coder.code("kind", choice: &kind)
    try coder.code("inputs", &inputs)
    try coder.code("block", optional: &block)
    // A writer passes its op's own attributes, a reader empty ones.
    let attributes = kind == op.kind ? op.attributes : kind.attributes
    op = try coded(attributes, &coder)
  }

  private func coded<C: FieldCoder>(_ attributes: some OpAttributes, _ coder: inout C) throws -> Op
  {
    var attributes = attributes
    try attributes.code(fields: &coder)
    return attributes.op
  }
}
