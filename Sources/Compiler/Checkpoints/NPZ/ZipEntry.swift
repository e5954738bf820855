/// One file of a zip archive, as the central directory describes it.
struct ZipEntry {
  /// How its bytes are stored.
  enum Method: Equatable {
    case stored
    case deflated
  }

  let name: String
  let method: Method

  /// The CRC-32 of the uncompressed bytes.
  let checksum: UInt32

  /// Number of uncompressed bytes that the directory declares.
  let size: Int

  /// Where its local header begins.
  let start: Int

  /// Where its stored or compressed bytes lie in the archive.
  let range: Range<Int>
}
