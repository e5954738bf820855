/// `output[b, c, y, x]` is the mean of the 2 x 2 pixels of `input[b, c]` at `(2y, 2x)`.
package struct AvgPool2x2Arguments: KernelArguments, @unchecked Sendable {
  /// `[images, channels, height, width]`, both extents even.
  package var input: UnsafePointer<Float>

  /// Receives `[images, channels, height / 2, width / 2]`.
  package var output: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// Channels.
  package var channels: Int

  /// Height of the input.
  package var height: Int

  /// Width of the input.
  package var width: Int

  /// An image at half its size.
  package init(
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, images: Int, channels: Int,
    height: Int, width: Int
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// How the `images * channels * height / 2` output lines are cut into items.
  package var split: EvenSplit {
    EvenSplit(images * channels * (height / 2), minimum: 16, parts: 32)
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.avgPool2x2(self, item: item)
  }
}

/// Prefix rows are passed on, the grid's rows are averaged 2 x 2: `[prefix + height * width, D]` to
/// `[prefix + height / 2 * width / 2, D]`. With `norm`, every row is normalised first.
/// Input and output do not overlap.
package struct GridAvgPoolArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + gridHeight * gridWidth, width]`.
  package var input: InputRows

  /// `[images, prefix + gridHeight / 2 * gridWidth / 2, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix rows.
  package var prefix: Int

  /// Even height of the input's grid.
  package var gridHeight: Int

  /// Even width of the input's grid.
  package var gridWidth: Int

  /// D: the elements of a row.
  package var width: Int

  /// Applied to every row before it is averaged.
  package var norm: LayerNorm?

  /// A grid at half its size with all its parts.
  package init(
    input: InputRows, output: OutputRows, images: Int, prefix: Int, gridHeight: Int,
    gridWidth: Int, width: Int, norm: LayerNorm? = nil
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.prefix = prefix
    self.gridHeight = gridHeight
    self.gridWidth = gridWidth
    self.width = width
    self.norm = norm
  }

  /// How the output rows of an image are cut into items.
  package var split: EvenSplit {
    EvenSplit(prefix + (gridHeight / 2) * (gridWidth / 2), minimum: 4, parts: 16)
  }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int {
    norm == nil ? 0 : paddedStride(width) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.gridAvgPool(self, item: item, scratch: scratch)
  }
}

/// Nearest-neighbour x2: output row (y, x) gets input row (y / 2, x / 2), prefix rows pass.
///
/// With `addend` the result is `addend + up(input)`; `addend` may alias `output` exactly.
package struct GridUpsampleArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + gridHeight / 2 * gridWidth / 2, width]`.
  package var input: InputRows

  /// `[images, prefix + gridHeight * gridWidth, width]`.
  package var output: OutputRows

  /// Rows as `output`'s, added to the result.
  package var addend: InputRows?

  /// Images in the batch.
  package var images: Int

  /// Prefix rows.
  package var prefix: Int

  /// Even height of the output's grid.
  package var gridHeight: Int

  /// Even width of the output's grid.
  package var gridWidth: Int

  /// D: the elements of a row.
  package var width: Int

  /// A grid at twice its size with all its parts.
  package init(
    input: InputRows, output: OutputRows, addend: InputRows? = nil, images: Int, prefix: Int,
    gridHeight: Int, gridWidth: Int, width: Int
  ) {
    self.input = input
    self.output = output
    self.addend = addend
    self.images = images
    self.prefix = prefix
    self.gridHeight = gridHeight
    self.gridWidth = gridWidth
    self.width = width
  }

  /// How the output rows of an image are cut into items.
  package var split: EvenSplit { EvenSplit(prefix + gridHeight * gridWidth, minimum: 8, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.gridUpsample(self, item: item)
  }
}
