/// How a model has fewer tokens that was trained to.
///
/// Source: `tools/reference/vit_reference/methods`.
package enum TrainedReduction: Sendable, Equatable {
  /// EViT: between attention and FFN of each of `blocks`, counted from 0 and ascending, `ceil(keepRate * N)` of N
  /// patch tokens stay, those with the largest class attention. The others become one more token with `fuses`.
  case evit(blocks: [Int], keepRate: Double, fuses: Bool)

  /// The methods that are built, by the word for them.
  package enum Method: String, Sendable, CaseIterable {
    case evit

    /// How its authors write it.
    var title: String {
      switch self {
      case .evit: "EViT"
      }
    }

    /// Blocks, counted from 0, of every model that its authors released.
    var usualBlocks: [Int] {
      switch self {
      case .evit: [3, 6, 9]
      }
    }
  }
}
