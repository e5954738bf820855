internal import CZlib
internal import Tensors

/// The chunks of a PNG file, checked before a decoder takes memory for them.
struct PNGChunks {
  /// The image's header, chunk `IHDR`.
  struct Header {
    var width = 0
    var height = 0
    var depth = 0
    var colourType = 0
    var isInterlaced = false
  }

  /// The most bytes that a compressed text or profile may become.
  private static let ancillaryLimit = 8 << 20

  private let bytes: UnsafeRawBufferPointer
  private let file: String

  /// The header.
  private(set) var header = Header()

  /// The data of chunk `tRNS`, a palette's alphas or a transparent colour.
  private(set) var transparency: UnsafeRawBufferPointer?

  /// The pixels' last chunk, without what of it is missing, where the file has no chunk `IEND` behind it;
  /// otherwise nil.
  private var unended: Range<Int>?

  /// Checks the chunks' lengths, the image's extents, and what compressed data would become:
  /// pixels that fill the image exactly, texts and profiles of a sane size.
  init(_ bytes: UnsafeRawBufferPointer, file: String, limit: PixelLimit) throws {
    self.bytes = bytes
    self.file = file
    var image: Inflation?
    var lastData = 8
    var offset = 8
    while true {
      if image?.isFull == true, Self.hasEnded(bytes, at: offset) {
        let end = lastData + 8 + Self.integer(bytes, lastData)
        unended = lastData..<min(end, bytes.count)
        return
      }
      let chunk = try chunk(at: offset, isBehindPixels: image != nil)
      if offset == 8 {
        guard chunk.name == "IHDR", chunk.data.count == 13 else {
          throw InputError.pngChunk(
            file, chunk.name, at: offset, expected: "IHDR of 13 bytes first",
            found: "\(chunk.data.count) bytes")
        }
        header = Self.header(chunk.data)
        try limit.check(width: header.width, height: header.height, file: file)
      }
      switch chunk.name {
      case "IDAT":
        if image == nil { image = try Inflation(limit: header.filteredByteCount, file: file) }
        try image?.take(chunk.data, of: "IDAT", at: offset)
        lastData = offset
        if image?.isFull != true, chunk.data.count < Self.integer(bytes, offset) {
          throw cut("IDAT", at: offset, chunk.data.count)
        }
      // Behind the pixels it counts for nothing.
      case "tRNS": if image == nil { transparency = chunk.data }
      case "zTXt", "iTXt", "iCCP":
        if let stream = Self.compressedPart(of: chunk.name, chunk.data) {
          let text = try Inflation(limit: Self.ancillaryLimit, file: file)
          try text.take(stream, of: chunk.name, at: offset)
        }
      case "IEND":
        guard let image else {
          throw InputError.pngChunk(
            file, "IEND", at: offset, expected: "IDAT before it", found: "none")
        }
        try image.requireFull(of: "IDAT", at: lastData)
        return
      default: break
      }
      offset += 12 + chunk.data.count
    }
  }

  /// Whether there are no more chunks. Once it has all pixels, Pillow stops at the end of the file and at
  /// what cannot be a chunk's name, whether there was a chunk `IEND` or not.
  private static func hasEnded(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard bytes.count - offset >= 8 else { return true }
    let name = bytes[(offset + 4)..<(offset + 8)]
    if name.elementsEqual("IEND".utf8) { return integer(bytes, offset) > bytes.count - offset - 12 }
    return !name.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }

  /// The file with a chunk `IEND` behind its pixels, if it has none: the decoder asks for one.
  func ended() throws -> ByteBuffer? {
    guard let unended else { return nil }
    let end = Array("IEND".utf8)
    let isWhole = bytes.count - unended.upperBound >= 4
    let count = unended.upperBound + 4
    let ended = try ByteBuffer(count: count + 8 + end.count, for: file)
    func put(_ part: some Collection<UInt8>, at offset: Int) {
      UnsafeMutableRawBufferPointer(rebasing: ended.bytes[offset..<offset + part.count])
        .copyBytes(from: part)
    }
    put(bytes[..<unended.upperBound], at: 0)
    if isWhole {
      put(bytes[unended.upperBound..<count], at: unended.upperBound)
    } else {
      let start = unended.lowerBound
      put(Self.bigEndian(UInt32(unended.count - 8)), at: start)
      let checked = ended.bytes[start + 4..<unended.upperBound]
      put(Self.checksum(UnsafeRawBufferPointer(rebasing: checked)), at: unended.upperBound)
    }
    put([0, 0, 0, 0] + end, at: count)
    put(end.withUnsafeBytes(Self.checksum), at: count + 4 + end.count)
    return ended
  }

  /// The checksum of a chunk's name and data, as a file holds it.
  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    bigEndian(
      UInt32(crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian, Array.init)
  }

