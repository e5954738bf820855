import CLibrary
import FileSupport
import Tensors
import Testing

@Suite struct LineLogTests {
  let folder = TemporaryFolder()
  var path: String { "\(folder.path)/log" }

  private func text(_ log: LineLog) throws -> [String] {
    var lines: [String] = []
    try log.forEachLine { lines.append(String(decoding: $0, as: UTF8.self)) }
    return lines
  }

  /// A file that has no line was not begun here: it is somebody's.
  @Test func whatHasNoLineIsLeftAlone() throws {
    _ = try folder.write(Array("my notes".utf8), to: "log")
    #expect(throws: InputError.self) { try LineLog(path: path) }
    #expect(try contents(path) == Array("my notes".utf8))
  }

  @Test func linesOutliveWhoWroteThem() throws {
    do {
      let log = try LineLog(path: path)
      #expect(try text(log).isEmpty)
      try log.append("one")
      try log.append("")
    }
    let log = try LineLog(path: path)
    #expect(try text(log) == ["one", ""])
    try log.append("three")
    #expect(try contents(path) == Array("one\n\nthree\n".utf8))
  }

  /// What was not written whole is not seen, and stays until something is appended.
  @Test func aTornLineIsReplaced() throws {
    _ = try folder.write(Array("one\ntw".utf8), to: "log")
    let log = try LineLog(path: path)
    #expect(try text(log) == ["one"])
    #expect(try contents(path) == Array("one\ntw".utf8))
    try log.append("2")
    #expect(try contents(path) == Array("one\n2\n".utf8))
  }

  @Test func onlyOneHasIt() throws {
    let log = try LineLog(path: path)
    let error = #expect(throws: InputError.self) { try LineLog(path: path) }
    #expect(error?.description.contains("another process") == true)
    withExtendedLifetime(log) {}
  }

  @Test func removesItselfAlone() throws {
    let log = try LineLog(path: path)
    log.remove()
    #expect(folder.entries.isEmpty)
    let second = try LineLog(path: path)
    try OutputFile(path: "\(folder.path)/other").commit()
    _ = try folder.write([1], to: "log2")
    #expect(rename("\(folder.path)/log2", path) == 0)
    second.remove()
    #expect(folder.entries.contains("log"))
  }

  @Test func refusesInputsAndWhatIsNoFile() throws {
    _ = try folder.write([1, 2], to: "input")
    let input = try MappedFile(path: "\(folder.path)/input")
    #expect(throws: InputError.self) { try LineLog(path: input.path) }
    #expect(throws: InputError.self) { try LineLog(path: folder.path) }
    #expect(throws: InputError.self) { try LineLog(path: "\(folder.path)/none/log") }
  }

  /// Lines and a torn one that do not fit what is read at once.
  @Test func readsLongFiles() throws {
    let lines = (0..<700).map { String(repeating: "\($0),", count: 1000) }
    let torn = String(repeating: "x", count: 3 << 20)
    _ = try folder.write(Array((lines.joined(separator: "\n") + "\n" + torn).utf8), to: "log")
    let log = try LineLog(path: path)
    #expect(try text(log) == lines)
    try log.append("last", isSynced: false)
    try log.sync()
    var copy = try OutputFile(path: "\(folder.path)/copy")
    try log.copyBehindFirstLine(to: &copy)
    try copy.commit()
    let rest = lines.dropFirst().joined(separator: "\n") + "\nlast\n"
    #expect(try contents("\(folder.path)/copy") == Array(rest.utf8))
  }
}
