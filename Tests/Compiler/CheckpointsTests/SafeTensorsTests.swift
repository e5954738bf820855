import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct SafeTensorsTests {
  let folder = TemporaryFolder()

  /// A file with this header and so many bytes of data: 0, 1, 2, ...
  private func bytes(_ header: String, data: Int) -> [UInt8] {
    let count = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + Array(header.utf8)
      + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
  }

  private func open(_ bytes: [UInt8]) throws -> Checkpoint {
    try Checkpoint.open(folder.write(bytes, to: "model.safetensors"))
  }

  private func open(_ header: String, data: Int) throws -> Checkpoint {
    try open(bytes(header, data: data))
  }

  private func entry(_ name: String, _ dtype: String, _ shape: String, _ range: String) -> String {
    #""\#(name)":{"dtype":"\#(dtype)","shape":[\#(shape)],"data_offsets":[\#(range)]}"#
  }

  @Test func readsTensorsInAnyOrder() throws {
    let header =
      "{" + entry("b", "U8", "2", "4,6") + ","
      + #""__metadata__":{"format":"pt"},"# + entry("a", "I16", "2,1", "0,4") + "}"
    let checkpoint = try open(header, data: 6)
    #expect(checkpoint.format == .safetensors)
    #expect(checkpoint.tensors.count == 2)
    #expect(checkpoint.tensors["a"]?.float32Values() == [256, 770])
    #expect(checkpoint.tensors["b"]?.float32Values() == [4, 5])
    #expect(checkpoint.tensors["a"]?.shape == [2, 1])
  }

  @Test(arguments: [
    (" \n{%}", "leading space"), ("{%}      ", "padded header"), ("{%}\n\t", "other white space"),
  ])
  func acceptsWhiteSpaceAroundTheHeader(pattern: String, name: String) throws {
    let parts = pattern.split(separator: "%")
    let header = String(parts[0]) + entry("a", "F32", "", "0,4") + String(parts[1])
    #expect(try open(header, data: 4).tensors["a"]?.shape == [])
  }

  @Test func acceptsScalarsEmptyTensorsAndUnalignedData() throws {
    let header =
      "{" + entry("byte", "U8", "1", "0,1") + "," + entry("empty", "F32", "3,0", "1,1") + ","
      + entry("scalar", "F32", "", "1,5") + "," + entry("last", "F64", "0", "5,5") + "}"
    let tensors = try open(header, data: 5).tensors
    #expect(tensors["empty"]?.float32Values() == [])
    #expect(tensors["scalar"]?.float32Values() == [Float(bitPattern: 0x0403_0201)])
    #expect(try open("{}", data: 0).tensors.isEmpty)
  }

  @Test(arguments: 0..<8)
  func namesTheHeaderLengthOfATinyFile(count: Int) {
    let error = #expect(throws: InputError.self) { try open([UInt8](repeating: 0, count: count)) }
    #expect(error?.field == "header length")
    #expect(error?.found == "\(count) bytes")
  }

  @Test func namesAHeaderLengthThatIsTooLarge() {
    for (length, expected) in [
      (UInt64.max, "at most 100000000"), (100_000_001, "at most 100000000"),
      (1 << 40, "at most 100000000"), (3, "at most the 2 bytes left"),
    ] as [(UInt64, String)] {
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + Array("{}".utf8)
      let error = #expect(throws: InputError.self) { try open(bytes) }
      #expect(error?.field == "header length")
      #expect(error?.expected == expected)
      #expect(error?.found == "\(length)")
    }
  }

  @Test func namesTheByteOfBadText() {
    for (header, byte) in [("{\"a\": \u{1}}", 14), ("[", 9), ("{\"a\":{}", 15)] {
      let error = #expect(throws: InputError.self) { try open(header, data: 0) }
      #expect(error?.field == "JSON at byte \(byte)")
    }
    let error = #expect(throws: InputError.self) {
      try open("{\"a\":" + String(repeating: "[", count: 100_000), data: 0)
    }
    #expect(error?.expected.hasPrefix("nesting") == true)
    #expect(throws: InputError.self) {
      try open([4, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22])
    }
  }

  @Test func namesATensorThatIsThereTwice() {
    let header = "{" + entry("a", "U8", "1", "0,1") + "," + entry("a", "U8", "1", "1,2") + "}"
    let error = #expect(throws: InputError.self) { try open(header, data: 2) }
    #expect(error?.field == "a")
    #expect(error?.expected == "each name once")
  }

  @Test func namesBothOfTwoOverlappingTensors() {
    for range in ["0,4", "2,6"] {
      let header = "{" + entry("a", "U8", "4", "0,4") + "," + entry("b", "U8", "4", range) + "}"
      let error = #expect(throws: InputError.self) { try open(header, data: 6) }
      #expect(error?.field == "b" || error?.field == "a")
      #expect(error?.found.contains(error?.field == "b" ? "with a" : "with b") == true)
    }
  }

  @Test func namesAHoleAndAReversedRange() {
    let hole = "{" + entry("a", "U8", "1", "0,1") + "," + entry("b", "U8", "1", "2,3") + "}"
    let error = #expect(throws: InputError.self) { try open(hole, data: 3) }
    #expect(error?.field == "b")
    #expect(error?.found == "byte 2")
    let reversed = "{" + entry("a", "U8", "1", "3,2") + "}"
    #expect(throws: InputError.self) { try open(reversed, data: 3) }
  }

  @Test(arguments: [(6, "2 too many"), (2, "2 missing"), (0, "4 missing")])
  func saysHowManyBytesAreMissingOrTooMany(data: Int, words: String) {
    let error = #expect(throws: InputError.self) {
      try open("{" + entry("a", "F32", "", "0,4") + "}", data: data)
    }
    #expect(error?.field == "data")
    #expect(error?.found.contains(words) == true)
  }

  @Test func namesBothSizesWhenShapeAndRangeDiffer() {
    let error = #expect(throws: InputError.self) {
      try open("{" + entry("a", "F16", "3", "0,4") + "}", data: 4)
    }
    #expect(error?.expected.hasPrefix("6 bytes") == true)
    #expect(error?.found == "4 bytes")
  }

  @Test(arguments: [
    ("U8", "4611686018427387904,4", "0,0", "shape"),
    ("F64", "2305843009213693952", "0,0", "shape"), ("F32", "-1", "0,4", "shape"),
    ("F32", "1.5", "0,4", "shape"), ("F32", "1e3", "0,4", "shape"),
    ("F32", "\"1\"", "0,4", "shape"),
    ("F32", "18446744073709551616", "0,4", "shape"), ("F8_X", "1", "0,1", "dtype"),
    ("f32", "1", "0,4", "dtype"), ("F32", "1", "0", "data_offsets"),
    ("F32", "1", "-4,0", "data_offsets"), ("F32", "1", "0,4,4", "data_offsets"),
    ("F32", "1", "0.0,4", "data_offsets"), ("F32", "1", "9223372036854775807,4", "data_offsets"),
  ])
  func namesTheFieldOfABadEntry(dtype: String, shape: String, range: String, field: String) {
    let error = #expect(throws: InputError.self) {
      try open("{" + entry("a", dtype, shape, range) + "}", data: 4)
    }
    #expect(error?.field == "a, \(field)")
  }

  @Test(arguments: [
    "[]", "1", #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"dtype":"U8","shape":[1]}}"#,
    #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#,
    #"{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}"#, #"{"__metadata__":{"a":1}}"#,
    #"{"__metadata__":[]}"#,
  ])
  func refusesHeadersOfAnotherForm(header: String) {
    #expect(throws: InputError.self) { try open(header, data: 1) }
  }

  @Test func everyTruncationAndBitFlipIsAnErrorOrAValidCheckpoint() throws {
    let whole = bytes(
      "{" + entry("a", "U8", "2,1", "0,2") + "," + entry("b", "F16", "1", "2,4") + "}", data: 4)
    for count in 0..<whole.count {
      #expect(throws: InputError.self) { try open(Array(whole[..<count])) }
    }
    for bit in 0..<(whole.count * 8) {
      var flipped = whole
      flipped[bit / 8] ^= 1 << (bit % 8)
      do {
        for view in try open(flipped).tensors.values {
          #expect(view.float32Values().count == view.shape.elementCount)
        }
      } catch is InputError {}
    }
  }
}
