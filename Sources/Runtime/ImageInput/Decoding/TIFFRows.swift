internal import CTIFFRows
internal import Tensors

/// The first image of a TIFF by libtiff, in strips or tiles, with a pixel's samples together or each in an image of
/// its own.
final class TIFFRows: RowSource {
  /// What libtiff may take at once: its tables of strips, and a part of the file whose bits run the other way.
  private static let mostBytes = 64 << 20

  /// What may be decoded beside the image itself: blocks reach beyond it.
  private static let mostBeside = 256 << 20

  let width: Int
  let height: Int
  let heldBytes: Int

  /// How it is meant to be seen, as EXIF counts.
  let orientation: Int

  private let file: String
  private let tiff: OpaquePointer
  private let form: TIFFForm
  private let composites: Bool

  /// Extents of a block: a tile, or rows of the whole width.
  private let block: (width: Int, height: Int)

  /// Blocks beside each other, and one below the other.
  private let across: Int
  private let down: Int
  private let isTiled: Bool

  /// How many images there are, one for each sample or one for all.
  private let planes: Int
  private let rowBytes: Int
  private let blockBytes: Int

  /// The blocks of one row of them, plane after plane.
  private var blocks: ByteBuffer?

  /// A row with a byte a sample, and RGBA of it.
  private var packed: ByteBuffer?
  private var composited: ByteBuffer?
  private var row = 0

  init(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: ImageDecoder.Alpha, limit: PixelLimit
  ) throws {
    guard let directory = TIFFDirectory(bytes), directory.valueBytes <= bytes.count else {
      throw InputError.imageData(
        file, "TIFF", found: "a directory that is not whole, or whose entries overlap")
    }
    guard
      let tiff = vit_tiff_open(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    else { throw InputError.noMemory(file, nil, "none for a decoder") }
    do {
      var header = vit_tiff_header()
      guard vit_tiff_read_header(tiff, Self.mostBytes, &header) != 0 else {
        throw Self.failure(tiff, file)
      }
      (width, height) = (Int(header.width), Int(header.height))
      try limit.check(width: width, height: height, file: file)
      form = try TIFFForm(header, directory, file: file)
      let layout = try Self.layout(header, form, file)
      planes = header.is_planar != 0 ? form.samples : 1
      (block, isTiled, rowBytes, blockBytes) =
        (
          layout.block, layout.isTiled, layout.rowBytes,
          Self.capped(layout.rowBytes, layout.block.height)
        )
      across = (width + block.width - 1) / block.width
      down = (height + block.height - 1) / block.height
      // Of a block that is coded as JPEG libjpeg may hold the coefficients, of two bytes each.
      let coded = header.compression == 7 ? Int(clamping: header.block_bytes) : 0
      heldBytes = Self.capped(blockBytes, planes * across) + Self.capped(coded, 2)
      try limit.check(heldBytes: heldBytes, width: width, height: height, file: file)
      let decoded = Self.capped(Self.capped(blockBytes, planes * across), down)
      let own = Self.capped(Self.capped(width, height), form.samples * 2)
      guard decoded <= Self.mostBeside + own else {
        throw InputError.imageField(
          file, "TIFF tiles", expected: "at most \(Self.mostBeside) bytes beside the image",
          found: "\(decoded) of \(width) x \(height) pixels")
      }
      orientation = Int(header.orientation)
    } catch {
      vit_tiff_close(tiff)
      throw error
    }
    self.file = file
    self.tiff = tiff
    composites = form.alpha != .none && alpha == .onWhite
  }

  deinit { vit_tiff_close(tiff) }

  /// A product that no memory could be taken for is as good as any other.
  private static func capped(_ first: Int, _ second: Int) -> Int {
    let (product, overflow) = first.multipliedReportingOverflow(by: second)
    return overflow ? 1 << 60 : min(product, 1 << 60)
  }

  /// Whether a file begins as a TIFF does.
  static func isTIFF(_ bytes: UnsafeRawBufferPointer) -> Bool { TIFFDirectory.isTIFF(bytes) }

  private static func failure(_ tiff: OpaquePointer, _ file: String) -> InputError {
    let words = "libtiff: " + String(cString: vit_tiff_message(tiff))
    return vit_tiff_lacks_memory(tiff) != 0
      ? .noMemory(file, nil, words) : .imageData(file, "TIFF", found: words)
  }

  /// How blocks lie: those of strips with all samples together are single rows, which libtiff gives in order.
  private static func layout(_ header: vit_tiff_header, _ form: TIFFForm, _ file: String) throws
    -> (block: (width: Int, height: Int), isTiled: Bool, rowBytes: Int)
  {
    let isTiled = header.tile_width > 0
    let isPlanar = header.is_planar != 0
    let width = Int(isTiled ? header.tile_width : header.width)
    let height = Int(isTiled ? header.tile_height : isPlanar ? header.strip_rows : 1)
    let rowBytes = (width * form.bits * (isPlanar ? 1 : form.samples) + 7) / 8
    guard height > 0, UInt64(rowBytes) == header.row_bytes else {
      throw InputError.imageField(
        file, "TIFF strips or tiles", expected: "rows of \(rowBytes) bytes",
        found: "\(header.row_bytes)")
    }
    return ((width, height), isTiled, rowBytes)
  }

  func start() throws {
    blocks = try ByteBuffer(count: blockBytes * planes * across, for: file)
    packed = try ByteBuffer(count: width * form.samples, for: file)
    if composites || form.alpha == .premultiplied {
      composited = try ByteBuffer(count: width * 4, for: file)
    }
  }

  func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    guard let blocks = blocks?.elements(of: UInt8.self).baseAddress,
      let packed = packed?.elements(of: UInt8.self).baseAddress
    else { return }
    let line = row % block.height
    if line == 0 { try readBlocks(blocks) }
    let together = planes == 1 ? form.samples : 1
    for plane in 0..<planes {
      for place in 0..<across {
        let first = place * block.width
        TIFFSamples.unpack(
          blocks + (plane * across + place) * blockBytes + line * rowBytes, bits: form.bits,
          together: together, pixels: min(block.width, width - first), isGrey: form.isGrey,
          to: packed + first * form.samples + plane, stride: form.samples)
      }
    }
    row += 1
    TIFFSamples.convert(
      packed, form, pixels: width, isOnWhite: composites,
      colours: composited?.elements(of: UInt8.self).baseAddress, to: samples)
  }

  /// Reads the blocks that the next rows lie in.
  private func readBlocks(_ blocks: UnsafeMutablePointer<UInt8>) throws {
    guard isTiled || planes > 1 else {
      return try check(vit_tiff_read_row(tiff, UInt32(row), blocks))
    }
    let first = row / block.height
    for plane in 0..<planes {
      for place in 0..<across {
        let target = blocks + (plane * across + place) * blockBytes
        // libtiff refuses numbers of blocks that there are not.
        let number = UInt32(clamping: (plane * down + first) * across + place)
        if isTiled {
          try check(vit_tiff_read_tile(tiff, number, target, blockBytes))
        } else {
          // The last strip ends with the image.
          let rows = min(block.height, height - row)
          try check(vit_tiff_read_strip(tiff, number, target, rows * rowBytes))
        }
      }
    }
  }

  private func check(_ status: Int32) throws {
    guard status != 0 else { throw Self.failure(tiff, file) }
  }
}
