internal import ImageInput
internal import Tensors
internal import Testing

/// What is refused of BMP, GIF, TIFF and animated WebP, and where Pillow's colours are not those of the file.
@Suite struct OtherFormatTests {
  /// A fixture with other bytes at a place.
  private func changed(_ name: String, at offset: Int, to new: [UInt8]) throws -> [UInt8] {
    var bytes = try Fixture.bytes(name)
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    return bytes
  }

  /// Behind the pixels a BMP may miss what fills its last line, a GIF its end, a TIFF the link to another image.
  @Test(
    arguments: [
      ("bmp_24.bmp", 3), ("bmp_8.bmp", 1), ("bmp_rle8.bmp", 4), ("gif_old.gif", 1),
      ("gif_part_interlaced.gif", 1), ("tiff_lzw.tif", 4), ("tiff_deflate_tiles.tif", 4),
      ("tiff_none.tif", 4), ("animation_lossless.webp", nil),
    ] as [(String, Int?)])
  func whatIsCutIsRefused(name: String, missing: Int?) throws {
    let bytes = try Fixture.bytes(name)
    let whole = try decode(bytes)
    // Of an animation the first frame alone is read.
    let second = bytes.indices.last { bytes[$0...].starts(with: Array("ANMF".utf8)) }
    let end = missing.map { bytes.count - $0 } ?? second ?? 0
    for count in 0..<end {
      #expect(refusal(Array(bytes.prefix(count))) != nil, "\(count) of \(bytes.count) bytes")
    }
    #expect(try decode(Array(bytes.prefix(end))) == whole)
  }

