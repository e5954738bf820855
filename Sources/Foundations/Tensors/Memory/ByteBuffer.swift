internal import CLibrary

/// Memory whose size comes from input. Swift's own arrays end the process when the system refuses them
/// memory; this throws instead, so whatever a file can make larger than ``smallBytes`` lies here.
package final class ByteBuffer: @unchecked Sendable {
  // Written by whoever made it, before others get it to read.

  /// What an array may hold without asking here: 1 MiB.
  package static let smallBytes = 1 << 20

  /// Number of bytes that are used.
  package private(set) var count: Int

  private var base: UnsafeMutableRawPointer

  /// Takes memory, which begins undefined.
  /// - Parameters:
  ///   - count: bytes.
  ///   - file: what asks for them, for the error.
  /// - Throws: `InputError` if the system has none.
  package init(count: Int, for file: String) throws {
    self.count = count
    base = try Self.resized(nil, to: count, for: file)
  }

  deinit { free(base) }

  /// The bytes, as long as the buffer lives and does not grow.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: count)
  }

  /// The bytes as elements of a type, as many as fit.
  package func elements<T: BitwiseCopyable>(of type: T.Type) -> UnsafeMutableBufferPointer<T> {
    bytes.bindMemory(to: type)
  }

  /// Makes the buffer longer or shorter; the bytes in front stay.
  /// - Throws: `InputError` if the system has no memory for it; the buffer stays as it was.
  package func resize(to count: Int, for file: String) throws {
    base = try Self.resized(base, to: count, for: file)
    self.count = count
  }

  private static func resized(
    _ memory: UnsafeMutableRawPointer?, to count: Int, for file: String
  ) throws -> UnsafeMutableRawPointer {
    guard let memory = realloc(memory, max(count, 1)) else {
      throw InputError.noMemory(file, count, errno)
    }
    return memory
  }

  /// Throws if the system refuses so much memory at the moment: asked before an array of that size is
  /// made, where it has to be an array.
  package static func require(_ count: Int, for file: String) throws {
    if count > smallBytes { _ = try ByteBuffer(count: count, for: file) }
  }
}
