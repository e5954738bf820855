/// Finds for every patch token the other one that has the highest cosine with it; ties go to the lower.
///
/// A row of zeros has cosine 0 with all. A cosine that is not a number is never the highest; where there
/// is no other, the first token but the own is the nearest, at minus infinity.
package struct NearestAssignArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + patches, width]`.
  package var input: InputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens, at least 2.
  package var patches: Int

  /// D: the elements of a row.
  package var width: Int

  /// Receives `[images, N]`: the position of the nearest, never the own.
  package var nearest: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: the cosine with it.
  package var similarity: UnsafeMutablePointer<Float>

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// An assignment with all its parts, for the kernels of a set.
  package init(
    for tiles: TileExtents, input: InputRows, images: Int, prefix: Int, patches: Int, width: Int,
    nearest: UnsafeMutablePointer<Int32>, similarity: UnsafeMutablePointer<Float>
  ) {
    self.tiles = tiles
    self.input = input
    self.images = images
    self.prefix = prefix
    self.patches = patches
    self.width = width
    self.nearest = nearest
    self.similarity = similarity
  }

  /// How the tokens of an image, 16 at a time as a panel, are cut into items. Each looks at all others, so that
  /// no item needs more room than there are tokens. An even number, so that two threads, or four, have as many.
  package var split: EvenSplit {
    let panels = PanelLayout.panelCount(outputs: patches)
    return EvenSplit(panels, parts: (panels + 5) / 6 * 2)
  }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned: panels of tokens, their products with all others,
  /// and one over every token's length.
  package var scratchBytes: Int {
    let floats = tiles.panels * (width + patches) * PanelLayout.width + patches
    return wholeLines(floats) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.nearestAssign(self, item: item, scratch: scratch)
  }
}
