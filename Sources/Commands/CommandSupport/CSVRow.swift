internal import Tensors

/// Rows of values with commas between them (RFC 4180).
package enum CSVRow {
  /// A row without its end: in one line whatever the values hold, in quotes where they need them.
  package static func text(_ values: [String]) -> String {
    values.map { value in
      let visible = VisibleText.escaped(value)
      guard visible.contains(where: { $0 == "," || $0 == "\"" }) else { return visible }
      return "\""
        + visible.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        + "\""
    }.joined(separator: ",")
  }
}
