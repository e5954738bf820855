internal import CLibrary

/// How a model has fewer tokens that was trained to, or that runs by a method which needs no training. Blocks are
/// counted from 0 and ascending.
///
/// Source: `tools/reference/vit_reference/methods`.
package enum TrainedReduction: Sendable, Equatable {
  /// EViT: between attention and FFN of each of `blocks`, `ceil(keepRate * N)` of N patch tokens stay, those with the
  /// largest class attention. The others become one more token with `fuses`.
  case evit(blocks: [Int], keepRate: Double, fuses: Bool)

  /// DynamicViT: before the j-th of `blocks`, from 1, a predictor leaves `int(N0 * keepRate^j)` of N0 patches.
  case dynamicvit(blocks: [Int], keepRate: Double)

  /// Evo-ViT: half of the patch tokens wait in blocks 4 to 7, and again in blocks 8 to 11.
  case evovit

  /// PPT: between attention and FFN of each of `blocks`, `remove` tokens leave, at most half of all: pooled where the
  /// variance of their scores is below `threshold`, else dropped. Attention counts sizes if it is size-aware.
  case ppt(blocks: [Int], remove: Int, threshold: Float, isSizeAware: Bool)

  /// A-ViT: behind each block a token's halting value is `sigmoid(scale * x[0] - center)` of its channel 0, and it halts
  /// where these add up to `1 - epsilon`.
  case avit(scale: Float, center: Float, epsilon: Float)

  /// AS-ViT: before each of `blocks` tokens stay whose score lies above a threshold of the weights.
  case asvit(blocks: [Int])

  /// ATS: in each of `blocks` tokens are sampled along the running sum of their scores.
  case ats(blocks: [Int])

  /// SP-ViT: before each of `blocks` the patch tokens that a predictor does not keep become one package token.
  case spvit(blocks: [Int])

  /// Evo-ViT's code has the number of blocks, and which of them are splits, written in.
  static let evovitDepth = 12

  /// The blocks before which half of Evo-ViT's patch tokens are put aside.
  package static let evovitSplits = [4, 8]

  /// Numbers that no tensor holds and that a plan carries, by name.
  var settings: [(name: String, value: Float)] {
    switch self {
    case .evit, .dynamicvit, .evovit, .asvit, .ats, .spvit: []
    case .avit(let scale, let center, let epsilon):
      [("gate_scale", scale), ("gate_center", center), ("eps", epsilon)]
    case .ppt(_, _, let threshold, _): [("threshold", threshold)]
    }
  }

  /// What DynamicViT's stages leave of `patches`: shares of all of them, truncated as its code does.
  package static func dynamicCounts(_ patches: Int, _ rate: Double, stages: Int) -> [Int] {
    (0..<stages).map { Int(Double(patches) * pow(rate, Double($0 + 1))) }
  }
}
