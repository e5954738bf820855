internal import ModelFacts

/// What transformers' image processor classes take where a file says nothing (transformers 5.24).
struct ProcessorClass: Sendable {
  /// The name without its suffix, e.g. `ViTImageProcessor`.
  let name: String

  /// Whether `size` is both sides or the shorter one.
  let isSquare: Bool
  let size: Int

  /// Whether a bare number for `size` is both sides.
  let numberIsSquare: Bool

  /// The side of a crop that is on by default; nil where it is off.
  let crop: Int?
  let interpolation: PreprocessFacts.Interpolation
  let mean: [Float]
  let standardDeviation: [Float]
  let convertsToRGB: Bool

  /// ConvNeXT's share of the resized side that is kept below 384 pixels.
  let cropShare: Double?

  /// Whether the numbers of images are resized, not their samples of 8 bits: the class has no form for Pillow.
  var resizesNumbers: Bool { name == "DINOv3ViTImageProcessor" }

  private init(
    _ name: String, size: Int = 224, isSquare: Bool = true, numberIsSquare: Bool = true,
    crop: Int? = nil, _ interpolation: PreprocessFacts.Interpolation = .bicubic,
    isCLIPs: Bool = false, isImageNets: Bool = false, convertsToRGB: Bool = false,
    cropShare: Double? = nil
  ) {
    self.name = name
    self.size = size
    self.isSquare = isSquare
    self.numberIsSquare = numberIsSquare
    self.crop = crop
    self.interpolation = interpolation
    mean =
      isCLIPs
      ? Statistics.clipMean : isImageNets ? Statistics.imageNetMean : Statistics.half
    standardDeviation =
      isCLIPs
      ? Statistics.clipDeviation : isImageNets ? Statistics.imageNetDeviation : Statistics.half
    self.convertsToRGB = convertsToRGB
    self.cropShare = cropShare
  }

  private static let all = [
    ProcessorClass("ViTImageProcessor", .bilinear),
    ProcessorClass("DeiTImageProcessor", size: 256, crop: 224),
    ProcessorClass("BeitImageProcessor"),
    ProcessorClass(
      "CLIPImageProcessor", isSquare: false, numberIsSquare: false, crop: 224, isCLIPs: true,
      convertsToRGB: true),
    ProcessorClass(
      "BitImageProcessor", isSquare: false, numberIsSquare: false, crop: 224, isCLIPs: true,
      convertsToRGB: true),
    ProcessorClass("SiglipImageProcessor", numberIsSquare: false, convertsToRGB: true),
    ProcessorClass("DINOv3ViTImageProcessor", .bilinear, isImageNets: true),
    ProcessorClass(
      "ConvNextImageProcessor", size: 384, isSquare: false, numberIsSquare: false,
      cropShare: 224.0 / 256),
  ]

  /// The names that may be asked for.
  static let names = all.map(\.name)

  /// The class of this name, whatever its suffix.
  static func named(_ name: String) -> ProcessorClass? {
    var name = name
    for suffix in ["Pil", "Fast"] where name.hasSuffix(suffix) {
      name.removeLast(suffix.count)
    }
    let old = "FeatureExtractor"
    if name.hasSuffix(old) { name = name.dropLast(old.count) + "ImageProcessor" }
    return all.first { $0.name == name }
  }
}
