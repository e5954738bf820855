internal import Tensors

extension JSONValue {
  /// The value as JSON, on one line or, when `indented`, one member a line.
  public func text(indented: Bool = false) -> String {
    var text = ""
    write(to: &text, indentation: indented ? 0 : nil)
    return text
  }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let number): text += number
    case .string(let string): Self.write(string, to: &text)
    case .array(let elements):
      // Arrays of plain values stay on one line.
      let isFlat = elements.allSatisfy { $0.elements == nil && $0.members == nil }
      Self.write(
        elements, between: ("[", "]"), to: &text, indentation: isFlat ? nil : indentation
      ) { $0.write(to: &$1, indentation: $2) }
    case .object(let members):
      Self.write(members, between: ("{", "}"), to: &text, indentation: indentation) {
        Self.write($0.name, to: &$1)
        $1 += ": "
        $0.value.write(to: &$1, indentation: $2)
      }
    }
  }

  private static func write<T>(
    _ items: [T], between brackets: (String, String), to text: inout String, indentation: Int?,
    _ body: (T, inout String, Int?) -> Void
  ) {
    text += brackets.0
    for (index, item) in items.enumerated() {
      if index > 0 { text += indentation == nil ? ", " : "," }
      if let indentation { text += "\n" + String(repeating: "  ", count: indentation + 1) }
      body(item, &text, indentation.map { $0 + 1 })
    }
    if let indentation, !items.isEmpty {
      text += "\n" + String(repeating: "  ", count: indentation)
    }
    text += brackets.1
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where VisibleText.isEscaped(scalar):
        for unit in scalar.utf16 {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
