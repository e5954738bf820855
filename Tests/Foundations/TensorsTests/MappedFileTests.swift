import FileSupport
import Tensors
import Testing

@Suite struct MappedFileTests {
  let folder = TemporaryFolder()

  @Test(arguments: [true, false])
  func holdsTheFilesBytes(mapping: Bool) throws {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let file = try MappedFile(path: folder.write(bytes, to: "a"), mapping: mapping)
    #expect(file.count == bytes.count)
    #expect(file.withBytes { Array($0) } == bytes)
    file.release(0..<10_000)
    #expect(file.withBytes { Array($0) } == bytes)
  }

  @Test func emptyFileHasNoBytes() throws {
    let file = try MappedFile(path: folder.write("", to: "a"))
    #expect(file.withBytes { $0.count } == 0)
    #expect(file.checksum() == XXH64.hash([]))
  }

  @Test func refusesWhatIsNoRegularFile() throws {
    #expect(makeFIFO("\(folder.path)/fifo"))
    for (path, word) in [
      (folder.path, "a folder"), ("\(folder.path)/fifo", "a FIFO"), ("/dev/null", "a device"),
      ("\(folder.path)/none", "No such file"),
    ] {
      let error = #expect(throws: InputError.self) { try MappedFile(path: path) }
      #expect(error?.file == path)
      #expect(error?.found.contains(word) == true)
    }
  }

  @Test func tellsWhenTheFileWasWrittenTo() throws {
    let path = try folder.write("before", to: "a")
    let file = try MappedFile(path: path)
    try file.checkUnchanged()
    _ = try folder.write("longer than before", to: "a")
    #expect(throws: InputError.self) { try file.checkUnchanged() }
  }

  @Test func replacingAnOpenFileLeavesItAsItWas() throws {
    let path = try folder.write("before", to: "a")
    let file = try MappedFile(path: path)
    let other = try folder.write("after", to: "b")
    #expect(moveFile(other, to: path))
    try file.checkUnchanged()
    #expect(file.withBytes { Array($0) } == Array("before".utf8))
  }

  @Test(arguments: [0, 1, 31, 32, 33, 1 << 20, (1 << 20) + 5, 3 << 20])
  func checksumOfAFileIsThatOfItsBytes(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
    let file = try MappedFile(path: folder.write(bytes, to: "a"))
    #expect(file.checksum() == XXH64.hash(bytes))
  }
}
