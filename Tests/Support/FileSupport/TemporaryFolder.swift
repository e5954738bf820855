internal import CLibrary
internal import Tensors

/// A folder that is removed with all its files when the value goes away.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() {
    var template = Array("/tmp/vitc-files-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
    }
  }

  deinit {
    for name in entries { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Names of all files in the folder, hidden ones too.
  package var entries: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Writes a file and returns its path.
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    guard descriptor >= 0,
      bytes.withUnsafeBytes({ CLibrary.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count
    else { throw InputError(file: file, field: "test", expected: "to be written", found: "error") }
    return file
  }

  /// Writes a file and returns its path.
  package func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }
}

/// What a file holds.
package func contents(_ path: String) throws -> [UInt8] {
  try MappedFile(path: path).withBytes { Array($0) }
}

package func makeFIFO(_ path: String) -> Bool { mkfifo(path, 0o600) == 0 }

package func makeLink(_ path: String, to target: String) -> Bool { symlink(target, path) == 0 }

package func makeHardLink(_ path: String, to target: String) -> Bool { link(target, path) == 0 }

package func moveFile(_ path: String, to target: String) -> Bool { rename(path, target) == 0 }

package func makeFolder(_ path: String) -> Bool { mkdir(path, 0o700) == 0 }

package func removeFolder(_ path: String, files: [String]) {
  for name in files { unlink("\(path)/\(name)") }
  rmdir(path)
}

/// Makes a file longer without writing to the disk.
package func extend(_ path: String, to size: Int) -> Bool { truncate(path, size) == 0 }

package func changeMode(_ path: String, to mode: UInt32) -> Bool { chmod(path, mode) == 0 }

/// A file's permissions.
package func fileMode(_ path: String) -> UInt32? {
  FileSystem.status(path).map { $0.st_mode & 0o7777 }
}
