import CZlib

/// Writes zip archives, honest ones and others.
struct ZipWriter {
  struct Member {
    var name: String
    var contents: [UInt8]
    var isDeflated = false
    var isWide = false

    // Lies; nil tells the truth.
    var checksum: UInt32?
    var size: UInt64?
    var start: UInt64?
    var flags: UInt16 = 0
    var method: UInt16?
    var localName: String?
    var wideExtra: [UInt8]?
    var compressed: [UInt8]?
  }

  var members: [Member] = []
  var comment: [UInt8] = []
  var directoryOffset: UInt64?
  var memberCount: UInt64?
  var isWide = false

  func bytes() -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let start = member.start ?? UInt64(archive.count)
      let data =
        member.compressed ?? (member.isDeflated ? deflate(member.contents) : member.contents)
      let checksum = member.checksum ?? crc(member.contents)
      let size = member.size ?? UInt64(member.contents.count)
      let method = member.method ?? (member.isDeflated ? 8 : 0)
      let extra =
        member.isWide
        ? member.wideExtra
          ?? (little(UInt16(1)) + little(UInt16(24)) + little(size) + little(UInt64(data.count))
            + little(start))
        : []
      func sizes(_ wide: Bool) -> [UInt8] {
        wide
          ? [UInt8](repeating: 0xFF, count: 8)
          : little(UInt32(data.count)) + little(UInt32(truncatingIfNeeded: size))
      }
      let name = Array(member.name.utf8)
      let localName = Array((member.localName ?? member.name).utf8)
      archive += little(UInt32(0x0403_4B50)) + little(UInt16(20)) + little(member.flags)
      archive += little(method) + little(UInt32(0)) + little(checksum) + sizes(member.isWide)
      archive += little(UInt16(localName.count)) + little(UInt16(0)) + localName + data
      directory += little(UInt32(0x0201_4B50)) + little(UInt16(20)) + little(UInt16(20))
      directory += little(member.flags) + little(method) + little(UInt32(0)) + little(checksum)
      directory += sizes(member.isWide) + little(UInt16(name.count)) + little(UInt16(extra.count))
      directory += little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt32(0))
      directory += member.isWide ? little(UInt32.max) : little(UInt32(truncatingIfNeeded: start))
      directory += name + extra
    }
    let offset = directoryOffset ?? UInt64(archive.count)
    let count = memberCount ?? UInt64(members.count)
    archive += directory
    if isWide {
      let record = UInt64(archive.count)
      archive += little(UInt32(0x0606_4B50)) + little(UInt64(44)) + little(UInt32(0))
      archive += little(UInt64(0)) + little(count) + little(count)
      archive += little(UInt64(directory.count)) + little(offset)
      archive += little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(record)
      archive += little(UInt32(1))
    }
    archive += little(UInt32(0x0605_4B50)) + little(UInt32(0))
    let short = isWide ? UInt16.max : UInt16(truncatingIfNeeded: count)
    archive += little(short) + little(short)
    archive += isWide ? little(UInt32.max) : little(UInt32(directory.count))
    archive += isWide ? little(UInt32.max) : little(UInt32(truncatingIfNeeded: offset))
    return archive + little(UInt16(comment.count)) + comment
  }
}

/// The bytes of an integer, least significant first.
func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

func crc(_ bytes: [UInt8]) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32_z(0, bytes, bytes.count))
}

/// Raw deflate data.
func deflate(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  deflateInit2_(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 1000 + 100)
  let made = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      CZlib.deflate(&stream, Z_FINISH)
      return target.count - Int(stream.avail_out)
    }
  }
  return Array(output[..<made])
}

/// An `.npy` file.
func npy(
  _ type: String, _ shape: String, _ data: [UInt8], isColumnMajor: Bool = false,
  version: UInt8 = 1, header: String? = nil
) -> [UInt8] {
  let order = isColumnMajor ? "True" : "False"
  let text = header ?? "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(shape)), }\n"
  let length = version == 1 ? little(UInt16(text.utf8.count)) : little(UInt32(text.utf8.count))
  var file: [UInt8] = [0x93] + Array("NUMPY".utf8)
  file += [version, 0] + length
  file += Array(text.utf8) + data
  return file
}
