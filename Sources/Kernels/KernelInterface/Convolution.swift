/// `output[b, y * outputWidth + x, :] = activation(window(b, y, x) * W + bias) + table[y, x, :]`.
///
/// The window is a kernel's at `(y, x) * stride - padding`, zero outside the input.
/// Input and output do not overlap.
package struct ConvolutionArguments: KernelArguments, @unchecked Sendable {
  /// What the windows are taken from.
  package enum Input: @unchecked Sendable {
    /// `[images, channels, height, width]`; K order `(channel, ky, kx)`.
    case image(UnsafePointer<Float>)
    /// `[images, height * width, channels]`; K order `(ky, kx, channel)`.
    case map(InputRows)
  }

  /// The image or map.
  package var input: Input

  /// Channels of the input.
  package var channels: Int

  /// Height of the input.
  package var height: Int

  /// Width of the input.
  package var width: Int

  /// Extents of the window.
  package var kernel: (height: Int, width: Int)

  /// Distance between windows, down and across.
  package var stride: (height: Int, width: Int)

  /// Zeros around the input.
  package var padding: Int

  /// `[images, outputHeight * outputWidth, outputChannels]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// N: the elements of an output row.
  package var outputChannels: Int

  /// `[windowSize, outputChannels]` in panels.
  package var weights: PanelWeights

  /// `[outputChannels]`.
  package var bias: UnsafePointer<Float>?

  /// Applied to the product plus bias.
  package var activation: Activation

  /// `[outputHeight * outputWidth, outputChannels]`, contiguous, the same for all images, added
  /// last.
  package var table: UnsafePointer<Float>?

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// A convolution, for the kernels of a set with all its parts.
  package init(
    for tiles: TileExtents,
    input: Input, channels: Int, height: Int, width: Int, kernel: (height: Int, width: Int),
    stride: (height: Int, width: Int), padding: Int = 0, output: OutputRows, images: Int,
    outputChannels: Int,
    weights: PanelWeights, bias: UnsafePointer<Float>? = nil, activation: Activation = .none,
    table: UnsafePointer<Float>? = nil
  ) {
    self.tiles = tiles
    self.input = input
    self.channels = channels
    self.height = height
    self.width = width
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.output = output
    self.images = images
    self.outputChannels = outputChannels
    self.weights = weights
    self.bias = bias
    self.activation = activation
    self.table = table
  }

  /// Output rows.
  package var outputHeight: Int { Self.extent(height, kernel.height, stride.height, padding) }

  /// Output columns.
  package var outputWidth: Int { Self.extent(width, kernel.width, stride.width, padding) }

  /// K: the elements of an input row.
  package var windowSize: Int { kernel.height * kernel.width * channels }

  /// How the step is cut into items; a group is an image, and the rows of an output line stay
  /// together.
  package var blocking: ProductBlocking {
    ProductBlocking(
      for: tiles, groups: images, rows: outputHeight * outputWidth, unit: outputWidth,
      inputs: windowSize,
      outputs: outputChannels, preparesRows: true)
  }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { blocking.items }

  /// Bytes of scratch that an item needs, 64-byte aligned: sums, and a window or the padded
  /// lines under a block.
  package var scratchBytes: Int {
    let rows = blocking.maximumRows
    let blockLines = max(rows / max(outputWidth, 1), 1)
    let lines =
      isMap ? (blockLines - 1) * stride.height + kernel.height : channels * kernel.height
    let prepared = max(windowSize, lines * lineStride)
    return (blocking.maximumSums + prepared) * MemoryLayout<Float>.stride
  }

  /// Floats of a line with its padding, of all channels for a map.
  package var lineStride: Int { (width + 2 * padding) * (isMap ? channels : 1) }

  private var isMap: Bool {
    if case .map = input { return true }
    return false
  }

  private static func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Int {
    let room = size + 2 * padding - kernel
    return room < 0 || stride < 1 ? 0 : room / stride + 1
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.convolution(self, item: item, scratch: scratch)
  }
}

/// Depthwise convolution over a map, stride 1, same size:
/// `output[b, y, x, c] = bias[c] + sum over t of weights[t, c] * input[b, y', x', c]
/// + (addsInput ? input[b, y, x, c] : 0)`, with zeros outside the map and
/// `padding = dilation * (kernel - 1) / 2` for an odd kernel. Input and output do not overlap.
package struct DepthwiseArguments: KernelArguments, @unchecked Sendable {
  /// `[images, height * width, channels]`.
  package var input: InputRows

  /// `[images, height * width, channels]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Height of the map.
  package var height: Int

  /// Width of the map.
  package var width: Int

  /// Channels.
  package var channels: Int

  /// Odd side of the window.
  package var kernel: Int

  /// Distance between neighbouring pixels of the window.
  package var dilation: Int

  /// `[kernel * kernel, channels]`, row by row of the window.
  package var weights: UnsafePointer<Float>

  /// `[channels]`.
  package var bias: UnsafePointer<Float>?

  /// Whether the input is added to the result.
  package var addsInput: Bool

  /// A depthwise convolution with all its parts.
  package init(
    input: InputRows, output: OutputRows, images: Int, height: Int, width: Int, channels: Int,
    kernel: Int, dilation: Int = 1, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>? = nil,
    addsInput: Bool = false
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.height = height
    self.width = width
    self.channels = channels
    self.kernel = kernel
    self.dilation = dilation
    self.weights = weights
    self.bias = bias
    self.addsInput = addsInput
  }

  /// Work items of the step: one for every row of every map.
  package var items: WorkItems { WorkItems(parts: images * height) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.depthwise(self, item: item)
  }
}
