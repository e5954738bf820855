import FileSupport
import Tensors
import Testing

@Suite struct OutputFileTests {
  let folder = TemporaryFolder()
  var target: String { "\(folder.path)/out" }

  @Test func appearsOnlyWhenCommitted() throws {
    var output = try OutputFile(path: target)
    try output.append([1, 2, 3])
    try output.pad(to: 8)
    try output.append([4])
    try output.overwrite([9], at: 1)
    #expect(folder.entries.isEmpty)
    try output.commit()
    #expect(try contents(target) == [1, 9, 3, 0, 0, 0, 0, 0, 4])
    #expect(folder.entries == ["out"])
  }

  @Test func keepsTheOrderOfBytesAcrossPieces() throws {
    // Around the two mebibytes that are written at once, from memory and from another file.
    let piece = 2 << 20
    let sizes = [5, piece - 7, 3, piece, 2 * piece + 1, piece - 2, 0, 9]
    var expected: [UInt8] = []
    var output = try OutputFile(path: target)
    for (index, size) in sizes.enumerated() {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
      if index % 2 == 0 {
        try output.append(bytes)
      } else {
        let file = try MappedFile(path: folder.write([7] + bytes + [8], to: "in"))
        try output.append(1..<size + 1, of: file)
      }
      expected += bytes
      #expect(output.count == expected.count)
    }
    try output.overwrite([1, 2, 3], at: 2 * piece - 1)
    expected.replaceSubrange(2 * piece - 1..<2 * piece + 2, with: [1, 2, 3])
    try output.append([4])
    try output.commit()
    #expect(try contents(target) == expected + [4])
  }

  @Test func replacesAnExistingFileInOneStep() throws {
    _ = try folder.write("old", to: "out")
    var output = try OutputFile(path: target)
    try output.append([1])
    #expect(try contents(target) == Array("old".utf8))
    try output.commit()
    #expect(try contents(target) == [1])
    #expect(folder.entries == ["out"])
  }

  @Test func leavesNothingWhenAbandoned() throws {
    _ = try folder.write("old", to: "out")
    func abandon() throws {
      var output = try OutputFile(path: target)
      try output.append([1])
      throw InputError(file: "", field: "", expected: "", found: "")
    }
    #expect(throws: InputError.self) { try abandon() }
    #expect(try contents(target) == Array("old".utf8))
    #expect(folder.entries == ["out"])
  }

  @Test func refusesToOverwriteAnInputByAnyName() throws {
    let path = try folder.write("input", to: "in")
    #expect(makeLink("\(folder.path)/symbolic", to: path))
    #expect(makeHardLink("\(folder.path)/hard", to: path))
    let input = try MappedFile(path: path)
    for name in ["in", "symbolic", "hard", "./in"] {
      let error = #expect(throws: InputError.self) {
        _ = try OutputFile(path: "\(folder.path)/\(name)")
      }
      #expect(error?.file == "\(folder.path)/\(name)")
      #expect(error?.found == "the input \(path)")
    }
    withExtendedLifetime(input) {}
    #expect(try contents(path) == Array("input".utf8))
  }

  @Test func refusesToReplaceAnInputThatWasOpenedMeanwhile() throws {
    let path = try folder.write("input", to: "out")
    func write() throws {
      var output = try OutputFile(path: target)
      try output.append([1])
      let input = try MappedFile(path: path)
      defer { withExtendedLifetime(input) {} }
      try output.commit()
    }
    #expect(throws: InputError.self) { try write() }
    #expect(try contents(path) == Array("input".utf8))
    #expect(folder.entries == ["out"])
  }

  @Test func replacesAFileThatWasReadAndClosed() throws {
    _ = try contents(folder.write("old", to: "out"))
    var output = try OutputFile(path: target)
    try output.append([1])
    try output.commit()
    #expect(try contents(target) == [1])
  }

  @Test func keepsTheModeOfWhatItReplaces() throws {
    for mode in [0o600, 0o640, 0o444, 0o666, 0o755] as [UInt32] {
      _ = try folder.write("old", to: "out")
      #expect(changeMode(target, to: mode))
      var output = try OutputFile(path: target)
      try output.append([1])
      try output.commit()
      #expect(fileMode(target) == mode)
      #expect(FileSystem.remove(target))
    }
  }

  @Test func refusesToCommitAfterAnInputChanged() throws {
    let input = try MappedFile(path: folder.write("input", to: "in"))
    func write() throws {
      let output = try OutputFile(path: target, from: [input])
      _ = try folder.write("another input", to: "in")
      try output.commit()
    }
    #expect(throws: InputError.self) { try write() }
    #expect(folder.entries == ["in"])
  }

  @Test func writesThroughALinkAndKeepsIt() throws {
    let file = try folder.write("old", to: "file")
    #expect(makeLink(target, to: "file"))
    var output = try OutputFile(path: target)
    try output.append([7])
    try output.commit()
    #expect(try contents(file) == [7])
    #expect(try contents(target) == [7])
  }

  @Test func namesWhatCannotBeWritten() throws {
    #expect(makeLink("\(folder.path)/dangling", to: "nowhere"))
    for (path, word) in [
      (folder.path, "a folder"), ("", "No such file"), ("\(folder.path)/none/out", "No such file"),
      ("\(folder.path)/dangling", "leads nowhere"), ("/dev/null", "a device"),
      ("/proc/out", "No such file"),
    ] {
      let error = #expect(throws: InputError.self) { _ = try OutputFile(path: path) }
      #expect(error?.file == path)
      #expect(error?.found.contains(word) == true, "\(path): \(error?.found ?? "")")
    }
  }

  @Test func copiesARangeOfAnotherFile() throws {
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    let source = try MappedFile(path: folder.write(bytes, to: "source"))
    var output = try OutputFile(path: target)
    try output.append([1])
    try output.append(5..<299_999, of: source)
    try output.append([2])
    #expect(output.count == 299_996)
    try output.commit()
    #expect(try contents(target) == [1] + bytes[5..<299_999] + [2])
  }

  @Test func lastOfTwoWritersWins() throws {
    var first = try OutputFile(path: target)
    var second = try OutputFile(path: target)
    try first.append([1])
    try second.append([2])
    try second.commit()
    try first.commit()
    #expect(try contents(target) == [1])
    #expect(folder.entries == ["out"])
  }
}
