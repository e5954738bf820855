package import ModelGraph
package import Records

/// The kinds of node, as stored in a plan's graph section.
enum OpKind: UInt8, Choice {
  case picture = 1
  case convolution = 2
  case batchNorm = 3
  case activation = 4
  case flatten = 5
  case prepend = 6
  case concatenate = 7
  case addTable = 8
  case layerNorm = 9
  case linear = 10
  case attention = 11
  case add = 12
  case scaleColumns = 13
  case scale = 14
  case slice = 15
  case combine = 16
  case columnMax = 17
  case unitSizes = 18
  case patchIndices = 19
  case select = 20
  case reduce = 21
  case match = 22
  case halve = 23
  case gridDown = 24
  case gridUp = 25
  case depthwise = 26
  case multiplyAdd = 27
}

extension Op {
  /// The kind as stored.
  var kind: OpKind {
    switch self {
    case .picture: .picture
    case .convolution: .convolution
    case .batchNorm: .batchNorm
    case .activation: .activation
    case .flatten: .flatten
    case .prepend: .prepend
    case .concatenate: .concatenate
    case .addTable: .addTable
    case .layerNorm: .layerNorm
    case .linear: .linear
    case .attention: .attention
    case .add: .add
    case .scaleColumns: .scaleColumns
    case .scale: .scale
    case .slice: .slice
    case .combine: .combine
    case .columnMax: .columnMax
    case .unitSizes: .unitSizes
    case .patchIndices: .patchIndices
    case .select: .select
    case .reduce: .reduce
    case .match: .match
    case .halve: .halve
    case .gridDown: .gridDown
    case .gridUp: .gridUp
    case .depthwise: .depthwise
    case .multiplyAdd: .multiplyAdd
    }
  }
}

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
    switch kind {
    case .picture: op = .picture(try coded(op.attributes as? Picture ?? Picture(), &coder))
    case .convolution:
      op = .convolution(try coded(op.attributes as? Convolution ?? Convolution(), &coder))
    case .batchNorm: op = .batchNorm(try coded(op.attributes as? BatchNorm ?? BatchNorm(), &coder))
    case .activation:
      op = .activation(try coded(op.attributes as? ActivationNode ?? ActivationNode(), &coder))
    case .flatten: op = .flatten
    case .prepend: op = .prepend(try coded(op.attributes as? Prepend ?? Prepend(), &coder))
    case .concatenate: op = .concatenate
    case .addTable: op = .addTable(try coded(op.attributes as? AddTable ?? AddTable(), &coder))
    case .layerNorm: op = .layerNorm(try coded(op.attributes as? Norm ?? Norm(), &coder))
    case .linear: op = .linear(try coded(op.attributes as? Linear ?? Linear(), &coder))
    case .attention: op = .attention(try coded(op.attributes as? Attention ?? Attention(), &coder))
    case .add: op = .add
    case .scaleColumns:
      op = .scaleColumns(try coded(op.attributes as? ScaleColumns ?? ScaleColumns(), &coder))
    case .scale: op = .scale(try coded(op.attributes as? Scale ?? Scale(), &coder))
    case .slice: op = .slice(try coded(op.attributes as? Slice ?? Slice(), &coder))
    case .combine: op = .combine(try coded(op.attributes as? Combine ?? Combine(), &coder))
    case .columnMax: op = .columnMax
    case .unitSizes:
      op = .unitSizes(try coded(op.attributes as? TokenCount ?? TokenCount(), &coder))
    case .patchIndices:
      op = .patchIndices(try coded(op.attributes as? TokenCount ?? TokenCount(), &coder))
    case .select: op = .select(try coded(op.attributes as? Select ?? Select(), &coder))
    case .reduce: op = .reduce(try coded(op.attributes as? Reduce ?? Reduce(), &coder))
    case .match: op = .match(try coded(op.attributes as? Match ?? Match(), &coder))
    case .halve: op = .halve
    case .gridDown: op = .gridDown(try coded(op.attributes as? Grid ?? Grid(), &coder))
    case .gridUp: op = .gridUp(try coded(op.attributes as? Grid ?? Grid(), &coder))
    case .depthwise: op = .depthwise(try coded(op.attributes as? Depthwise ?? Depthwise(), &coder))
    case .multiplyAdd: op = .multiplyAdd
    }
  }

  /// A writer passes its op's own attributes, a reader empty ones.
  private func coded<R: Record, C: FieldCoder>(_ record: R, _ coder: inout C) throws -> R {
    var record = record
    try record.code(fields: &coder)
    return record
  }
}
