internal import Tensors

/// BMP of every depth, with a palette or without, in rows or in runs, by code of our own: the format is too small
/// for a library.
final class BMPRows: RowSource {
  let width: Int
  let height: Int

  /// Of runs, whose rows have no places, all pixels.
  let heldBytes: Int

  private let file: String
  private let bytes: UnsafeRawBufferPointer
  private let header: BMPHeader
  private let isOnWhite: Bool
  private var indices: ByteBuffer?

  /// RGBA of a row that is to be composited.
  private var composited: ByteBuffer?
  private var row = 0

  init(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: ImageDecoder.Alpha, limit: PixelLimit
  ) throws {
    header = try BMPHeader(bytes, file: file, limit: limit)
    (self.bytes, self.file) = (bytes, file)
    (width, height) = (header.width, header.height)
    switch header.layout {
    case .runs:
      heldBytes = width * height
      isOnWhite = false
    case .bytes(_, _, _, _, let place):
      heldBytes = 0
      isOnWhite = alpha == .onWhite && place != nil
    case .indices, .packed:
      heldBytes = 0
      isOnWhite = false
    }
  }

  func start() throws {
    if isOnWhite { composited = try ByteBuffer(count: width * 4, for: file) }
    guard case .runs(let bits) = header.layout else { return }
    let indices = try ByteBuffer(count: width * height, for: file)
    let count = BMPRuns.decode(
      bytes, from: header.pixels, bits: bits, width: width, to: indices.elements(of: UInt8.self))
    guard count == width * height else {
      throw InputError.imageData(
        file, "BMP", found: "runs of \(count) pixels for \(width) x \(height)")
    }
    self.indices = indices
  }

  func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    let stored = header.isTopDown ? row : height - 1 - row
    row += 1
    if let indices = indices?.elements(of: UInt8.self) {
      for pixel in 0..<width {
        write(colour: Int(indices[stored * width + pixel]), to: samples + pixel * 3)
      }
      return
    }
    let source = try rowBytes(stored)
    switch header.layout {
    case .indices(let bits):
      for pixel in 0..<width {
        let bit = pixel * bits
        let index = Int(source[bit / 8]) >> (8 - bits - bit % 8) & (1 << bits - 1)
        write(colour: index, to: samples + pixel * 3)
      }
    case .packed(let greenBits):
      for pixel in 0..<width {
        let value = Int(source[pixel * 2]) | Int(source[pixel * 2 + 1]) << 8
        let most = 1 << greenBits - 1
        samples[pixel * 3] = UInt8((value >> (5 + greenBits) & 31) * 255 / 31)
        samples[pixel * 3 + 1] = UInt8((value >> 5 & most) * 255 / most)
        samples[pixel * 3 + 2] = UInt8((value & 31) * 255 / 31)
      }
    case .bytes(let count, let red, let green, let blue, let alpha):
      if isOnWhite, let alpha, let colours = composited?.elements(of: UInt8.self).baseAddress {
        for pixel in 0..<width {
          for (channel, place) in [red, green, blue, alpha].enumerated() {
            colours[pixel * 4 + channel] = source[pixel * count + place]
          }
        }
        return White.composite(colours, to: samples, pixels: width)
      }
      for pixel in 0..<width {
        samples[pixel * 3] = source[pixel * count + red]
        samples[pixel * 3 + 1] = source[pixel * count + green]
        samples[pixel * 3 + 2] = source[pixel * count + blue]
      }
    case .runs: break
    }
  }

  /// A stored row; of the last one what fills it up to whole words may be missing.
  private func rowBytes(_ stored: Int) throws -> UnsafeRawBufferPointer {
    let bits =
      switch header.layout {
      case .indices(let bits), .runs(let bits): bits
      case .packed: 16
      case .bytes(let count, _, _, _, _): count * 8
      }
    let count = (width * bits + 7) / 8
    let (start, overflow) = header.pixels.addingReportingOverflow(stored * header.stride)
    guard !overflow, start <= bytes.count - count else {
      throw InputError.imageData(file, "BMP", found: "the end of the file in its pixels")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
  }

  /// A colour of the palette; as in Pillow black where there is none.
  private func write(colour: Int, to pixel: UnsafeMutablePointer<UInt8>) {
    let place = colour * 3
    let isThere = place < header.palette.count
    for channel in 0..<3 { pixel[channel] = isThere ? header.palette[place + channel] : 0 }
  }
}
