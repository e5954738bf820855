package import Records

extension Graph: CustomStringConvertible {
  /// One line a node: `%12 = linear(%10, %4) weight=31 ... : rows[197, 192]  # block 3`.
  package var description: String {
    var lines: [String] = []
    for node in nodes {
      let results = node.outputs.map { "%\($0.index)" }.joined(separator: ", ")
      let operands = node.inputs.map { "%\($0.index)" }.joined(separator: ", ")
      let attributes = node.op.attributes.map { " " + RecordPrinter.text(of: $0) } ?? ""
      let types = node.outputs.map { "\(type($0))" }.joined(separator: ", ")
      let block = node.block.map { "  # block \($0 + 1)" } ?? ""
      lines.append("\(results) = \(node.op.name)(\(operands))\(attributes) : \(types)\(block)")
    }
    lines.append("return " + outputs.map { "%\($0.index)" }.joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Op {
  /// The attributes, if the kind has any.
  package var attributes: (any Record)? {
    switch self {
    case .picture(let attributes): attributes
    case .convolution(let attributes): attributes
    case .batchNorm(let attributes): attributes
    case .activation(let attributes): attributes
    case .prepend(let attributes): attributes
    case .addTable(let attributes): attributes
    case .layerNorm(let attributes): attributes
    case .linear(let attributes): attributes
    case .attention(let attributes): attributes
    case .scaleColumns(let attributes): attributes
    case .scale(let attributes): attributes
    case .slice(let attributes): attributes
    case .combine(let attributes): attributes
    case .unitSizes(let attributes): attributes
    case .patchIndices(let attributes): attributes
    case .select(let attributes): attributes
    case .reduce(let attributes): attributes
    case .match(let attributes): attributes
    case .gridDown(let attributes): attributes
    case .gridUp(let attributes): attributes
    case .depthwise(let attributes): attributes
    case .flatten, .concatenate, .add, .columnMax, .halve, .multiplyAdd: nil
    }
  }
}
