import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct NPZTests {
  let folder = TemporaryFolder()

  private func open(_ writer: ZipWriter) throws -> Checkpoint {
    try Checkpoint.open(folder.write(writer.bytes(), to: "model.npz"))
  }

  private func open(_ members: ZipWriter.Member...) throws -> Checkpoint {
    try open(ZipWriter(members: members))
  }

  private func refusal(_ writer: ZipWriter) -> InputError? {
    #expect(throws: InputError.self) { try open(writer) }
  }

  private func refusal(_ members: ZipWriter.Member...) -> InputError? {
    refusal(ZipWriter(members: members))
  }

  private let two = npy("<f4", "2,", [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])

  private func member(_ name: String, _ contents: [UInt8]? = nil) -> ZipWriter.Member {
    ZipWriter.Member(name: name, contents: contents ?? two)
  }

  @Test func readsStoredDeflatedAndWideMembers() throws {
    for isDeflated in [false, true] {
      for isWide in [false, true] {
        var a = member("Transformer/a.npy")
        a.isDeflated = isDeflated
        a.isWide = isWide
        var writer = ZipWriter(members: [a, member("b.npy")], comment: Array("hello".utf8))
        writer.isWide = isWide
        let checkpoint = try open(writer)
        #expect(checkpoint.format == .npz)
        #expect(checkpoint.tensors["Transformer/a"]?.float32Values() == [1, 2])
        #expect(checkpoint.tensors["b"]?.float32Values() == [1, 2])
      }
    }
  }

  @Test func readsEveryTypeAsNumPyDoes() throws {
    for isDeflated in [false, true] {
      func value(_ contents: [UInt8]) throws -> [Float]? {
        var a = member("a.npy", contents)
        a.isDeflated = isDeflated
        return try open(a).tensors["a"]?.float32Values()
      }
      #expect(try value(npy(">f4", "", [0x3F, 0x80, 0, 0])) == [1])
      #expect(try value(npy("<f8", "1,", little((-2.5).bitPattern))) == [-2.5])
      #expect(try value(npy(">f8", "1,", little((-2.5).bitPattern).reversed())) == [-2.5])
      #expect(try value(npy("<f2", "1,", [0, 0x3C])) == [1])
      #expect(try value(npy("|i1", "1,", [0xFE])) == [-2])
      #expect(try value(npy("<i8", "1,", little(Int64(-3)))) == [-3])
      #expect(try value(npy(">u2", "1,", [1, 2])) == [258])
      #expect(try value(npy("|b1", "2,", [0, 1])) == [0, 1])
      #expect(
        try value(npy("|u1", "2, 3", [0, 1, 2, 3, 4, 5], isColumnMajor: true))
          == [0, 2, 4, 1, 3, 5])
      #expect(try value(npy("<f4", "0, 3", [])) == [])
      #expect(try value(npy("|u1", "1,", [7], version: 2)) == [7])
      #expect(try value(npy("|u1", "1,", [7], version: 3)) == [7])
    }
  }

  @Test(arguments: [
    (npy("<f4", "2,", [], version: 4), "version"), (Array("NUMPY nothing".utf8), "magic"),
    (Array(npy("<f4", "2,", [])[..<30]), "header length"),
    (npy("", "", [], header: String(repeating: " ", count: 10_001)), "header length"),
    (npy("", "", [], header: "__import__('os').system('true')"), "header at byte 0"),
    (npy("", "", [], header: "{'descr': '<f4', 'shape': ()}"), "header"),
    (npy("|O", "1,", [0x80, 4, 0x2E]), "descr"), (npy("<V2", "1,", [0, 0]), "descr"),
    (npy("<c8", "1,", [0, 0, 0, 0, 0, 0, 0, 0]), "descr"),
    (npy("f4", "1,", [0, 0, 0, 0]), "descr"),
    (npy("<f4", "-1,", [0, 0, 0, 0]), "header at byte"),
    (npy("<f4", "True,", []), "header at byte"),
    (npy("<f4", "4611686018427387904, 4", []), "shape"),
    (npy("<f4", "1099511627776,", []), "shape"),
    (npy("<f4", "2,", [0, 0, 0, 0]), "shape"), (npy("<f4", "1,", [0, 0, 0, 0, 0]), "shape"),
    ([], "magic"),
  ])
  func namesTheMemberAndWhatIsWrongInIt(contents: [UInt8], field: String) {
    for isDeflated in [false, true] {
      var a = member("dir/a.npy", contents)
      a.isDeflated = isDeflated
      let error = refusal(member("first.npy"), a)
      #expect(error?.field.hasPrefix("dir/a.npy, \(field)") == true, "\(error?.description ?? "")")
    }
  }

  @Test func saysThatPickledDataIsRefused() {
    #expect(refusal(member("a.npy", npy("|O", "1,", [])))?.found.contains("pickled") == true)
  }

  @Test func bombsAndSizeLiesAreCaught() {
    let large = npy("|u1", "1000000,", [UInt8](repeating: 0, count: 1_000_000))
    var honest = member("a.npy", large)
    honest.isDeflated = true
    #expect((try? open(honest).tensors["a"]?.byteCount) == 1_000_000)
    for size in [0, 64, UInt64(large.count) - 1, UInt64(large.count) + 1, 1 << 31] {
      var lie = honest
      lie.size = size
      #expect(refusal(lie)?.field.hasPrefix("a.npy") == true)
    }
    var huge = member("a.npy", npy("|u1", "9000000000,", []))
    huge.isDeflated = true
    huge.isWide = true
    huge.size = UInt64(huge.contents.count) + 9_000_000_000
    #expect(refusal(huge)?.found.contains("9000000") == true || refusal(huge) != nil)
    var shorter = honest
    shorter.size = UInt64(large.count) - 5
    shorter.contents = npy("|u1", "1000000,", [UInt8](repeating: 0, count: 999_990))
    #expect(refusal(shorter) != nil)
    var trailing = honest
    trailing.compressed = deflate(large) + [0, 0]
    #expect(refusal(trailing)?.found.contains("behind its end") == true)
    var cut = honest
    cut.compressed = Array(deflate(large).dropLast(3))
    #expect(refusal(cut) != nil)
    var damaged = honest
    damaged.compressed = [UInt8](repeating: 0xFF, count: 2000)
    #expect(refusal(damaged)?.found.contains("damaged") == true)
  }

  @Test func namesBothChecksums() {
    for isDeflated in [false, true] {
      var lie = member("a.npy")
      lie.isDeflated = isDeflated
      lie.checksum = 0xABCD
      let error = refusal(lie)
      #expect(error?.field == "a.npy, CRC-32")
      #expect(error?.expected == "abcd")
      #expect(error?.found == String(crc(two), radix: 16))
    }
  }

  @Test func namesBothOfTwoOverlappingMembers() {
    var second = member("b.npy")
    second.start = 0
    second.localName = nil
    #expect(refusal(member("a.npy"), second) != nil)
    // The second local header lies inside the first member's data.
    let inner = ZipWriter(members: [member("b.npy")]).bytes()
    let innerStart = 30 + "a.npy".utf8.count
    second.start = UInt64(innerStart)
    let error = refusal(member("a.npy", inner), second)
    #expect(error?.field == "b.npy")
    #expect(error?.found.contains("with a.npy") == true)
  }

  @Test func namesTheFieldOfABadDirectory() {
    var writer = ZipWriter(members: [member("a.npy")])
    writer.directoryOffset = 1 << 30
    #expect(refusal(writer)?.field == "central directory")
    writer.directoryOffset = nil
    for count in [0, 2, 60_000] {
      writer.memberCount = UInt64(count)
      #expect(refusal(writer)?.field == "central directory")
    }
    writer.isWide = true
    writer.memberCount = .max
    #expect(refusal(writer)?.field == "zip64 end record")
    writer.memberCount = 1 << 62
    #expect(refusal(writer)?.field == "central directory")
    writer.memberCount = nil
    writer.directoryOffset = UInt64(Int.max)
    #expect(refusal(writer)?.field == "central directory")
    var wide = member("a.npy")
    wide.isWide = true
    for extra in [
      [], little(UInt16(1)) + little(UInt16(8)) + little(UInt64(3)),
      little(UInt16(1)) + little(UInt16(60)), little(UInt16(9)) + little(UInt16(0)),
      little(UInt16(1)) + little(UInt16(24)) + [UInt8](repeating: 0xFF, count: 24),
    ] as [[UInt8]] {
      wide.wideExtra = extra
      #expect(refusal(wide)?.field.hasPrefix("a.npy") == true)
    }
    var cut = ZipWriter(members: [member("a.npy")]).bytes()
    cut.removeLast()
    #expect(throws: InputError.self) { try Checkpoint.open(folder.write(cut, to: "cut.npz")) }
  }

  @Test func membersOutsideTheArchiveAreRefused() {
    var far = member("a.npy")
    far.start = 0xFFFF_0000
    #expect(refusal(far)?.field.hasPrefix("a.npy") == true)
    var long = member("a.npy")
    long.isDeflated = true
    long.isWide = true
    long.wideExtra =
      little(UInt16(1)) + little(UInt16(24)) + little(UInt64(100)) + little(UInt64(Int.max))
      + little(UInt64(0))
    #expect(refusal(long)?.field == "a.npy, size")
  }

  @Test(arguments: ["../x.npy", "/x.npy", "a/../../x.npy", "a\\x.npy", "", "a.txt", "a/"])
  func namesMembersThatDoNotBelong(name: String) {
    let error = refusal(member(name))
    #expect(error?.field.hasPrefix(name) == true)
  }

  @Test func duplicateEncryptedAndUnknownMembersAreRefused() {
    #expect(refusal(member("a.npy"), member("a.npy"))?.expected == "each member once")
    var encrypted = member("a.npy")
    encrypted.flags = 1
    #expect(refusal(encrypted)?.found.contains("encrypted") == true)
    for method in [1, 9, 12, 14, 93] as [UInt16] {
      var unknown = member("a.npy")
      unknown.method = method
      #expect(refusal(unknown)?.field == "a.npy, method")
      #expect(refusal(unknown)?.found == "\(method)")
    }
    var renamed = member("a.npy")
    renamed.localName = "b.npy"
    #expect(refusal(renamed)?.field == "a.npy, local header")
  }

  @Test func archivesOfTorchAreRecognised() {
    for names in [["archive/data.pkl"], ["archive/.format_version", "archive/data.pkl"]] {
      let error = refusal(ZipWriter(members: names.map { member($0, [0x80, 2]) }))
      #expect(error?.found.contains("tools/pth_to_safetensors.py") == true)
    }
  }

  @Test func everyTruncationAndBitFlipIsAnErrorOrAValidCheckpoint() throws {
    for isDeflated in [false, true] {
      var a = member("a.npy")
      a.isDeflated = isDeflated
      let whole = ZipWriter(members: [a]).bytes()
      for count in 0..<whole.count {
        #expect(throws: InputError.self) {
          try Checkpoint.open(folder.write(Array(whole[..<count]), to: "cut.npz"))
        }
      }
      for bit in 0..<(whole.count * 8) {
        var flipped = whole
        flipped[bit / 8] ^= 1 << (bit % 8)
        do {
          let tensors = try Checkpoint.open(folder.write(flipped, to: "flip.npz")).tensors
          for view in tensors.values { #expect(view.float32Values() == [1, 2]) }
        } catch is InputError {}
      }
    }
  }
}
