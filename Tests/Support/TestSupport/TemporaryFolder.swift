internal import CLibrary
internal import Tensors

/// A folder that is removed with everything in it when it is released. In memory where the system has
/// a place there and `TMPDIR` names no other: some tests write hundreds of thousands of files.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    let inMemory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    let place = getenv("TMPDIR").map { String(cString: $0) } ?? inMemory
    var template = Array("\(place)/vitc-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw InputError(file: place, field: "folder", expected: "to be writable", found: "not")
    }
    path = template.withUnsafeBufferPointer {
      String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// The path of a file in the folder.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and returns its path.
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    let path = file(name)
    // A new file: the file system may write one that was cut to nothing to the disk at once.
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0,
      bytes.withUnsafeBytes({ CLibrary.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count
    else { throw InputError(file: path, field: "file", expected: "to be written", found: "not") }
    return path
  }

  /// The bytes of a file in the folder.
  package func read(_ name: String) throws -> [UInt8] {
    try MappedFile(path: file(name)).withBytes { Array($0) }
  }

  /// Names of all files in the folder, hidden ones too.
  package var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
