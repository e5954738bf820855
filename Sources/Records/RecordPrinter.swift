/// Prints a record's fields on one line: `heads=3 head_width=64 scale=0.125`.
package struct RecordPrinter: FieldCoder {
  /// The fields so far, separated by spaces.
  package private(set) var text = ""

  /// Starts with an empty line.
  package init() {}

  /// The fields of one record.
  package static func text(of record: some Record) -> String {
    var printer = RecordPrinter()
    var copy = record
    // Printing cannot fail; only readers throw.
    try? copy.code(fields: &printer)
    return printer.text
  }

  private mutating func add(_ name: StaticString, _ value: some CustomStringConvertible) {
    if !text.isEmpty { text += " " }
    text += "\(name)=\(value)"
  }

  package mutating func code(_ name: StaticString, _ value: inout Int) { add(name, value) }

  package mutating func code(_ name: StaticString, _ value: inout Float) { add(name, value) }

  package mutating func code(_ name: StaticString, _ value: inout Bool) { add(name, value) }

  package mutating func code(_ name: StaticString, _ value: inout String) {
    add(name, value.debugDescription)
  }

  package mutating func code(_ name: StaticString, _ value: inout [Int]) { add(name, value) }

  package mutating func code(_ name: StaticString, _ value: inout [Float]) { add(name, value) }

  package mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) {
    add(name, "[" + value.map { "{\(Self.text(of: $0))}" }.joined(separator: ", ") + "]")
  }

  package mutating func code<R: Record>(_ name: StaticString, record value: inout R) {
    add(name, "{\(Self.text(of: value))}")
  }

  package mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) {
    guard let value else { return }
    add(name, "{\(Self.text(of: value))}")
  }

  package mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) {
    add(name, value.word)
  }
}
