internal import CZlib
internal import Tensors

/// Decompresses one deflated member; owns zlib's state.
struct Inflater: ~Copyable {
  // zlib keeps the address of its stream, so the stream stays where it is.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeRawBufferPointer
  private var consumed = 0

  /// Whether the compressed data has come to its end.
  private(set) var isAtEnd = false

  /// zlib counts in 32 bits.
  private static let window = 1 << 30

  /// - Parameter input: raw deflate data, which has to outlive this value.
  init?(_ input: UnsafeRawBufferPointer) {
    self.input = input
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Compressed bytes that have not been used.
  var unusedCount: Int { input.count - consumed }

  /// Fills `output` as far as the data goes.
  /// - Returns: how many bytes were written; nil if the data is damaged.
  mutating func read(into output: UnsafeMutableRawBufferPointer) -> Int? {
    var written = 0
    while written < output.count, !isAtEnd {
      let source = input[consumed...].prefix(Self.window)
      let target = output[written...].prefix(Self.window)
      stream.pointee.next_in = UnsafeMutableRawPointer(
        mutating: UnsafeRawBufferPointer(rebasing: source).baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(source.count)
      stream.pointee.next_out = UnsafeMutableRawBufferPointer(rebasing: target).baseAddress?
        .assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(target.count)
      let status = inflate(stream, Z_NO_FLUSH)
      let used = source.count - Int(stream.pointee.avail_in)
      let made = target.count - Int(stream.pointee.avail_out)
      consumed += used
      written += made
      if status == Z_STREAM_END {
        isAtEnd = true
      } else if status != Z_OK || (used == 0 && made == 0) {
        return nil
      }
    }
    return written
  }
}

/// The CRC-32 of zip archives over bytes that arrive in parts.
struct ZipChecksum {
  private(set) var value: UInt32 = 0

  /// Takes in more bytes.
  mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    value = UInt32(
      truncatingIfNeeded: crc32_z(
        UInt(value), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
  }
}
