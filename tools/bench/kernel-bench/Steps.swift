import KernelInterface
import Kernels

/// A kernel at the extents that models have.
struct Step {
  /// What it computes.
  let name: String

  /// Multiplications and additions, by the definition: ways that need fewer show as higher rates. Zero for what
  /// only moves or prepares.
  let flops: Double

  /// The same work on different memory, so that no weight is in a cache when its turn comes.
  let turns: [any KernelArguments]
}

/// Makes the steps of models for one choice of kernels.
struct Steps {
  let choice: KernelChoice
  let memory: StepMemory

  private var tiles: TileExtents { choice.set.tiles }

  /// The steps of models, each made when it is its turn, for its memory to be freed after it.
  static var all: [(Steps) -> [Step]] {
    var steps: [(Steps) -> [Step]] = []
    for (rows, inputs, outputs) in [
      (197, 192, 192), (197, 192, 576), (197, 192, 768), (197, 768, 192),
      (197, 384, 384), (197, 384, 1152), (197, 384, 1536), (197, 1536, 384),
      (197, 768, 3072), (197, 3072, 768), (139, 384, 1152), (98, 384, 1536), (69, 1536, 384),
      (577, 384, 1536), (1025, 384, 1536), (1576, 384, 1536), (1, 384, 1000),
    ] {
      steps.append { $0.linear(rows, inputs, outputs) }
    }
    for (rows, inputs, outputs) in [
      (197, 192, 768), (197, 768, 192), (197, 384, 384), (197, 384, 1152), (197, 384, 1536),
      (197, 1536, 384), (197, 768, 3072), (197, 3072, 768), (69, 1536, 384), (1576, 384, 1536),
      (1, 384, 1536),
    ] {
      steps.append { $0.bytes(rows, inputs, outputs) }
    }
    steps.append { $0.bytes(197, 384, 1536, activation: .gelu) }
    steps.append { $0.linear(197, 384, 1536, element: .float16) }
    steps.append { $0.linear(197, 384, 1536, activation: .gelu) }
    steps.append { [$0.layerNorm(197, 384)] }
    for (tokens, heads, width) in [
      (197, 3, 64), (197, 6, 64), (197, 12, 64), (139, 6, 64), (98, 6, 64), (69, 6, 64),
      (577, 6, 64), (1025, 6, 64), (197, 4, 60),
    ] {
      steps.append { $0.attention(tokens, heads, width) }
    }
    steps.append {
      $0.convolution("patches 16x16/16 of 3", side: 224, kernel: 16, stride: 16, outputs: 384)
    }
    steps.append {
      $0.convolution("7x7/2 of 3", side: 224, kernel: 7, stride: 2, padding: 3, outputs: 64)
    }
    steps.append {
      $0.convolution(
        "3x3 of 64", channels: 64, side: 112, kernel: 3, stride: 1, padding: 1, outputs: 64)
    }
    steps.append {
      $0.convolution("8x8/8 of 64", channels: 64, side: 112, kernel: 8, stride: 8, outputs: 384)
    }
    steps.append { [$0.depthwise(side: 14, channels: 384, kernel: 7, dilation: 3)] }
    steps.append { [$0.depthwise(side: 14, channels: 384, kernel: 5, dilation: 1)] }
    steps.append { [$0.assign(patches: 196, keep: 138, width: 384)] }
    return steps
  }

