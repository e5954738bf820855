/// Means and deviations that published models are trained with, R, G, B after scaling to [0, 1].
enum Statistics {
  static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  static let imageNetDeviation: [Float] = [0.229, 0.224, 0.225]

  /// Google's and timm's ViTs; mean and deviation alike.
  static let half: [Float] = [0.5, 0.5, 0.5]
  static let clipMean: [Float] = [0.481_454_66, 0.457_827_5, 0.408_210_73]
  static let clipDeviation: [Float] = [0.268_629_54, 0.261_302_58, 0.275_777_11]
}
