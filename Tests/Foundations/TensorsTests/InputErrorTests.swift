import Tensors
import Testing

@Suite struct InputErrorTests {
  @Test func isOneLineWhateverTheNamesHold() {
    let error = InputError(
      file: "a\nb", field: "\u{1B}[2J", expected: "x\u{2028}y", found: "\u{9B}\r")
    #expect(
      error.description
        == "a\\u{A}b: \\u{1B}[2J: expected x\\u{2028}y, found \\u{9B}\\u{D}")
  }

  @Test func emptyNamesAreSeen() {
    let error = InputError(file: "f", field: "", expected: "x", found: "y")
    #expect(error.description == "f: \"\": expected x, found y")
  }

  @Test func staysShort() {
    let error = InputError(
      file: "f", field: String(repeating: "n", count: 1 << 20), expected: "x", found: "y")
    #expect(error.description.utf8.count < 4000)
  }
}
