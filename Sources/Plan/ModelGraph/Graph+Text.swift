internal import Records

extension Graph: CustomStringConvertible {
  /// One line a node: `%12 = linear(%10, %4) weight=31 ... : rows[197, 192]  # block 3`.
  package var description: String {
    var lines: [String] = []
    for node in nodes {
      let results = node.outputs.map { "%\($0.index)" }.joined(separator: ", ")
      let operands = node.inputs.map { "%\($0.index)" }.joined(separator: ", ")
      let text = RecordPrinter.text(of: node.op.attributes)
      let attributes = text.isEmpty ? "" : " " + text
      let types = node.outputs.map { "\(type($0))" }.joined(separator: ", ")
      let block = node.block.map { "  # block \($0 + 1)" } ?? ""
      lines.append("\(results) = \(node.op.name)(\(operands))\(attributes) : \(types)\(block)")
    }
    lines.append(
      "return " + outputs.map(\.description).joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }
}
