package import Tensors

/// From a file to the 8-bit image that the network will see.
extension Preprocessing {
  /// Reads and decodes a file, its alpha treated as ``alpha`` says; grey for a model of one channel.
  /// - Parameter maximumPixels: the largest area that is decoded.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public func read(
    path: String, orientation: ImageDecoder.Orientation = .ignore,
    maximumPixels: Int = ImageDecoder.usualMaximumPixels
  ) throws -> RGBImage {
    try requireImageChannels(for: path)
    let image = try ImageDecoder.read(
      path: path, orientation: orientation, alpha: alpha, maximumPixels: maximumPixels)
    return channels == 1 ? image.grey : image
  }

  /// Throws unless images have as many channels as the model reads, or grey.
  private func requireImageChannels(for file: String) throws {
    guard channels != 1, channels != 3 else { return }
    throw InputError(
      .unsupported, file: file, field: "channels",
      expected: "a tensor, as the model reads \(channels) channels", found: "an image")
  }

  /// Reads, decodes, resizes and crops a file.
  ///
  /// The image is resized while its rows are decoded, so that its pixels need not be held, except
  /// where its format asks for it: interlaced PNG, progressive JPEG, WebP.
  /// - Parameter maximumPixels: the largest area that is decoded.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public func crop(
    path: String, orientation: ImageDecoder.Orientation = .ignore,
    maximumPixels: Int = ImageDecoder.usualMaximumPixels
  ) throws -> RGBImage {
    try prepare(path: path, orientation: orientation, maximumPixels: maximumPixels).crop
  }

  /// Resizes and crops an image, wherever it comes from; see ``crop(path:orientation:maximumPixels:)``.
  /// - Parameters:
  ///   - orientation: what is done with the orientation that an encoded image states.
  ///   - maximumPixels: the largest area that is decoded.
  /// - Throws: `InputError` naming the image and what is wrong with it.
  public func crop(
    _ source: ImageSource, orientation: ImageDecoder.Orientation = .ignore,
    maximumPixels: Int = ImageDecoder.usualMaximumPixels
  ) throws -> RGBImage {
    try crop(source, orientation: orientation, maximumPixels: maximumPixels, budget: nil)
  }

  /// As the public one.
  /// - Parameter budget: memory that several threads share; each image waits until there is enough.
  package func crop(
    _ source: ImageSource, orientation: ImageDecoder.Orientation, maximumPixels: Int,
    budget: MemoryBudget?
  ) throws -> RGBImage {
    switch source.place {
    case .file(let path):
      try prepare(
        path: path, orientation: orientation, maximumPixels: maximumPixels, budget: budget
      ).crop
    case .encoded(let bytes, let name):
      try bytes.withUnsafeBytes {
        try prepare(
          $0, file: name, orientation: orientation, maximumPixels: maximumPixels, budget: budget
        ).crop
      }
    case .decoded(let image, let name): try crop(image, file: name)
    }
  }

  /// A crop and how long it took.
  package struct Preparation: Sendable {
    package let crop: RGBImage

    /// Milliseconds of reading and decoding.
    package let decoding: Double

    /// Milliseconds of resizing and cropping.
    package let resizing: Double
  }

  /// As ``crop(path:orientation:maximumPixels:)``.
  /// - Parameter budget: memory that several threads share; each image waits until there is enough.
  package func prepare(
    path: String, orientation: ImageDecoder.Orientation, maximumPixels: Int,
    budget: MemoryBudget? = nil
  ) throws -> Preparation {
    try ImageDecoder.withBytes(of: path) { bytes in
      try prepare(
        bytes, file: path, orientation: orientation, maximumPixels: maximumPixels, budget: budget)
    }
  }

  /// As ``prepare(path:orientation:maximumPixels:budget:)``, of a file's bytes.
  package func prepare(
    _ bytes: UnsafeRawBufferPointer, file: String, orientation: ImageDecoder.Orientation,
    maximumPixels: Int, budget: MemoryBudget? = nil
  ) throws -> Preparation {
    try requireImageChannels(for: file)
    var (decoding, resizing) = (0.0, 0.0)
    var clock = Stopwatch()
    let (source, turn) = try ImageDecoder.open(
      bytes, file: file, orientation: orientation, alpha: alpha, maximumPixels: maximumPixels)
    let layout = try CropLayout(
      self, width: source.width, height: source.height, turn: turn, file: file)
    let resizer = try layout.resizer(file: file)
    let strip = try ByteBuffer(count: layout.stripBytes, for: file)
    let held = source.heldBytes + resizer.heldBytes + strip.count
    budget?.take(held)
    defer { budget?.give(held) }
    try source.start()
    for rows in layout.strips {
      let samples = strip.elements(of: UInt8.self)
      try source.read(rows, into: samples)
      if channels == 1 { Grey.convert(samples, pixels: rows.count * source.width) }
      decoding += clock.lap()
      resizer.take(rows, UnsafeBufferPointer(samples))
      resizing += clock.lap()
    }
    let crop = try layout.crop(resizer.finish(), file: file)
    return Preparation(crop: crop, decoding: decoding, resizing: resizing + clock.lap())
  }

  /// The resized and cropped or padded image, 8-bit, as the network will see it.
  ///
  /// Resizing is Pillow's to the bit; only rows and columns that survive the crop are computed.
  /// - Parameters:
  ///   - image: what ``read(path:orientation:maximumPixels:)`` gave.
  ///   - file: what errors call it.
  /// - Throws: `InputError` naming both sizes where the result would have other extents than the
  ///   model's and nothing crops it, or where the resized image would be empty or absurdly long.
  public func crop(_ image: RGBImage, file: String = "image") throws -> RGBImage {
    try requireImageChannels(for: file)
    let image = channels == 1 ? image.grey : image
    let layout = try CropLayout(
      self, width: image.width, height: image.height, turn: .none, file: file)
    let resizer = try layout.resizer(file: file)
    let rowBytes = image.width * 3
    image.pixels.withUnsafeBufferPointer { pixels in
      for rows in layout.strips {
        let part = pixels[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes]
        resizer.take(rows, UnsafeBufferPointer(rebasing: part))
      }
    }
    return try layout.crop(resizer.finish(), file: file)
  }
}