  /// - Parameter isBehindPixels: whether the pixels began before. From there on the file may end
  ///   without the chunk's checksum, and within `IDAT`.
  private func chunk(at offset: Int, isBehindPixels: Bool) throws -> (
    name: String, data: UnsafeRawBufferPointer
  ) {
    let rest = bytes.count - offset
    guard rest >= 8 else {
      throw InputError.pngChunk(
        file, "header", at: offset, expected: "12 bytes", found: "\(max(0, rest)), the file's end")
    }
    let name = String(
      String.UnicodeScalarView(
        bytes[(offset + 4)..<(offset + 8)].map {
          Unicode.Scalar((0x20...0x7E).contains($0) ? $0 : 0x3F)
        }))
    let length = Self.integer(bytes, offset)
    let isPixels = name == "IDAT"
    let room = max(0, rest - (isBehindPixels || isPixels ? 8 : 12))
    guard length <= room || isPixels else { throw cut(name, at: offset, room) }
    let end = offset + 8 + min(length, room)
    return (name, UnsafeRawBufferPointer(rebasing: bytes[(offset + 8)..<end]))
  }

  private func cut(_ name: String, at offset: Int, _ found: Int) -> InputError {
    InputError.pngChunk(
      file, name, at: offset, expected: "\(Self.integer(bytes, offset)) bytes",
      found: "\(found), the file's end")
  }

  private static func header(_ data: UnsafeRawBufferPointer) -> Header {
    Header(
      width: integer(data, 0), height: integer(data, 4), depth: Int(data[8]),
      colourType: Int(data[9]), isInterlaced: data[12] == 1)
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
    Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  /// The deflate stream inside a text or profile chunk; nil where it is damaged or stored plainly.
  private static func compressedPart(of name: String, _ data: UnsafeRawBufferPointer)
    -> UnsafeRawBufferPointer?
  {
    guard var start = data.firstIndex(of: 0).map({ $0 + 2 }) else { return nil }
    if name == "iTXt" {
      guard start < data.count, data[start - 1] == 1 else { return nil }
      start += 1
      for _ in 0..<2 {
        guard start <= data.count, let end = data[start...].firstIndex(of: 0) else { return nil }
        start = end + 1
      }
    }
    return start <= data.count ? UnsafeRawBufferPointer(rebasing: data[start...]) : nil
  }
}

extension PNGChunks.Header {
  private var bitsPerPixel: Int {
    let channels =
      switch colourType {
      case 2: 3
      case 4: 2
      case 6: 4
      default: 1
      }
    return channels * depth
  }

  /// Bytes of all lines, each with the byte that names its filter.
  fileprivate var filteredByteCount: Int {
    guard isInterlaced else { return filteredByteCount(width: width, height: height) }
    // Adam7: first column and row of each pass, and the steps between its columns and rows.
    let passes = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
      (0, 1, 1, 2),
    ]
    return passes.reduce(0) { total, pass in
      total
        + filteredByteCount(
          width: max(0, width - pass.0 + pass.2 - 1) / pass.2,
          height: max(0, height - pass.1 + pass.3 - 1) / pass.3)
    }
  }

  private func filteredByteCount(width: Int, height: Int) -> Int {
    width == 0 ? 0 : height * (1 + (width * bitsPerPixel + 7) / 8)
  }
}

/// Counts what a deflate stream becomes, in constant memory.
private final class Inflation {
  private let file: String
  private let limit: Int
  private var stream = z_stream()
  private var scratch = [UInt8](repeating: 0, count: 1 << 15)
  private var count = 0
  private var hasEnded = false

  init(limit: Int, file: String) throws {
    self.limit = limit
    self.file = file
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw InputError.noMemory(file, nil, "none for a decoder")
    }
  }

  deinit { inflateEnd(&stream) }

  /// Inflates the next part of the stream.
  func take(_ data: UnsafeRawBufferPointer, of chunk: String, at offset: Int) throws {
    stream.next_in = UnsafeMutablePointer(mutating: data.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(data.count)
    while stream.avail_in > 0 {
      guard !hasEnded else {
        throw InputError.pngChunk(
          file, chunk, at: offset, expected: "the end of its deflate stream",
          found: "\(stream.avail_in) more bytes")
      }
      let status = scratch.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        count += buffer.count - Int(stream.avail_out)
        return status
      }
      hasEnded = status == Z_STREAM_END
      guard count <= limit else {
        throw InputError.pngChunk(
          file, chunk, at: offset, expected: "at most \(limit) bytes when inflated", found: "more")
      }
      // With no room left, or no input, zlib asks for another call.
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw InputError.pngChunk(
          file, chunk, at: offset, expected: "a deflate stream",
          found: "zlib: " + (stream.msg.map { String(cString: $0) } ?? "error \(status)"))
      }
    }
  }

  /// Whether the stream has become all of the bytes that it may.
  var isFull: Bool { count == limit }

  /// Throws unless the stream has become exactly `limit` bytes.
  func requireFull(of chunk: String, at offset: Int) throws {
    guard count == limit else {
      throw InputError.pngChunk(
        file, chunk, at: offset, expected: "\(limit) bytes when inflated",
        found: "\(count)")
    }
  }
}
