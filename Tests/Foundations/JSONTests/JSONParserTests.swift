import JSON
import Tensors
import Testing

private func parse(_ bytes: [UInt8], base: Int = 0) throws -> JSONValue {
  try bytes.withUnsafeBytes { try JSONParser.parse($0, file: "f", base: base) }
}

private func parse(_ text: String) throws -> JSONValue { try parse(Array(text.utf8)) }

@Suite struct JSONParserTests {
  @Test func readsEveryKind() throws {
    let text = #" {"a": [1, -2.5e3, true, false, null], "b": {"c": "é\n\u00e9\ud83d\ude00\/"}} "#
    let value = try parse(text)
    #expect(value["a"]?.elements?.map(\.kind) == ["1", "-2.5e3", "true", "false", "null"])
    #expect(value["b"]?["c"]?.string == "é\né😀/")
    #expect(try parse(value.text()) == value)
    #expect(try parse(value.text(indented: true)) == value)
  }

  @Test func membersKeepTheirOrderAndMayRepeat() throws {
    let members = try parse(#"{"b": 1, "a": 2, "b": 3}"#).members ?? []
    #expect(members.map(\.name) == ["b", "a", "b"])
  }

  @Test func onlyPlainIntegersAreIntegers() throws {
    for (text, integer) in [("12", 12), ("-1", -1), ("0", 0)] {
      #expect(try parse(text).integer == integer)
    }
    for text in ["1.0", "1e3", "1E0", "99999999999999999999", "true", "\"1\""] {
      #expect(try parse(text).integer == nil)
    }
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a: 1}", "{'a': 1}", "01", "-",
    "1.", ".5", "+1", "1e", "1e+", "NaN", "Infinity", "tru", "nul", "[1 2]", "\"", "\"\\",
    "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
    "\"\u{1}\"", "\"\n\"", "1 2", "// c\n1", "\u{FEFF}1", "[1]]", "\"\\u\u{661}\u{661}\"",
  ])
  func refusesWhatTheGrammarDoesNotAllow(text: String) {
    let error = #expect(throws: InputError.self) { try parse(text) }
    #expect(error?.field.hasPrefix("JSON at byte ") == true)
  }

  @Test func refusesBytesThatAreNotUTF8() {
    for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
      #expect(throws: InputError.self) { try parse([0x22] + bytes + [0x22]) }
    }
  }

  @Test func errorsNameTheByteInTheFile() {
    let error = #expect(throws: InputError.self) { try parse(Array("{\"a\": x}".utf8), base: 8) }
    #expect(error?.field == "JSON at byte 14")
    #expect(error?.found == "'x'")
  }

  @Test func nestingIsBounded() throws {
    let depth = JSONParser.maximumDepth
    let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    _ = try parse(nested(depth))
    #expect(throws: InputError.self) { try parse(nested(depth + 1)) }
    let error = #expect(throws: InputError.self) {
      try parse(String(repeating: "{\"a\":", count: 100_000))
    }
    #expect(error?.found == "depth \(depth + 1)")
  }

  @Test func theNumberOfValuesIsBounded() {
    let text = "[" + String(repeating: "0,", count: JSONParser.usualMaximumValues) + "0]"
    #expect(throws: InputError.self) { try parse(text) }
  }

  @Test func writesNumbersSoThatTheyReadBack() throws {
    for value in [0.1, 1e300, -2.5, 1.0 / 3.0] as [Double] {
      #expect(try parse(JSONValue(value).text()).double == value)
    }
    #expect(JSONValue(Double.nan).text() == "null")
    #expect(JSONValue("\u{1}\"\\\n").text() == #""\u0001\"\\\n""#)
  }
}
