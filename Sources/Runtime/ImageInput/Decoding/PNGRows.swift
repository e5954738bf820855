internal import CSPNG
internal import Tensors

/// PNG of every colour type and depth by libspng, whose errors are return values.
final class PNGRows: RowSource {
  /// The most memory for all ancillary chunks together, and for one.
  private static let chunkLimit = 64 << 20

  /// What libspng is asked for, and how it becomes RGB.
  private enum Form {
    case colours
    /// Composited onto white.
    case coloursWithAlpha
    /// 16 bits, big-endian.
    case deepGrey

    var bytesPerPixel: Int {
      switch self {
      case .colours: 3
      case .coloursWithAlpha: 4
      case .deepGrey: 2
      }
    }

    var code: Int32 {
      switch self {
      case .colours: Int32(SPNG_FMT_RGB8.rawValue)
      case .coloursWithAlpha: Int32(SPNG_FMT_RGBA8.rawValue)
      case .deepGrey: Int32(SPNG_FMT_RAW.rawValue)
      }
    }
  }

  let width: Int
  let height: Int
  let heldBytes: Int

  private let file: String
  private let context: OpaquePointer
  private let form: Form
  private let isInterlaced: Bool

  /// The file's bytes with the end that they lack, if they lack one.
  private let ended: ByteBuffer?

  /// The colour that becomes white.
  private let transparent: [UInt8]?

  /// The pixels of an interlaced image, which come in no order of rows, or the bytes of one row.
  private var decoded: ByteBuffer?
  private var row = 0

  init(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: ImageDecoder.Alpha, limit: PixelLimit
  ) throws {
    let chunks = try PNGChunks(bytes, file: file, limit: limit)
    let header = chunks.header
    self.file = file
    (width, height, isInterlaced) = (header.width, header.height, header.isInterlaced)
    if header.colourType == SPNG_COLOR_TYPE_GRAYSCALE.rawValue && header.depth == 16 {
      form = .deepGrey
    } else {
      form = alpha == .onWhite && Self.hasAlpha(chunks) ? .coloursWithAlpha : .colours
    }
    transparent = alpha == .onWhite ? Self.transparentColour(chunks) : nil
    ended = try chunks.ended()
    heldBytes =
      (ended?.count ?? 0) + (isInterlaced ? header.width * header.height : 0) * form.bytesPerPixel
    guard let context = spng_ctx_new(0) else {
      throw InputError.noMemory(file, nil, "none for a decoder")
    }
    self.context = context
    try check(spng_set_image_limits(context, 0x7FFF_FFFF, 0x7FFF_FFFF))
    try check(spng_set_chunk_limits(context, Self.chunkLimit, Self.chunkLimit))
    let source = ended.map { UnsafeRawBufferPointer($0.bytes) } ?? bytes
    try check(spng_set_png_buffer(context, source.baseAddress, source.count))
  }

  deinit { spng_ctx_free(context) }

  private func check(_ status: Int32) throws {
    guard status != 0 else { return }
    let words = "libspng: " + String(cString: spng_strerror(status))
    throw status == SPNG_EMEM.rawValue
      ? InputError.noMemory(file, nil, words) : .imageData(file, "PNG", found: words)
  }

  private var rowBytes: Int { width * form.bytesPerPixel }

  func start() throws {
    var size = 0
    try check(spng_decoded_image_size(context, form.code, &size))
    try check(size == rowBytes * height ? 0 : Int32(SPNG_EBUFSIZ.rawValue))
    let flags = form == .coloursWithAlpha ? Int32(SPNG_DECODE_TRNS.rawValue) : 0
    if isInterlaced {
      let pixels = try ByteBuffer(count: size, for: file)
      try check(spng_decode_image(context, pixels.bytes.baseAddress, size, form.code, flags))
      decoded = pixels
    } else {
      decoded = try ByteBuffer(count: rowBytes, for: file)
      let progressive = Int32(SPNG_DECODE_PROGRESSIVE.rawValue)
      try check(spng_decode_image(context, nil, 0, form.code, flags | progressive))
    }
  }

  func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    guard let decoded = decoded?.elements(of: UInt8.self).baseAddress else { return }
    var source = decoded
    if isInterlaced {
      source += row * rowBytes
    } else {
      let status = spng_decode_row(context, source, rowBytes)
      let isLast = row == height - 1 && status == SPNG_EOI.rawValue
      try check(isLast ? 0 : status)
    }
    row += 1
    switch form {
    case .colours: samples.update(from: source, count: rowBytes)
    case .coloursWithAlpha: White.composite(source, to: samples, pixels: width)
    case .deepGrey: Self.spreadDeepGrey(source, to: samples, pixels: width)
    }
    if let transparent { White.replace(transparent, in: samples, pixels: width) }
  }

  /// Whether pixels or the palette have alphas.
  private static func hasAlpha(_ chunks: PNGChunks) -> Bool {
    switch spng_color_type(UInt32(chunks.header.colourType)) {
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA: true
    case SPNG_COLOR_TYPE_INDEXED: chunks.transparency != nil
    default: false
    }
  }

  /// The colour that stands for a transparent pixel. As in Pillow it is compared with what has become
  /// of the samples, 8 bits, though the file gives it in the file's depth.
  private static func transparentColour(_ chunks: PNGChunks) -> [UInt8]? {
    guard let data = chunks.transparency else { return nil }
    switch spng_color_type(UInt32(chunks.header.colourType)) {
    case SPNG_COLOR_TYPE_GRAYSCALE where data.count >= 2:
      let isBit = chunks.header.depth == 1
      let key = isBit ? (data[0] | data[1] == 0 ? 0 : 255) : data[1]
      return [key, key, key]
    case SPNG_COLOR_TYPE_TRUECOLOR where data.count >= 6: return [data[1], data[3], data[5]]
    default: return nil
    }
  }

  /// Big-endian 16-bit grey to RGB as Pillow converts its mode `I;16`, where values above 255 are white.
  private static func spreadDeepGrey(
    _ grey: UnsafePointer<UInt8>, to samples: UnsafeMutablePointer<UInt8>, pixels: Int
  ) {
    for pixel in 0..<pixels {
      let value = grey[pixel * 2] == 0 ? grey[pixel * 2 + 1] : 255
      for channel in 0..<3 { samples[pixel * 3 + channel] = value }
    }
  }
}
