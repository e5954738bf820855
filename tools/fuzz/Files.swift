import CLibrary
import Tensors

/// Files of the corpus and of one round.
enum Files {
  /// A fixture of the tests, which are the corpus.
  static func fixture(_ name: String) throws -> [UInt8] { try tests("Fixtures/\(name)") }

  /// A file in the tests' folder.
  static func tests(_ name: String, from here: String = #filePath) throws -> [UInt8] {
    let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let path = (root + ["Tests", name[...]]).joined(separator: "/")
    return try MappedFile(path: path).withBytes { Array($0) }
  }

  /// Writes a file without waiting for any disk.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw Finding(text: "cannot write \(path)") }
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes {
        CLibrary.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      guard written > 0 else { throw Finding(text: "cannot write \(path)") }
      done += written
    }
  }
}
