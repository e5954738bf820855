import FileSupport
import Tensors
import Testing

@Suite struct PathTextTests {
  /// Names of files with their bytes, valid and not.
  static let paths: [[UInt8]] = [
    [], Array("plain/name.png".utf8), Array("é語😀".utf8), [0xFF], [0x61, 0xFF, 0x2F, 0xC3],
    [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98], [0x80, 0x80, 0x61],
    // The scalars that stand for bytes, themselves, and others of their plane.
    Array("a\u{10FEFF}\u{10FE80}b".utf8), Array("\u{10FE7F}\u{10FF00}\u{10FFFF}".utf8),
    [0xF4, 0x8F, 0xBB], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF],
  ]

  @Test(arguments: paths) func textGivesBackTheBytes(path: [UInt8]) {
    #expect(PathText.bytes(of: PathText.text(of: path)) == path)
  }

  @Test func everyPathHasATextOfItsOwn() {
    var texts: Set<[Unicode.Scalar]> = []
    for first in UInt8.min ... .max {
      for second in UInt8.min ... .max {
        let path = [first, second, 0xBB, 0xBF]
        let text = PathText.text(of: path)
        #expect(PathText.bytes(of: text) == path)
        texts.insert(Array(text.unicodeScalars))
      }
    }
    #expect(texts.count == 1 << 16)
  }

  @Test func whatIsUnicodeStaysAsItIs() {
    for text in ["", "plain/name.png", "é語😀", "\u{10FFFF}"] {
      #expect(PathText.text(of: text.utf8) == text)
      #expect(PathText.isUnicode(text))
      #expect(PathText.repaired(text) == text)
    }
  }

  @Test func whatIsNotIsRepairedForTextsThatMustBe() {
    let text = PathText.text(of: [0x61, 0xFF, 0xE2, 0x82, 0x62])
    #expect(!PathText.isUnicode(text))
    #expect(PathText.repaired(text) == "a\u{FFFD}\u{FFFD}b")
    let own = PathText.text(of: "\u{10FEFF}".utf8)
    #expect(PathText.isUnicode(own))
    #expect(PathText.repaired(own) == "\u{10FEFF}")
  }

  @Test func aSlashBelongsToNoCharacterBeside() {
    #expect(PathText.lastName(of: "a/\u{301}b/\u{301}c") == "\u{301}c")
    #expect(PathText.lastName(of: "a") == "a")
    #expect(PathText.lastName(of: "") == "")
  }

  @Test func filesHaveTheNamesThatTheirBytesSay() throws {
    let folder = TemporaryFolder()
    for name in [[0x6F, 0xFF], [0x6F, 0xFE], Array("o\u{FFFD}".utf8)] as [[UInt8]] {
      let text = PathText.text(of: name)
      let path = "\(folder.path)/\(text)"
      for byte in name.suffix(1) {
        var output = try OutputFile(path: path)
        try output.append([byte])
        try output.commit()
      }
      #expect(try MappedFile(path: path).withBytes(Array.init) == name.suffix(1))
    }
    let names = try FileSystem.names(in: folder.path).filter { $0 != "." && $0 != ".." }
    #expect(names.count == 3)
    #expect(Set(names.map(PathText.bytes)).contains([0x6F, 0xFF]))
    for name in names { #expect(FileSystem.remove("\(folder.path)/\(name)")) }
  }

  @Test func noFileHasANameWithAZero() {
    #expect(throws: InputError.self) { try MappedFile(path: "/dev/null\u{0}x") }
  }
}
