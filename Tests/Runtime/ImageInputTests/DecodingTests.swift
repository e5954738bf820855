internal import CLibrary
internal import ImageInput
internal import Testing

@Suite struct DecodingTests {
  @Test func everyFixtureDecodesToPillowsPixels() throws {
    let table = try Fixture.table("decoded.tsv")
    #expect(table.count > 500)
    for row in table {
      let orientation = try #require(ImageDecoder.Orientation(rawValue: row[1]))
      let image = try ImageDecoder.read(
        path: Fixture.path(row[0]), orientation: orientation,
        alpha: row[2] == "drop" ? .drop : .onWhite)
      let found = ["\(image.width)", "\(image.height)", hash(image.pixels)]
      #expect(found == Array(row[3...]), "\(row[0]), \(row[1]), \(row[2])")
    }
  }

  @Test func kindIsSeenFromContentNotFromName() throws {
    let image = try decode(Fixture.bytes("a_png.jpg"))
    #expect(image.width == 19 && image.height == 11)
  }

  @Test func damagedEXIFCountsAsNone() throws {
    let bytes = try Fixture.bytes("exif6.jpg")
    let upright = try decode(bytes)
    let start = try #require(bytes.firstPlace(of: Array("Exif".utf8)))
    // Byte order, magic, directory offset, and the tag, type, count and value of its one entry.
    for place in [6, 8, 10, 11, 16, 18, 20, 24] {
      var damaged = bytes
      damaged[start + place] = 0xFF
      #expect(try decode(damaged, orientation: .apply) == upright, "byte \(place)")
    }
  }

  @Test func EXIFOfPNGMayHaveAPrefixAndTheLastCounts() throws {
    let bytes = try Fixture.bytes("exif6.png")
    let name = try #require(bytes.firstPlace(of: Array("eXIf".utf8)))
    let length = Int(bytes[name - 1])
    let data = Array(bytes[(name + 4)..<(name + 4 + length)])
    let turned = try decode(bytes, orientation: .apply)
    let stored = try decode(bytes)
    #expect(turned != stored)
    /// The file with other chunks in place of its own.
    func file(_ chunks: [[UInt8]]) -> [UInt8] {
      bytes[..<(name - 4)] + chunks.flatMap { PNGChunk.bytes("eXIf", $0) }
        + bytes[(name + 8 + length)...]
    }
    var upright = data
    upright[try #require(data.lastIndex(of: 6))] = 1
    let prefixed = Array("Exif\u{0}\u{0}".utf8) + data
    #expect(try decode(file([data]), orientation: .apply) == turned)
    #expect(try decode(file([prefixed]), orientation: .apply) == turned)
    #expect(try decode(file([data, upright]), orientation: .apply) == stored)
  }

  @Test func EXIFOfWebPCountsWhereTheHeaderAnnouncesIt() throws {
    var bytes = try Fixture.bytes("exif6.webp")
    let stored = try decode(bytes)
    #expect(try decode(bytes, orientation: .apply) != stored)
    let header = try #require(bytes.firstPlace(of: Array("VP8X".utf8)))
    bytes[header + 8] &= ~0x08
    #expect(try decode(bytes, orientation: .apply) == stored)
  }

  @Test func memoryStaysFlatOverManyImages() throws {
    let images = try [
      "baseline.jpg", "progressive.jpg", "cmyk.jpg", "rgba16.png", "lossy.webp", "bmp_rle8.bmp",
      "gif_part_interlaced.gif", "tiff_planes_tiles.tif", "animation_part.webp",
    ].map(Fixture.bytes)
    let broken = images.map { Array($0.prefix($0.count * 2 / 3)) }
    func pass(_ count: Int) throws {
      for _ in 0..<count {
        for bytes in images { _ = try decode(bytes) }
        for bytes in broken { #expect(refusal(bytes) != nil) }
      }
    }
    try pass(100)
    let before = try residentBytes()
    try pass(1500)
    #expect(try residentBytes() - before < 24 << 20)
  }

  /// This process's memory, of which other tests that run beside this one use little.
  private func residentBytes() throws -> Int {
    let file = try #require(fopen("/proc/self/statm", "r"))
    defer { fclose(file) }
    var line = [UInt8](repeating: 0, count: 128)
    let count = fread(&line, 1, line.count, file)
    let fields = String(decoding: line.prefix(count), as: UTF8.self).split(separator: " ")
    try #require(fields.count > 1)
    return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
  }
}

/// Chunks of PNG files.
private enum PNGChunk {
  /// Length, name, data and checksum.
  static func bytes(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let checked = Array(name.utf8) + data
    var checksum = UInt32.max
    for byte in checked {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    return bigEndian(UInt32(data.count)) + checked + bigEndian(~checksum)
  }
}
