package import Records

/// How an image becomes the input tensor: decoded, resized, cropped or padded to the model's extents,
/// scaled and normalised. Every geometry of timm's evaluation transform and of transformers' image
/// processors is a value of this type; sizes are whole pixels, so that nothing is rounded twice.
package struct PreprocessFacts: Record, Equatable {
  /// Resampling filters, under Pillow's numbers, which are also those of transformers' `resample`.
  package enum Interpolation: UInt8, Choice {
    case nearest = 0
    case lanczos = 1
    case bilinear = 2
    case bicubic = 3
    case box = 4
    case hamming = 5
  }

  /// What the extents of the resized image are, from the image's own and ``resizeHeight`` and
  /// ``resizeWidth``. Ratios and products are float64, as Python computes them.
  package enum Resize: UInt8, Choice {
    /// The image keeps its extents.
    case none = 0
    /// The shorter side becomes `resizeHeight` (which `resizeWidth` equals), the longer
    /// `int(resizeHeight * long / short)`: torchvision's `Resize` of one number and transformers'
    /// `shortest_edge`.
    case shortestEdge = 1
    /// Height and width become `resizeHeight` and `resizeWidth`; the aspect ratio is not kept.
    case squash = 2
    /// Both extents are divided by the smaller of `height / resizeHeight` and
    /// `width / resizeWidth` and rounded half to even, so that they cover the aim: timm's
    /// `ResizeKeepRatio`, its crop mode `center` where ``resizeHeight`` and ``resizeWidth`` differ.
    case cover = 3
    /// The same with the larger of the two, so that the whole image fits: `ResizeKeepRatio` with
    /// `longest=1`, timm's crop mode `border`. An extent that rounds to 0 is refused, as in Pillow.
    case fit = 4
  }

  /// How a resized image of other extents than the model's comes to these; each axis by itself.
  package enum Crop: UInt8, Choice {
    /// It is refused.
    case none = 0
    /// Cut `round((n - c) / 2)`, half to even, from the front; padded by `floor((c - n) / 2)` in
    /// front: torchvision's `CenterCrop`, and timm's `CenterCropOrPad`, which differ in ``fill`` only.
    case torchvision = 1
    /// Cut `floor((n - c) / 2)` from the front; padded by `ceil((c - n) / 2)` in front:
    /// transformers' `center_crop`, which pads before the samples are scaled.
    case transformers = 2
  }

  /// What is done with an alpha channel.
  package enum Alpha: UInt8, Choice {
    /// It is left out, as Pillow's `convert("RGB")` does: timm.
    case drop = 0
    /// The image is composited onto white; so are a palette's alphas and a transparent colour of a
    /// PNG: transformers 5 with `do_convert_rgb`.
    case onWhite = 1
  }

  /// How 8-bit samples become numbers before normalisation.
  package enum Rescale: UInt8, Choice {
    /// Divided by 255 in float32 (torchvision's `ToTensor`).
    case divideBy255 = 0
    /// Multiplied by ``rescaleFactor`` in float64 and rounded to float32 (transformers); by 1 where
    /// `do_rescale` is off.
    case multiply = 1
  }

  /// Resampling filter of the resize.
  package var interpolation = Interpolation.bicubic

  /// Rule of the resize.
  package var resize = Resize.shortestEdge

  /// Rows that the resize aims at, in pixels; 0 without a resize.
  package var resizeHeight = 248

  /// Columns that the resize aims at, in pixels; 0 without a resize.
  package var resizeWidth = 248

  /// Rule of the crop to the model's image extents.
  package var crop = Crop.torchvision

  /// Samples, 0 to 255, of pixels that padding adds: R, G, B, or one for each of other numbers of channels.
  package var fill = [0, 0, 0]

  /// What is done with alpha.
  package var alpha = Alpha.drop

  /// Rule of the scaling.
  package var rescale = Rescale.divideBy255

  /// The factor of ``Rescale/multiply``, above 0.
  package var rescaleFactor: Double {
    get { Double(bitPattern: UInt64(bitPattern: Int64(rescaleBits))) }
    set { rescaleBits = Int(Int64(bitPattern: newValue.bitPattern)) }
  }

  private var rescaleBits = Int(Int64(bitPattern: (1.0 / 255).bitPattern))

  /// Mean of each channel after scaling, R, G, B of an image: the tensor is `(scaled - mean) / deviation` in
  /// float32; 0 and a deviation of 1 where nothing is normalised.
  package var mean: [Float] = [0.485, 0.456, 0.406]

  /// Standard deviation of each channel after scaling.
  package var standardDeviation: [Float] = [0.229, 0.224, 0.225]

  /// How many channels a model may read.
  package static let channelCounts = 1...64

  /// Channels of the model's input: 3 are R, G, B, 1 is the grey that Pillow makes of them, and others are no images.
  package var channels: Int { mean.count }

  /// DeiT's at 224 pixels: shortest edge 248, bicubic, ImageNet's mean and deviation.
  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("interpolation", choice: &interpolation)
    try coder.code("resize", choice: &resize)
    try coder.code("resize_height", &resizeHeight)
    try coder.code("resize_width", &resizeWidth)
    try coder.code("crop", choice: &crop)
    try coder.code("fill", &fill)
    try coder.code("alpha", choice: &alpha)
    try coder.code("rescale", choice: &rescale)
    try coder.code("rescale_factor_bits", &rescaleBits)
    try coder.code("mean", &mean)
    try coder.code("std", &standardDeviation)
  }
}
