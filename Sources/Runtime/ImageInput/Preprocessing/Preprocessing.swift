internal import Tensors

/// How an image becomes the input tensor. The values here span timm's evaluation transforms and
/// the PIL backend of transformers' image processors, which they equal to the bit.
///
/// ```swift
/// let crop = try preprocessing.crop(path: "photo.jpg")
/// try preprocessing.normalise(crop, into: tensor)
/// ```
public struct Preprocessing: Sendable, Equatable {
  /// Resampling filters, Pillow's.
  public enum Interpolation: Sendable, CaseIterable {
    case nearest
    case lanczos
    case bilinear
    case bicubic
    case box
    case hamming
  }

  /// The extents that an image is resized to before the crop.
  public enum Resize: Sendable, Equatable {
    /// The image keeps its extents.
    case none
    /// The shorter side becomes this, the longer follows, rounded down.
    case shortestEdge(Int)
    /// The extents become these; the aspect ratio is not kept.
    case squash(height: Int, width: Int)
    /// The aspect ratio is kept and these extents are covered.
    case cover(height: Int, width: Int)
    /// The aspect ratio is kept and the whole image fits into these extents.
    case fit(height: Int, width: Int)
  }

  /// How a resized image of other extents than the tensor's comes to these.
  public enum Crop: Sendable, Equatable {
    /// It is refused.
    case none
    /// Torchvision's centre: cut in front by half of the excess, rounded half to even, padded in front
    /// by half of what is missing, rounded down.
    case torchvision
    /// The centre of transformers: cut in front by half of the excess, rounded down, padded in front
    /// by half of what is missing, rounded up.
    case transformers
  }

  /// How 8-bit samples become numbers before normalisation.
  public enum Rescale: Sendable, Equatable {
    /// Divided by 255 in float32.
    case divideBy255
    /// Multiplied in float64 and rounded to float32.
    case multiply(Double)
  }

  /// The largest extent of the tensor and of a resize's aim.
  public static let maximumExtent = 65536

  /// Rows of the input tensor.
  public let height: Int

  /// Columns of the input tensor.
  public let width: Int

  /// The extents before the crop.
  public let resize: Resize

  /// Resampling filter of the resize.
  public let interpolation: Interpolation

  /// How the resized image comes to the tensor's extents.
  public let crop: Crop

  /// Samples of pixels that padding adds, as many as ``channels``.
  public let fill: [UInt8]

  /// What is done with an alpha channel; ``read(path:orientation:maximumPixels:)`` does it.
  public let alpha: ImageDecoder.Alpha

  /// How samples are scaled.
  public let rescale: Rescale

  /// Mean of each channel after scaling.
  public let mean: [Float]

  /// Standard deviation of each channel after scaling.
  public let standardDeviation: [Float]

  /// Channels of the tensor. 3 are R, G, B; 1 is the grey that Pillow's `convert("L")` makes of them before anything else.
  /// Images are refused for any other number: such a model runs tensors.
  public var channels: Int { mean.count }

  /// A transform of a caller's own.
  /// - Throws: `InputError` unless all extents, the resize's too, are from 1 to ``maximumExtent``, and `fill`, `mean`
  ///   and `standardDeviation` have an element for each of three channels or for the one of grey, finite and the last
  ///   not 0.
  public static func custom(
    height: Int, width: Int, resize: Resize, interpolation: Interpolation = .bicubic,
    crop: Crop = .torchvision, fill: [UInt8]? = nil, alpha: ImageDecoder.Alpha = .drop,
    rescale: Rescale = .divideBy255, mean: [Float], standardDeviation: [Float]
  ) throws -> Preprocessing {
    let channels = mean.count
    let fill = fill ?? [UInt8](repeating: 0, count: channels)
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: String) throws {
      if holds { return }
      throw InputError(
        .invalidOption, file: "preprocessing", field: field, expected: expected, found: found)
    }
    let extents = [height, width] + resize.extents
    try require(
      extents.allSatisfy((1...maximumExtent).contains), "extents", "1 to \(maximumExtent)",
      "\(extents)")
    try require(
      [1, 3].contains(channels) && mean.allSatisfy(\.isFinite), "mean",
      "three finite numbers, or one for grey", "\(mean)")
    try require(fill.count == channels, "fill", "\(channels) samples", "\(fill.count)")
    try require(
      standardDeviation.count == channels
        && standardDeviation.allSatisfy { $0.isFinite && $0 != 0 },
      "standard deviation", "\(channels) finite numbers other than 0", "\(standardDeviation)")
    return Preprocessing(
      height: height, width: width, resize: resize, interpolation: interpolation, crop: crop,
      fill: fill, alpha: alpha, rescale: rescale, mean: mean, standardDeviation: standardDeviation)
  }

  /// A transform to positive extents, at most ``maximumExtent`` like the resize's; `fill`, `mean` and
  /// `standardDeviation` have an element for each channel.
  package init(
    height: Int, width: Int, resize: Resize, interpolation: Interpolation = .bicubic,
    crop: Crop = .torchvision, fill: [UInt8] = [0, 0, 0], alpha: ImageDecoder.Alpha = .drop,
    rescale: Rescale = .divideBy255, mean: [Float], standardDeviation: [Float]
  ) {
    precondition(
      !mean.isEmpty && fill.count == mean.count && standardDeviation.count == mean.count)
    precondition(
      ([height, width] + resize.extents).allSatisfy((1...Self.maximumExtent).contains))
    self.height = height
    self.width = width
    self.resize = resize
    self.interpolation = interpolation
    self.crop = crop
    self.fill = fill
    self.alpha = alpha
    self.rescale = rescale
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}

extension Preprocessing.Resize {
  fileprivate var extents: [Int] {
    switch self {
    case .none: []
    case .shortestEdge(let edge): [edge]
    case .squash(let height, let width), .cover(let height, let width),
      .fit(let height, let width):
      [height, width]
    }
  }
}