  /// A layer as a sum of multiply-adds, and in pairs where the choice has them.
  private func linear(
    _ rows: Int, _ inputs: Int, _ outputs: Int, element: MatrixElement = .float32,
    activation: Activation = .none
  ) -> [Step] {
    let x = memory.floats(rows * inputs)
    let y = memory.floats(rows * outputs)
    let bias = memory.floats(outputs)
    let count = PanelLayout.elementCount(inputs: inputs, outputs: outputs)
    let bytes = count * element.byteCount
    let copies = max(1, (96 << 20) / bytes)
    let weights = memory.weights(count * copies, element)
    let layers = (0..<copies).map { copy in
      LinearArguments(
        for: tiles, input: InputRows(x, imageStride: rows, stride: inputs),
        output: OutputRows(y, imageStride: rows, stride: outputs), images: 1, rows: rows,
        inputWidth: inputs, outputWidth: outputs,
        weights: PanelWeights(weights + copy * bytes, element: element), bias: bias,
        activation: activation)
    }
    let shape =
      "\(rows)x\(inputs)x\(outputs)\(element == .float32 ? "" : " f16")"
      + (activation == .none ? "" : " \(activation)")
    let flops = 2 * Double(rows) * Double(inputs) * Double(outputs)
    let direct = Step(name: "linear \(shape)", flops: flops, turns: layers)
    guard let kernels = choice.paired, layers[0].isWorthPairing else { return [direct] }
    let terms = memory.floats(PairedWeightsArguments.termCount(outputs: outputs))
    let stride = paddedStride(inputs)
    let scaled = OutputRows(memory.floats(rows * stride), imageStride: rows, stride: stride)
    let rowTerms = memory.floats(2 * rows)
    let pairs = layers.map {
      PairedLinearArguments($0, scaled: scaled, rowTerms: rowTerms, weightTerms: terms)
    }
    return [
      direct,
      Step(
        name: "pairs \(shape)", flops: flops,
        turns: pairs.map { PairedProductArguments($0, kernels: kernels) }),
      Step(
        name: "rows of pairs \(shape)", flops: 0,
        turns: pairs.map { PairedRowsArguments($0, kernels: kernels) }),
    ]
  }

  /// A layer in eight bits: its product, and the rows that it quantizes, with and without a norm.
  private func bytes(
    _ rows: Int, _ inputs: Int, _ outputs: Int, activation: Activation = .none
  ) -> [Step] {
    let x = memory.floats(rows * inputs)
    let y = memory.floats(rows * outputs)
    // What stands for scales and sums are bytes as well: numbers of some size.
    let count =
      Int8PanelLayout.valueByteCount(inputs: inputs, outputs: outputs)
      + Int8PanelLayout.termByteCount(outputs: outputs)
    let copies = max(1, (96 << 20) / count)
    let weights = memory.weights(count * copies, .int8)
    let quantized = memory.bytes(rows * QuantizedLinearArguments.rowStride(inputs: inputs))
    let terms = memory.floats(2 * rows)
    let norm = LayerNorm(gamma: memory.floats(inputs), beta: memory.floats(inputs), epsilon: 1e-6)
    func layer(_ copy: Int, _ norm: LayerNorm? = nil) -> QuantizedLinearArguments {
      QuantizedLinearArguments(
        LinearArguments(
          for: tiles, input: InputRows(x, imageStride: rows, stride: inputs),
          output: OutputRows(y, imageStride: rows, stride: outputs), images: 1, rows: rows,
          inputWidth: inputs, outputWidth: outputs,
          weights: PanelWeights(weights + copy * count, element: .int8),
          bias: memory.floats(outputs), norm: norm, activation: activation),
        bytes: quantized, terms: terms)
    }
    let shape =
      "\(rows)x\(inputs)x\(outputs)" + (activation == .none ? "" : " \(activation)")
    return [
      Step(name: "rows of bytes \(shape)", flops: 0, turns: [QuantizedRowsArguments(layer(0))]),
      Step(
        name: "norm of bytes \(shape)", flops: 0,
        turns: [QuantizedRowsArguments(layer(0, norm))]),
      Step(
        name: "bytes \(shape)", flops: 2 * Double(rows) * Double(inputs) * Double(outputs),
        turns: (0..<copies).map { QuantizedProductArguments(layer($0), dot: choice.dot) }),
    ]
  }

  private func layerNorm(_ rows: Int, _ width: Int) -> Step {
    Step(
      name: "norm \(rows)x\(width)", flops: 0,
      turns: [
        LayerNormArguments(
          for: tiles,
          input: InputRows(memory.floats(rows * width), imageStride: rows, stride: width),
          output: OutputRows(memory.floats(rows * width), imageStride: rows, stride: width),
          images: 1, rows: rows, width: width,
          norm: LayerNorm(
            gamma: memory.floats(width), beta: memory.floats(width), epsilon: 1e-6))
      ])
  }

