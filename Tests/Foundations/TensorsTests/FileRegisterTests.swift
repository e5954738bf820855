import FileSupport
import Tensors
import Testing

/// Expects an error that says what was found in the place of an output.
private func refused(_ found: String, _ body: () throws -> Void) {
  let error = #expect(throws: InputError.self) { try body() }
  #expect(error?.found == found)
}

@Suite struct FileRegisterTests {
  private let files = (0..<4).map { FileIdentity(device: 1, inode: $0) }
  private var register = FileRegister(rememberingClosedFiles: true)

  @Test mutating func anInputStaysOneAfterItIsClosed() throws {
    register.addInput(files[0], path: "in")
    register.closeInput(files[0])
    refused("the input in") { try register.addOutput("out", over: files[0]) }
    try register.addOutput("out", over: files[1])
  }

  @Test func withoutRememberingAnInputIsOneWhileItIsOpen() throws {
    var register = FileRegister()
    register.addInput(files[0], path: "in")
    register.addInput(files[0], path: "again")
    register.closeInput(files[0])
    refused("the input in") { try register.addOutput("out", over: files[0]) }
    register.closeInput(files[0])
    try register.addOutput("out", over: files[0])
    // Nor is an output remembered.
    try register.addOutput("other", over: files[0])
    register.finishOutput("other", as: files[1], over: files[0])
    try register.addOutput("third", over: files[1])
  }

  @Test mutating func twoOutputsOverOneFileAreRefused() throws {
    try register.addOutput("first", over: files[0])
    try register.check("first", over: files[0], announced: files[0])
    refused("the output first") { try register.addOutput("second", over: files[0]) }
    register.finishOutput("first", as: files[1], over: files[0])
    refused("the output first") { try register.addOutput("second", over: files[1]) }
    // One that had no file to replace when it began.
    refused("the output first") { try register.check("second", over: files[1]) }
    // What was replaced is gone; its number may be another file's.
    try register.addOutput("second", over: files[0])
  }

  @Test mutating func anInputThatIsOpenedAfterTheOutputBeganIsOne() throws {
    try register.addOutput("out", over: files[0])
    register.addInput(files[0], path: "in")
    refused("the input in") { try register.check("out", over: files[0], announced: files[0]) }
  }

  @Test func withMoreFilesThanAreRememberedNoneIsReplaced() throws {
    var register = FileRegister(rememberingClosedFiles: true, capacity: 2)
    for file in files.prefix(2) { register.addInput(file, path: "in") }
    try register.check("out", over: files[3])
    register.addInput(files[2], path: "in")
    refused("an existing file") { try register.addOutput("out", over: files[3]) }
    refused("the input in") { try register.addOutput("out", over: files[1]) }
  }

  @Test func filesAreEnteredOnManyThreads() async throws {
    let folder = TemporaryFolder()
    let paths = try (0..<8).map { try folder.write("input \($0)", to: "in\($0)") }
    await withTaskGroup(of: Void.self) { group in
      for path in paths {
        group.addTask {
          for _ in 0..<200 {
            guard let file = try? MappedFile(path: path) else {
              Issue.record("\(path) cannot be read")
              return
            }
            #expect(throws: InputError.self) { _ = try OutputFile(path: path) }
            withExtendedLifetime(file) {}
          }
        }
      }
    }
    for path in paths { _ = try OutputFile(path: path) }
  }
}
