package import Tensors

/// The constants of the multi-scale stage (method 3.4), by the names that checkpoints give them.
package enum MultiScaleWeights {
  /// What every name begins with.
  package static let prefix = "multiscale."

  /// Every name.
  package static let names = Set(shapes(width: 1, gridHeight: 2, gridWidth: 2).map(\.0))

  /// Names and shapes for tokens of `width` and a grid of `gridHeight` x `gridWidth`.
  package static func shapes(width: Int, gridHeight: Int, gridWidth: Int) -> [(String, Shape)] {
    [
      ("cls_token", [1, 1, width]),
      ("pos_embed", [1, 1 + gridHeight / 2 * (gridWidth / 2), width]),
      ("lka.conv0.weight", [width, 1, 5, 5]), ("lka.conv0.bias", [width]),
      ("lka.conv_spatial.weight", [width, 1, 7, 7]), ("lka.conv_spatial.bias", [width]),
      ("lka.conv1.weight", [width, width, 1, 1]), ("lka.conv1.bias", [width]),
      ("peg.weight", [width, 1, 3, 3]), ("peg.bias", [width]),
    ].map { (prefix + $0.0, Shape($0.1)) }
  }
}
