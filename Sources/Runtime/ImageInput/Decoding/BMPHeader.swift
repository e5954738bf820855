internal import Tensors

/// What the headers of a BMP file say: Windows' versions 2 to 5, and OS/2's.
struct BMPHeader {
  /// How pixels are stored.
  enum Layout: Equatable {
    /// Places in the palette, of 1, 4 or 8 bits, the first pixel's in the highest.
    case indices(bits: Int)
    /// Places in the palette as runs, of 4 or 8 bits.
    case runs(bits: Int)
    /// 5 bits of each colour in 16, or 6 of green.
    case packed(greenBits: Int)
    /// Where the bytes of a pixel have its colours, and its alpha if it has one.
    case bytes(count: Int, red: Int, green: Int, blue: Int, alpha: Int?)
  }

  let width: Int
  let height: Int
  let isTopDown: Bool
  let layout: Layout

  /// RGB of up to 256 colours.
  let palette: [UInt8]

  /// Where the pixels begin in the file.
  let pixels: Int

  /// Bytes from one row to the next, of rows that are no runs.
  let stride: Int

  /// Bits that stand for a colour in each 32-bit pixel, and which bytes of it they are.
  private static let masks: [(masks: [Int], red: Int, green: Int, blue: Int, alpha: Int?)] = [
    ([0xFF_0000, 0xFF00, 0xFF, 0], 2, 1, 0, nil),
    ([0xFF00_0000, 0xFF_0000, 0xFF00, 0], 3, 2, 1, nil),
    ([0xFF00_0000, 0xFF00, 0xFF, 0], 3, 1, 0, nil),
    ([0xFF00_0000, 0xFF_0000, 0xFF00, 0xFF], 3, 2, 1, 0),
    ([0xFF, 0xFF00, 0xFF_0000, 0xFF00_0000], 0, 1, 2, 3),
    ([0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000], 2, 1, 0, 3),
    ([0xFF00_0000, 0xFF00, 0xFF, 0xFF_0000], 3, 1, 0, 2),
    ([0, 0, 0, 0], 2, 1, 0, 3),
  ]

  /// - Throws: `InputError` for what is no BMP, or one of a kind that Pillow does not read either.
  init(_ bytes: UnsafeRawBufferPointer, file: String, limit: PixelLimit) throws {
    func integer(_ offset: Int, _ size: Int) throws -> Int {
      guard offset <= bytes.count - size else {
        throw InputError.imageData(file, "BMP", found: "the end of the file in its header")
      }
      return bytes[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let size = try integer(14, 4)
    let isCore = size == 12
    guard isCore || [40, 52, 56, 64, 108, 124].contains(size) else {
      throw InputError.imageField(
        file, "BMP header", expected: "12, 40, 52, 56, 64, 108 or 124 bytes", found: "\(size)")
    }
    width = try isCore ? integer(18, 2) : integer(18, 4)
    let storedHeight = try isCore ? integer(20, 2) : integer(22, 4)
    // A height below zero says that the first row comes first; Pillow believes it down to -2^24.
    isTopDown = !isCore && storedHeight >> 24 == 0xFF
    height = isTopDown ? 1 << 32 - storedHeight : storedHeight
    try limit.check(width: width, height: height, file: file)
    let bits = try integer(isCore ? 24 : 28, 2)
    let compression = try isCore ? 0 : integer(30, 4)
    let end = 14 + size
    let isMasked = compression == 3 && size != 64
    let masks =
      try isMasked
      ? (0..<4).map { place in
        // Alone the header of 40 bytes has its masks behind it, and no mask of alphas.
        place < 3 || size >= 56 ? try integer(54 + place * 4, 4) : 0
      } : []
    layout = try Self.layout(bits, compression, masks: masks, isMasked: isMasked, file)
    stride = (width * bits + 31) / 32 * 4

    var offset = try integer(10, 4)
    switch layout {
    case .indices, .runs:
      let colours = try isCore ? 0 : integer(46, 4)
      let count = colours == 0 ? 1 << bits : colours
      guard count <= 256 else {
        throw InputError.imageField(
          file, "BMP palette", expected: "at most 256 colours", found: "\(count)")
      }
      let entry = isCore ? 3 : 4
      guard end <= bytes.count - entry * count else {
        throw InputError.imageData(file, "BMP", found: "the end of the file in its palette")
      }
      palette = (0..<count).flatMap { colour in
        (0..<3).map { bytes[end + colour * entry + 2 - $0] }
      }
      // Some programs leave the palette out of account.
      if offset == end { offset += entry * count }
      if offset == 0 { offset = end + entry * count }
    case .packed, .bytes:
      palette = []
      if offset == 0 { offset = end + (isMasked && size == 40 ? 12 : 0) }
    }
    pixels = offset
  }

  private static func layout(
    _ bits: Int, _ compression: Int, masks: [Int], isMasked: Bool, _ file: String
  ) throws -> Layout {
    switch (compression, bits) {
    case (0, 1), (0, 4), (0, 8): return .indices(bits: bits)
    case (1, 8), (2, 4): return .runs(bits: bits)
    case (0, 16): return .packed(greenBits: 5)
    case (0, 24): return .bytes(count: 3, red: 2, green: 1, blue: 0, alpha: nil)
    case (0, 32): return .bytes(count: 4, red: 2, green: 1, blue: 0, alpha: nil)
    default: break
    }
    guard isMasked else {
      throw InputError.imageField(
        file, "BMP compression and bits",
        expected: "0 of 1, 4, 8, 16, 24 or 32 bits, 1 of 8, 2 of 4 or 3 of 16, 24 or 32",
        found: "\(compression) of \(bits)")
    }
    switch (bits, Array(masks[..<3])) {
    case (16, [0xF800, 0x7E0, 0x1F]): return .packed(greenBits: 6)
    case (16, [0x7C00, 0x3E0, 0x1F]): return .packed(greenBits: 5)
    case (24, [0xFF_0000, 0xFF00, 0xFF]):
      return .bytes(count: 3, red: 2, green: 1, blue: 0, alpha: nil)
    case (32, _):
      if let known = Self.masks.first(where: { $0.masks == masks }) {
        return .bytes(
          count: 4, red: known.red, green: known.green, blue: known.blue, alpha: known.alpha)
      }
    default: break
    }
    throw InputError.imageField(
      file, "BMP masks", expected: "those of 5, 6 or 8 bits a colour",
      found: masks.map { String($0, radix: 16) }.joined(separator: ", ") + " of \(bits) bits")
  }
}