  @Test func truncatedJPEGInsideOfTIFFIsRefused() throws {
    let bytes = try Fixture.bytes("tiff_jpeg.tif")
    // Every third strip of a byte that begins a marker or a scan, so that pixels are missing.
    let end = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xD9]) })
    var damaged = bytes
    for offset in (end - 200)..<end { damaged[offset] = offset % 2 == 0 ? 0xFF : 0xD9 }
    #expect(refusal(damaged)?.field == "TIFF data")
  }

  @Test func hugeExtentsAreRefusedByTheHeader() throws {
    let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0x7F]
    let field = "image width x height"
    #expect(refusal(try changed("bmp_24.bmp", at: 18, to: most + most))?.field == field)
    #expect(refusal(try changed("bmp_24.bmp", at: 18, to: [0, 0, 0, 0]))?.field == field)
    #expect(
      refusal(try changed("bmp_24_os2.bmp", at: 18, to: [255, 255, 255, 255]))?.field == field)
    #expect(refusal(try changed("gif_old.gif", at: 6, to: [255, 255, 255, 255]))?.field == field)
    // A frame that makes the canvas larger.
    let gif = try Fixture.bytes("gif_old.gif")
    let frame = try #require(gif[37...].firstIndex(of: UInt8(ascii: ",")))
    #expect(
      refusal(try changed("gif_old.gif", at: frame + 1, to: [255, 255, 255, 255]))?.field == field)
  }

  @Test(
    arguments: [
      ("bmp_24.bmp", 14, [41, 0], "BMP header"),
      ("bmp_24.bmp", 28, [25, 0], "BMP compression and bits"),
      ("bmp_24.bmp", 30, [4, 0], "BMP compression and bits"),
      ("bmp_8.bmp", 30, [2, 0], "BMP compression and bits"),
      ("bmp_8.bmp", 46, [1, 1], "BMP palette"), ("bmp_16_565.bmp", 54, [1, 2], "BMP masks"),
      ("bmp_24.bmp", 10, [255, 255, 255, 255], "BMP data"),
      ("bmp_rle8.bmp", 22, [200, 0], "BMP data"),
      ("gif_old.gif", 37, [0], "GIF data"), ("gif_old.gif", 42, [0, 0], "GIF frame"),
      ("gif_old.gif", 47, [9], "GIF data"),
    ] as [(String, Int, [UInt8], String)])
  func fieldsAreNamed(name: String, offset: Int, new: [UInt8], field: String) throws {
    #expect(refusal(try changed(name, at: offset, to: new))?.field == field)
  }

  /// Where a value of a TIFF's tag lies that is one SHORT, in little-endian order.
  private func place(of tag: UInt16, in bytes: [UInt8]) throws -> Int {
    let entry: [UInt8] = [UInt8(tag & 255), UInt8(tag >> 8), 3, 0, 1, 0, 0, 0]
    return try #require(bytes.indices.last { bytes[$0...].starts(with: entry) }) + 8
  }

  @Test(
    arguments: [
      ("tiff_none.tif", 259, 4, "TIFF compression"),
      ("tiff_none.tif", 259, 50000, "TIFF compression"),
      ("tiff_none.tif", 262, 6, "TIFF photometric"), ("tiff_none.tif", 262, 8, "TIFF photometric"),
      ("tiff_grey16.tif", 262, 0, "TIFF photometric"),
      ("tiff_grey8.tif", 258, 12, "TIFF bits a sample"),
      ("tiff_grey8.tif", 258, 32, "TIFF bits a sample"),
      ("tiff_rgba8_alpha.tif", 338, 3, "TIFF data"),
      ("tiff_cmyk8_more.tif", 338, 2, "TIFF extra samples"),
      ("tiff_grey_alpha.tif", 338, 1, "TIFF extra samples"),
    ] as [(String, UInt16, UInt16, String)])
  func tagsAreNamed(name: String, tag: UInt16, value: UInt16, field: String) throws {
    let bytes = try Fixture.bytes(name)
    let place = try place(of: tag, in: bytes)
    let new = [UInt8(value & 255), UInt8(value >> 8)]
    #expect(refusal(try changed(name, at: place, to: new))?.field == field)
  }

  @Test func entriesThatNameTheSameBytesAreRefused() throws {
    var bytes = Array("II".utf8) + [42, 0, 8, 0, 0, 0]
    let count = 2000
    bytes += [UInt8(count & 255), UInt8(count >> 8)]
    for entry in 0..<count {
      let tag = 1000 + entry
      // 16,000 bytes from byte 8 on.
      bytes += [UInt8(tag & 255), UInt8(tag >> 8), 1, 0, 0x80, 0x3E, 0, 0, 8, 0, 0, 0]
    }
    #expect(refusal(bytes)?.found.contains("overlap") == true)
  }

  /// Pillow takes such a palette for a picture of bits.
  @Test func aPaletteOfBlackAndWhiteIsOneOfTwoColours() throws {
    let sizes: [UInt8] = [
      66, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0,
    ]
    let form: [UInt8] = [1, 0, 8, 0] + [UInt8](repeating: 0, count: 16) + [2, 0, 0, 0, 0, 0, 0, 0]
    let header = Array("BM".utf8) + sizes + form
    let palette: [UInt8] = [0, 0, 0, 0, 255, 255, 255, 0]
    let image = try decode(header + palette + [0, 1, 1, 0])
    #expect(image.pixels == [0, 255, 255, 0].flatMap { [UInt8](repeating: $0, count: 3) })
  }

  /// Pillow takes the screen's palette in place of a frame's own that is a ramp of greys.
  @Test func aFramesOwnGreysAreItsColours() throws {
    var bytes = try Fixture.bytes("gif_own_palette.gif")
    let frame = try #require(bytes[37...].firstIndex(of: UInt8(ascii: ",")))
    bytes.replaceSubrange(frame + 10..<frame + 22, with: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    let image = try decode(bytes)
    #expect(Set(image.pixels) == [0, 1, 2, 3])
  }

  @Test func aFrameOutsideOfItsCanvasIsRefused() throws {
    let bytes = try Fixture.bytes("animation_part.webp")
    let frame = try #require(bytes.firstPlace(of: Array("ANMF".utf8))) + 8
    // Its left edge, and its width.
    for place in [frame, frame + 6] {
      #expect(
        refusal(try changed("animation_part.webp", at: place, to: [200]))?.field == "WebP frame")
    }
  }
}
