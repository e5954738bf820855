internal import Records

extension Graph: CustomStringConvertible {
  /// One line a node: `%12 = linear(%10, %4) weight=31 ... : rows[197, 192]  # block 3`.
  package var description: String {
    var lines: [String] = []
    for node in nodes {
      let results = node.outputs.map { "%\($0.index)" }.joined(separator: ", ")
      let operands = node.inputs.map { "%\($0.index)" }.joined(separator: ", ")
      let attributes = node.op.record.map { " " + $0 } ?? ""
      let types = node.outputs.map { "\(type($0))" }.joined(separator: ", ")
      let block = node.block.map { "  # block \($0 + 1)" } ?? ""
      lines.append("\(results) = \(node.op.name)(\(operands))\(attributes) : \(types)\(block)")
    }
    lines.append("return " + outputs.map { "%\($0.index)" }.joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Op {
  /// The attributes as text, or none.
  fileprivate var record: String? {
    switch self {
    case .picture(let attributes): RecordPrinter.text(of: attributes)
    case .convolution(let attributes): RecordPrinter.text(of: attributes)
    case .batchNorm(let attributes): RecordPrinter.text(of: attributes)
    case .activation, .flatten, .add, .columnMax, .halve, .multiplyAdd: nil
    case .prepend(let attributes): RecordPrinter.text(of: attributes)
    case .addTable(let attributes): RecordPrinter.text(of: attributes)
    case .layerNorm(let attributes): RecordPrinter.text(of: attributes)
    case .linear(let attributes): RecordPrinter.text(of: attributes)
    case .attention(let attributes): RecordPrinter.text(of: attributes)
    case .scaleColumns(let attributes): RecordPrinter.text(of: attributes)
    case .scale(let attributes): RecordPrinter.text(of: attributes)
    case .slice(let attributes): RecordPrinter.text(of: attributes)
    case .combine(let attributes): RecordPrinter.text(of: attributes)
    case .unitSizes(let attributes): RecordPrinter.text(of: attributes)
    case .patchIndices(let attributes): RecordPrinter.text(of: attributes)
    case .select(let attributes): RecordPrinter.text(of: attributes)
    case .reduce(let attributes): RecordPrinter.text(of: attributes)
    case .match(let attributes): RecordPrinter.text(of: attributes)
    case .gridDown(let attributes): RecordPrinter.text(of: attributes)
    case .gridUp(let attributes): RecordPrinter.text(of: attributes)
    case .depthwise(let attributes): RecordPrinter.text(of: attributes)
    }
  }
}
