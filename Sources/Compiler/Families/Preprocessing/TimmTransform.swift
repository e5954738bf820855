internal import ModelFacts

/// timm's evaluation transform (`timm.data.create_transform`), before the model's extents are known.
struct TimmTransform: Sendable, Equatable {
  /// What happens to the aspect ratio.
  enum CropMode: String, Sendable, CaseIterable {
    /// It is kept, and what reaches beyond the crop is cut off.
    case center
    /// Both sides are resized to the model's.
    case squash
    /// It is kept, and the whole image is padded with the mean's colour.
    case border
  }

  /// The model's side as a share of the side that images are resized to.
  var cropShare: Double
  var cropMode: CropMode
  var interpolation: PreprocessFacts.Interpolation
  var mean = Statistics.imageNetMean
  var standardDeviation = Statistics.imageNetDeviation

  /// What `resolve_data_config` takes where a configuration leaves everything open.
  static let unsaid = TimmTransform(cropShare: 0.875, cropMode: .center, interpolation: .bicubic)

  init(cropShare: Double, cropMode: CropMode, interpolation: PreprocessFacts.Interpolation) {
    self.cropShare = cropShare
    self.cropMode = cropMode
    self.interpolation = interpolation
  }

  /// The transform for a model that reads images of these extents; `cropShare` is positive.
  func facts(height: Int, width: Int) -> PreprocessFacts {
    var facts = PreprocessFacts()
    facts.interpolation = interpolation
    facts.mean = mean
    facts.standardDeviation = standardDeviation
    facts.resizeHeight = Int((Double(height) / cropShare).rounded(.down))
    facts.resizeWidth = Int((Double(width) / cropShare).rounded(.down))
    facts.crop = .torchvision
    switch cropMode {
    case .center:
      facts.resize = facts.resizeHeight == facts.resizeWidth ? .shortestEdge : .cover
    case .squash:
      facts.resize = .squash
    case .border:
      facts.resize = .fit
      facts.crop = .torchvision
      facts.fill = Self.fill(mean)
    }
    return facts
  }

  /// The colour of a border, `round(255 * mean)`; outside of what a sample holds, -1.
  static func fill(_ mean: [Float]) -> [Int] {
    mean.map {
      // Of the number that was written: 255 times 0.3 is a half, which a float of it is beside.
      let value = (255 * (Double("\($0)") ?? .nan)).rounded(.toNearestOrEven)
      return (0...255).contains(value) ? Int(value) : -1
    }
  }
}