  /// Attention in float32 and in eight bits, there with the heads that it quantizes first; and in pairs, with the heads
  /// that it scales first, where the choice has them and it is faster.
  private func attention(_ tokens: Int, _ heads: Int, _ width: Int) -> [Step] {
    let embedding = heads * width
    let arguments = AttentionArguments(
      for: tiles,
      qkv: InputRows(
        memory.floats(tokens * embedding * 3), imageStride: tokens, stride: 3 * embedding),
      output: OutputRows(
        memory.floats(tokens * embedding), imageStride: tokens, stride: embedding),
      images: 1, tokens: tokens, heads: heads, headWidth: width, scale: 0.125)
    let layer = QuantizedAttention(
      arguments,
      heads: UnsafeMutableRawPointer(
        memory.bytes(
          heads
            * QuantizedAttention.headBytes(tokens: tokens, queries: tokens, headWidth: width))))
    let shape = "\(tokens)x\(heads)x\(width)"
    let flops = 4 * Double(tokens) * Double(tokens) * Double(embedding)
    var steps = [
      Step(name: "attention \(shape)", flops: flops, turns: [arguments]),
      Step(name: "heads of bytes \(shape)", flops: 0, turns: [QuantizedHeadsArguments(layer)]),
      Step(
        name: "bytes attention \(shape)", flops: flops,
        turns: [QuantizedAttentionArguments(layer, dot: choice.dot)]),
    ]
    if let kernels = choice.paired,
      PairedAttention.isFaster(tokens: tokens, queries: tokens, headWidth: width)
    {
      let paired = PairedAttention(
        arguments,
        heads: memory.floats(heads * PairedAttention.headFloats(tokens: tokens, headWidth: width)))
      steps.append(
        Step(
          name: "scaled heads \(shape)", flops: 0,
          turns: [PairedHeadsArguments(paired, kernels: kernels)]))
      steps.append(
        Step(
          name: "paired attention \(shape)", flops: flops,
          turns: [PairedAttentionArguments(paired, kernels: kernels)]))
    }
    return steps
  }

  /// A convolution as it is written down, and by Winograd's algorithm where that is faster; of an image,
  /// or of a map where there are more than three channels.
  private func convolution(
    _ name: String, channels: Int = 3, side: Int, kernel: Int, stride: Int, padding: Int = 0,
    outputs: Int
  ) -> [Step] {
    let x = memory.floats(channels * side * side)
    let window = kernel * kernel * channels
    let out = (side + 2 * padding - kernel) / stride + 1
    let arguments = ConvolutionArguments(
      for: tiles,
      input: channels == 3
        ? .image(x) : .map(InputRows(x, imageStride: side * side, stride: channels)),
      channels: channels, height: side, width: side, kernel: (kernel, kernel),
      stride: (stride, stride), padding: padding,
      output: OutputRows(
        memory.floats(out * out * outputs), imageStride: out * out, stride: outputs),
      images: 1, outputChannels: outputs,
      weights: PanelWeights(
        memory.floats(PanelLayout.elementCount(inputs: window, outputs: outputs)),
        element: .float32),
      bias: memory.floats(outputs), activation: .relu)
    let flops = 2 * Double(out * out) * Double(window) * Double(outputs)
    let direct = Step(name: "convolution \(name)", flops: flops, turns: [arguments])
    guard arguments.isWorthWinograd else { return [direct] }
    let weights = memory.floats(WinogradArguments.weightCount(arguments))
    return [
      direct,
      Step(
        name: "winograd \(name)", flops: flops,
        turns: [WinogradArguments(arguments, weights: weights)]),
    ]
  }

  private func depthwise(side: Int, channels: Int, kernel: Int, dilation: Int) -> Step {
    let tokens = side * side
    return Step(
      name: "depthwise \(kernel)x\(kernel), dilation \(dilation)",
      flops: 2 * Double(tokens * channels * kernel * kernel),
      turns: [
        DepthwiseArguments(
          input: InputRows(
            memory.floats(tokens * channels), imageStride: tokens, stride: channels),
          output: OutputRows(
            memory.floats(tokens * channels), imageStride: tokens, stride: channels),
          images: 1, height: side, width: side, channels: channels, kernel: kernel,
          dilation: dilation, weights: memory.floats(kernel * kernel * channels),
          bias: memory.floats(channels))
      ])
  }

  private func assign(patches: Int, keep: Int, width: Int) -> Step {
    let kept = memory.positions(patches)
    return Step(
      name: "assign \(patches) to \(keep)", flops: 2 * Double((patches - keep) * keep * width),
      turns: [
        AssignArguments(
          input: InputRows(
            memory.floats((patches + 1) * width), imageStride: patches + 1, stride: width),
          images: 1, prefix: 1, patches: patches, keep: keep, width: width, similarity: .cosine,
          kept: kept, dropped: kept + keep, destination: memory.positions(patches))
      ])
  }
}
