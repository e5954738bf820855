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

  /// Samples R, G, B of pixels that padding adds.
  public let fill: [UInt8]

  /// What is done with an alpha channel; ``read(path:orientation:maximumPixels:)`` does it.
  public let alpha: ImageDecoder.Alpha

  /// How samples are scaled.
  public let rescale: Rescale

  /// Mean of R, G, B after scaling.
  public let mean: [Float]

  /// Standard deviation of R, G, B after scaling.
  public let standardDeviation: [Float]

  /// A transform of a caller's own.
  /// - Throws: `InputError` unless all extents, the resize's too, are from 1 to ``maximumExtent``, and `fill`, `mean`
  ///   and `standardDeviation` have three elements each, finite and the last not 0.
  public static func custom(
    height: Int, width: Int, resize: Resize, interpolation: Interpolation = .bicubic,
    crop: Crop = .torchvision, fill: [UInt8] = [0, 0, 0], alpha: ImageDecoder.Alpha = .drop,
    rescale: Rescale = .divideBy255, mean: [Float], standardDeviation: [Float]
  ) throws -> Preprocessing {
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: String) throws {
      if holds { return }
      throw InputError(
        .invalidOption, file: "preprocessing", field: field, expected: expected, found: found)
    }
    let extents = [height, width] + resize.extents
    try require(
      extents.allSatisfy((1...maximumExtent).contains), "extents", "1 to \(maximumExtent)",
      "\(extents)")
    try require(fill.count == 3, "fill", "three samples", "\(fill.count)")
    try require(
      mean.count == 3 && mean.allSatisfy(\.isFinite), "mean", "three finite numbers", "\(mean)")
    try require(
      standardDeviation.count == 3 && standardDeviation.allSatisfy { $0.isFinite && $0 != 0 },
      "standard deviation", "three finite numbers other than 0", "\(standardDeviation)")
    return Preprocessing(
      height: height, width: width, resize: resize, interpolation: interpolation, crop: crop,
      fill: fill, alpha: alpha, rescale: rescale, mean: mean, standardDeviation: standardDeviation)
  }

  /// A transform to positive extents, at most ``maximumExtent`` like the resize's; `fill`, `mean` and
  /// `standardDeviation` have three elements each.
  package init(
    height: Int, width: Int, resize: Resize, interpolation: Interpolation = .bicubic,
    crop: Crop = .torchvision, fill: [UInt8] = [0, 0, 0], alpha: ImageDecoder.Alpha = .drop,
    rescale: Rescale = .divideBy255, mean: [Float], standardDeviation: [Float]
  ) {
    precondition(fill.count == 3 && mean.count == 3 && standardDeviation.count == 3)
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
