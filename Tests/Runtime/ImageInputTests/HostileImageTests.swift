internal import CLibrary
internal import ImageInput
internal import Tensors
internal import Testing

@Suite struct HostileImageTests {
  @Test(arguments: [
    "baseline.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg", "stray_bytes.jpg",
    "lossy.webp", "lossless.webp", "lossy_alpha.webp",
  ])
  func everyTruncationIsRefused(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for count in 0..<bytes.count {
      #expect(refusal(Array(bytes.prefix(count))) != nil, "\(count) of \(bytes.count) bytes")
    }
  }

  /// Pillow asks for the pixels only: not for the end of their deflate stream (its 4 bytes of
  /// checksum), nor for the chunk's checksum and the chunk `IEND` behind it.
  @Test(arguments: ["filtered.png", "palette8_trns.png", "interlaced.png"])
  func truncatedPNGIsReadIfItHasAllPixels(name: String) throws {
    let bytes = try Fixture.bytes(name)
    let whole = try decode(bytes)
    #expect(bytes.suffix(8).prefix(4).elementsEqual("IEND".utf8))
    for count in 0..<bytes.count {
      let truncated = Array(bytes.prefix(count))
      if count >= bytes.count - 20 {
        #expect(try decode(truncated).pixels == whole.pixels, "\(count) of \(bytes.count) bytes")
      } else if count < bytes.count - 24 {
        #expect(refusal(truncated) != nil, "\(count) of \(bytes.count) bytes")
      }
    }
  }

  @Test func whatFollowsThePixelsOfPNGCountsAsInPillow() throws {
    let bytes = try Fixture.bytes("filtered.png")
    let pixels = Array(bytes.dropLast(12))
    let text: [UInt8] = [0, 0, 0, 3] + Array("tEXta".utf8) + [0] + Array("b".utf8)
    let whole = try decode(bytes)
    // No name of a chunk, a chunk without its checksum, and a checksum of another.
    for rest in [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], text, text + [1, 2, 3, 4]] {
      #expect(try decode(pixels + rest).pixels == whole.pixels)
    }
    // A chunk that is cut.
    for rest in [text.dropLast(), text.prefix(8)] {
      #expect(refusal(pixels + rest)?.field.hasPrefix("PNG chunk tEXt at byte ") == true)
    }
  }

  @Test(arguments: [
    "baseline.jpg", "progressive.jpg", "exif6.png", "lossy_alpha.webp", "alpha_palette_some.png",
    "alpha_rgb16.png", "animation_part.webp", "bmp_4.bmp", "bmp_rle4.bmp", "bmp_32_masks3.bmp",
    "gif_animated.gif", "gif_part_interlaced.gif", "tiff_big.tif", "tiff_turned6.tif",
    "tiff_planes_tiles.tif", "tiff_jpeg.tif", "tiff_palette2.tif",
  ])
  func everyBitFlipDecodesOrIsRefused(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for bit in 0..<min(bytes.count, 700) * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      // The point is that nothing traps; a flip inside coded pixels need not be noticed.
      for alpha in [ImageDecoder.Alpha.drop, .onWhite] {
        do {
          _ = try decode(damaged, orientation: .apply, alpha: alpha)
        } catch {
          #expect(error is InputError)
        }
      }
    }
  }

  @Test func hugeAndEmptyExtentsAreRefusedByTheHeader() throws {
    let sides: [[UInt8]] = [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 9], [0, 9, 0, 0], [0, 0, 0, 0]]
    for side in sides {
      var jpeg = try Fixture.bytes("baseline.jpg")
      let frame = try #require(jpeg.firstPlace(of: [0xFF, 0xC0]))
      jpeg.replaceSubrange(frame + 5..<frame + 9, with: side)
      #expect(refusal(jpeg)?.field == "image width x height")

      var png = try Fixture.bytes("filtered.png")
      png.replaceSubrange(16..<24, with: [0, 0] + side[0..<2] + [0, 0] + side[2..<4])
      #expect(refusal(png)?.field == "image width x height")
    }
    #expect(refusal(try Fixture.bytes("baseline.jpg")) == nil)
  }

  @Test func aFewBytesCannotClaimAManyMegapixelJPEG() throws {
    var jpeg = try Fixture.bytes("baseline.jpg")
    let frame = try #require(jpeg.firstPlace(of: [0xFF, 0xC0]))
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x1B, 0x58, 0x1B, 0x58])
    let found = try #require(refusal(jpeg)).found
    #expect(found.contains("too few for 7000 x 7000"))
  }

  @Test func progressiveJPEGOfManyScansIsRefused() throws {
    let jpeg = try Fixture.bytes("progressive.jpg")
    let last = try #require(jpeg.indices.last { jpeg[$0...].starts(with: [0xFF, 0xDA]) })
    let scan = jpeg[last..<(jpeg.count - 2)]
    var bomb = Array(jpeg[..<(jpeg.count - 2)])
    for _ in 0..<600 { bomb += scan }
    let error = try #require(refusal(bomb + [0xFF, 0xD9]))
    #expect(error.field == "JPEG scans" && error.expected.contains("500"))
  }

  @Test func badHuffmanTableIsReportedInTheDecodersWords() throws {
    var jpeg = try Fixture.bytes("baseline.jpg")
    let table = try #require(jpeg.firstPlace(of: [0xFF, 0xC4]))
    jpeg.replaceSubrange(table + 5..<table + 21, with: [UInt8](repeating: 255, count: 16))
    let error = try #require(refusal(jpeg))
    #expect(error.field == "JPEG data" && error.found.contains("Huffman"))
  }

  @Test func truncatedJPEGIsReportedInTheDecodersWords() throws {
    let jpeg = try Fixture.bytes("baseline.jpg")
    let error = try #require(refusal(Array(jpeg.prefix(jpeg.count - 100))))
    #expect(error.found == "libjpeg-turbo: Premature end of JPEG file")
  }

  @Test(arguments: [
    ("bad_ztxt_bomb.png", "zTXt"), ("bad_itxt_bomb.png", "iTXt"), ("bad_iccp_bomb.png", "iCCP"),
    ("bad_idat_short.png", "IDAT"), ("bad_idat_long.png", "IDAT"),
    ("bad_idat_trailing.png", "IDAT"),
  ])
  func badChunksOfPNGAreNamed(name: String, chunk: String) throws {
    let error = try #require(refusal(try Fixture.bytes(name)))
    #expect(error.field.hasPrefix("PNG chunk \(chunk) at byte "))
  }

  @Test func otherFilesAreRefused() {
    #expect(refusal([])?.found == "an empty file")
    #expect(refusal(Array("<html>".utf8))?.expected == "JPEG, PNG, WebP, GIF, BMP or TIFF")
    #expect(refusal(Array("<html>".utf8))?.found == "another kind of file")
  }

  @Test(arguments: [
    ("\u{0}\u{0}\u{0}\u{18}ftypheic", "HEIC"), ("\u{0}\u{0}\u{0}\u{18}ftypavif", "AVIF"),
    ("\u{0}\u{0}\u{0}\u{C}JXL ", "JPEG XL"), ("\u{0}\u{0}\u{0}\u{C}jP  ", "JPEG 2000"),
    ("8BPS", "Photoshop"), ("\u{0}\u{0}\u{1}\u{0}", "ICO"), ("%PDF-1.7", "PDF"), ("<svg>", "SVG"),
  ])
  func kindsThatAreNotReadAreNamed(start: String, name: String) {
    #expect(refusal(Array(start.utf8))?.found == "\(name), which is not read")
  }

  /// Standard input belongs to the commands.
  @Test func aDashIsAFileLikeAnother() throws {
    let error = #expect(throws: InputError.self) { try ImageDecoder.read(path: "-", alpha: .drop) }
    #expect(error?.kind == .unreadableFile)
    #expect(error?.file == "-")
  }

  @Test func foldersPipesAndMissingFilesAreRefusedWithoutWaiting() throws {
    let pipe = "/tmp/image-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    for (path, found) in [("/", "a folder"), (pipe, "a FIFO"), ("/nowhere", "No such file")] {
      let error = #expect(throws: InputError.self) {
        try ImageDecoder.read(path: path, alpha: .drop)
      }
      #expect(error?.found.hasPrefix(found) == true)
    }
  }
}

