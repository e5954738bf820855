/// A convolution of a map with a 3x3 window, stride 1 and padding 1, by Winograd's F(2 x 4, 3 x 3):
/// what ``ConvolutionArguments`` says, in a third of its multiplications.
///
/// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308). The output
/// is cut into tiles of 2 x 4 pixels, the last ones of lines and columns partly outside. A tile is
/// made from the 4 x 6 pixels `d` under it and the 3 x 3 weights `g`, with `*` for the product element
/// by element, as the sum over channels of `A4 [(G4 g G6) * (B4 d B6)] A6`: 24 products make 8
/// outputs. Down the tile the algorithm is F(2, 3) with the points 0, 1, -1 and infinity, along it
/// F(4, 3) with 0, 5/8, -5/8, 3/2, -3/2 and infinity, whose powers are exact and near 1. So the error of
/// rounding is about that of the direct sum; F(4 x 4, 3 x 3) multiplies less, but errs more.
///
/// The weights are transformed once, ``KernelSet/winogradWeights(_:item:)``, the rest by
/// ``KernelSet/winograd(_:item:scratch:)``.
package struct WinogradArguments: KernelArguments, @unchecked Sendable {
  /// The convolution.
  package var convolution: ConvolutionArguments

  /// `[panels][24][channels][16]`, 64-byte aligned: for each panel of outputs and each point of a tile
  /// the matrix that its inputs are multiplied by; see ``weightCount(_:)``.
  package var weights: UnsafeMutablePointer<Float>

  /// Computes a convolution that Winograd's F(2 x 4, 3 x 3) can compute, whether or not it is faster.
  package init(_ convolution: ConvolutionArguments, weights: UnsafeMutablePointer<Float>) {
    precondition(convolution.isWinogradComputable, "a padded 3x3 convolution of whole panels")
    self.convolution = convolution
    self.weights = weights
  }

  /// Elements of the transformed weights of a convolution.
  package static func weightCount(_ convolution: ConvolutionArguments) -> Int {
    points * convolution.channels * convolution.outputChannels
  }

  /// Items of the transformation of the weights: one for each panel.
  package var weightItems: WorkItems {
    WorkItems(parts: convolution.outputChannels / PanelLayout.width)
  }

  // MARK: - Tiles

  /// Products of a tile and channel: 4 lines of 6.
  package static var points: Int { 24 }

  /// Tiles side by side.
  package var tilesAcross: Int { (convolution.width + 3) / 4 }

  /// Tiles of an image.
  package var tileCount: Int { (convolution.height + 1) / 2 * tilesAcross }

  /// An image's tiles, line by line, cut into blocks: an even number, so that two threads have as
  /// many each. The inputs of a block stay in the second-level cache while they are multiplied.
  package var tileSplit: EvenSplit {
    let limit = max(
      1, min(Self.blockInputs / convolution.channels, 2 * convolution.tiles.winogradTiles))
    let blocks = (tileCount + limit - 1) / limit
    return EvenSplit(tileCount, parts: (blocks + 1) / 2 * 2)
  }

  /// The most tiles times channels of a block, each 24 floats: 144 KB.
  private static var blockInputs: Int { 1536 }

  /// Work items of the step: one for each block of each image.
  package var items: WorkItems { WorkItems(parts: convolution.images * tileSplit.parts) }

  /// The image of an item and its tiles.
  package func block(_ item: Int) -> (image: Int, tiles: Range<Int>) {
    let split = tileSplit
    let (image, part) = item.quotientAndRemainder(dividingBy: split.parts)
    return (image, split.start(part)..<split.start(part + 1))
  }

  // MARK: - Scratch

  /// Floats from the inputs of one point to those of the next.
  package var inputStride: Int { paddedStride(largestBlock * convolution.channels) }

  /// Floats from the sums of one point to those of the next, of the panels that are multiplied at once.
  package var sumStride: Int {
    let tiles = convolution.tiles
    return paddedStride(tiles.panels * tiles.winogradTiles * PanelLayout.width)
  }

  /// Bytes of scratch that an item needs, 64-byte aligned: `[24][inputStride]` transformed inputs,
  /// `[24][sumStride]` sums, and `[24][channels]` for the window of a tile at the edge.
  package var scratchBytes: Int {
    Self.points * (inputStride + sumStride + convolution.channels) * MemoryLayout<Float>.stride
  }

  private var largestBlock: Int {
    let split = tileSplit
    return (split.count + split.parts - 1) / max(split.parts, 1)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.winograd(self, item: item, scratch: scratch)
  }
}

extension ConvolutionArguments {
  /// Whether Winograd's F(2 x 4, 3 x 3) is faster than the direct sum; depends on the extents of an image only,
  /// so that every batch gets the same bits.
  ///
  /// With many channels a block has too few tiles for its products, and a map of few tiles makes too
  /// few items.
  package var isWorthWinograd: Bool {
    isWinogradComputable && channels <= 256 && (height + 1) / 2 * ((width + 3) / 4) >= 96
  }

  /// Whether Winograd's F(2 x 4, 3 x 3) can compute this.
  fileprivate var isWinogradComputable: Bool {
    guard case .map = input else { return false }
    return kernel == (3, 3) && stride == (1, 1) && padding == 1 && channels > 0
      && channels % PanelLayout.width == 0 && outputChannels % PanelLayout.width == 0
  }
}
