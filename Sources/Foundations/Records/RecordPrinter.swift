/// Prints a record's fields on one line: `heads=3 head_width=64 scale=0.125`.
package struct RecordPrinter: FieldCoder {
  /// The fields so far, in order.
  private var fields: [(name: String, value: String)] = []

  /// The fields so far, separated by spaces.
  package var text: String { fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

  /// Starts with an empty line.
  package init() {}

  /// The fields of one record.
  package static func text(of record: some Record) -> String { printed(record).text }

  /// The name of the first field in which two records differ, and its value in each; nil if they
  /// print alike.
  package static func difference<R: Record>(
    _ first: R, _ second: R
  ) -> (name: String, first: String, second: String)? {
    let (ours, theirs) = (printed(first).fields, printed(second).fields)
    for (name, _) in ours + theirs {
      // An optional record that is not there is not printed.
      let values = [ours, theirs].map { $0.first { $0.name == name }?.value ?? "none" }
      if values[0] != values[1] { return (name, values[0], values[1]) }
    }
    return nil
  }

  private static func printed(_ record: some Record) -> RecordPrinter {
    var printer = RecordPrinter()
    var copy = record
    // Printing cannot fail; only readers throw.
    try? copy.code(fields: &printer)
    return printer
  }

  private mutating func add(_ name: StaticString, _ value: some CustomStringConvertible) {
    fields.append(("\(name)", "\(value)"))
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
