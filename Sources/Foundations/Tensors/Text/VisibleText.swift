/// Text from outside as it is shown: on one line, in the order in which it stands there.
package enum VisibleText {
  /// Whether a scalar is shown by its number: control characters, what ends a line, what changes the
  /// direction of writing, and the bytes of paths that are no UTF-8 (see ``PathText``). Without these, a
  /// name can neither forge a line nor steer a terminal.
  package static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: false
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x2028...0x2029: true
    case 0x061C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: PathText.byte(of: scalar) != nil
    }
  }

  /// The text with `\u{1B}` for each such scalar and `\xFF` for each such byte. What is escaped already
  /// stays as it is.
  package static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isEscaped) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if let byte = PathText.byte(of: scalar) {
        result += "\\x" + String(byte, radix: 16, uppercase: true)
      } else if isEscaped(scalar) {
        result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