/// What lies behind a WebP's image in its file is no part of the image, however little of it there is.
@Suite struct ExtendedWebPTests {
  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt32(data.count).littleEndian, Array.init)
    return Array(name.utf8) + length + data + [UInt8](repeating: 0, count: data.count % 2)
  }

  /// The image of a plain file, `missing` bytes shorter, in an extended file with metadata behind it.
  private func extended(_ name: String, missing: Int) throws -> [UInt8] {
    let plain = try Fixture.bytes(name)
    let whole = try decode(plain)
    let (width, height) = (UInt8(whole.width - 1), UInt8(whole.height - 1))
    let image = chunk(
      String(decoding: plain[12..<16], as: UTF8.self), Array(plain[20...].dropLast(missing)))
    let metadata = chunk("XMP ", [UInt8](repeating: 0x41, count: plain.count))
    let content =
      Array("WEBP".utf8) + chunk("VP8X", [4, 0, 0, 0, width, 0, 0, height, 0, 0]) + image + metadata
    return Array("RIFF".utf8)
      + withUnsafeBytes(of: UInt32(content.count).littleEndian, Array.init) + content
  }

  @Test(arguments: ["lossy.webp", "lossless.webp"])
  func metadataIsNotReadAsPixels(name: String) throws {
    let plain = try Fixture.bytes(name)
    #expect(try decode(extended(name, missing: 0)) == decode(plain))
    for missing in [8, plain.count / 4, plain.count / 2] {
      #expect(try refusal(extended(name, missing: missing)) != nil, "\(missing) bytes short")
    }
  }
}
