import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct ExternalDataTests {
  let folder = TemporaryFolder()
  let outside = TemporaryFolder()

  private func open(_ entries: [(String, String)], dims: [Int] = [2]) throws -> Checkpoint {
    let bytes = model(graph([], [externalTensor("w", dims, entries)])).bytes
    return try Checkpoint.open(folder.write(bytes, to: "model.onnx"))
  }

  private func refusal(_ entries: [(String, String)]) -> InputError? {
    #expect(throws: InputError.self) { try open(entries) }
  }

  init() throws {
    _ = try folder.write(
      [9, 9, 9, 9] + little(Float(1).bitPattern) + little(Float(2).bitPattern), to: "data")
    _ = try outside.write([UInt8](repeating: 0, count: 8), to: "secret")
  }

  @Test func readsARangeOfAFileBesideTheModel() throws {
    for entries in [
      [("location", "data"), ("offset", "4"), ("length", "8")],
      [("location", "data"), ("offset", "4")], [("location", "./data"), ("offset", "4")],
      [("location", "data"), ("offset", "4"), ("checksum", "0")],
    ] {
      let checkpoint = try open(entries)
      #expect(checkpoint.tensors["w"]?.float32Values() == [1, 2])
      #expect(checkpoint.sources.map(\.count).sorted().first == 12)
    }
  }

  @Test func readsFilesInFoldersBelow() throws {
    #expect(makeFolder("\(folder.path)/sub"))
    defer { removeFolder("\(folder.path)/sub", files: ["data"]) }
    _ = try folder.write([UInt8](repeating: 0, count: 8), to: "sub/data")
    #expect(try open([("location", "sub/data")]).tensors["w"]?.float32Values() == [0, 0])
  }

  @Test(arguments: [
    "../secret", "/etc/passwd", "a/../../b", "..", ".", "", "data/", "data/x", "sub\\data", "none",
  ])
  func namesALocationThatLeadsElsewhere(location: String) {
    let error = refusal([("location", location)])
    #expect(error?.field == "initializer w, external data, location")
    #expect(error?.found.contains("'\(location)'") == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ["../\u{301}secret", "data/../\u{301}secret", "../\u{301}/\u{301}secret"])
  func aSlashIsOneWhateverFollows(location: String) {
    #expect(refusal([("location", location)])?.found.contains("leads out") == true)
  }

  @Test func linksAndSpecialFilesAreRefusedWithTheReason() throws {
    #expect(makeLink("\(folder.path)/link", to: "data"))
    #expect(makeLink("\(folder.path)/outward", to: "\(outside.path)/secret"))
    #expect(makeLink("\(folder.path)/parent", to: outside.path))
    #expect(makeHardLink("\(folder.path)/hard", to: "\(outside.path)/secret"))
    #expect(makeFIFO("\(folder.path)/fifo"))
    for (location, reason) in [
      ("link", "a symbolic link"), ("outward", "a symbolic link"),
      ("parent/secret", "a folder that is a symbolic link"), ("hard", "hard links"),
      ("fifo", "a FIFO"),
    ] {
      let error = refusal([("location", location)])
      #expect(error?.found.contains(reason) == true, "\(error?.description ?? "")")
    }
  }

  @Test(arguments: [
    ("offset", "-1"), ("offset", "x"), ("offset", ""), ("offset", "0x4"), ("offset", "13"),
    ("offset", "99999999999999999999"), ("offset", "9223372036854775807"), ("length", "-8"),
    ("length", "8.0"), ("length", "13"), ("length", "7"), ("length", "9223372036854775807"),
    ("length", " 8"),
  ])
  func namesTheKeyOfABadNumber(key: String, value: String) {
    let error = refusal([("location", "data"), (key, value)])
    #expect(error?.field == "initializer w, external data, \(key)")
  }

  @Test func namesAMissingLocationAndADoubleKey() {
    #expect(refusal([("offset", "0")])?.field == "initializer w, external data, location")
    #expect(refusal([("location", "data"), ("location", "data")])?.found == "it twice")
  }

  @Test func sizesHaveToAgreeWithTheShape() {
    #expect(throws: InputError.self) { try open([("location", "data")], dims: [2]) }
    #expect(throws: InputError.self) { try open([("location", "data")], dims: [1 << 60]) }
    #expect(throws: Never.self) { _ = try open([("location", "data")], dims: [3]) }
  }
}
