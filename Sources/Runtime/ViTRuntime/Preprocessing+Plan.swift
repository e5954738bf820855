package import ModelFacts

extension Preprocessing {
  /// What a plan's model asks for.
  public init(_ plan: Plan) {
    self.init(
      plan.facts.preprocess, height: plan.inputSize.height, width: plan.inputSize.width)
  }

  /// What verified facts say, for a model of these extents.
  package init(_ facts: PreprocessFacts, height: Int, width: Int) {
    let (rows, columns) = (facts.resizeHeight, facts.resizeWidth)
    let resize: Resize =
      switch facts.resize {
      case .none: .none
      case .shortestEdge: .shortestEdge(rows)
      case .squash: .squash(height: rows, width: columns)
      case .cover: .cover(height: rows, width: columns)
      case .fit: .fit(height: rows, width: columns)
      }
    let interpolation: Interpolation =
      switch facts.interpolation {
      case .nearest: .nearest
      case .lanczos: .lanczos
      case .bilinear: .bilinear
      case .bicubic: .bicubic
      case .box: .box
      case .hamming: .hamming
      }
    let crop: Crop =
      switch facts.crop {
      case .none: .none
      case .torchvision: .torchvision
      case .transformers: .transformers
      }
    self.init(
      height: height, width: width, resize: resize, interpolation: interpolation, crop: crop,
      fill: facts.fill.map { UInt8($0) }, alpha: facts.alpha == .drop ? .drop : .onWhite,
      rescale: facts.rescale == .divideBy255 ? .divideBy255 : .multiply(facts.rescaleFactor),
      mean: facts.mean, standardDeviation: facts.standardDeviation)
  }
}
