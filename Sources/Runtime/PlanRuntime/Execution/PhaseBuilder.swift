internal import KernelInterface
internal import ModelFacts
internal import PlanFormat

/// Puts a verified program's steps onto an arena for a number of images, a group of a batch.
struct PhaseBuilder {
  let program: Program
  let constants: [ConstantRecord]

  /// The first byte of the weights section.
  let weights: UnsafeRawPointer
  let arena: UnsafeMutableRawPointer
  let input: UnsafeMutablePointer<Float>
  var images: Int

  /// What the kernels that are to run the phases have said of their tiles.
  let tiles: TileExtents

  /// Weights for Winograd's F(2 x 4, 3 x 3); without them convolutions are direct sums.
  var transformed: TransformedWeights?

  /// Terms of the weights for products in pairs; without them products are direct sums.
  var paired: PairedWeights?

  /// Kernels that add products of bytes in one instruction; nil where the processor does not.
  var dot: (any DotKernelSet.Type)?

  /// Room for rows that are prepared before a product, ``preparedBytes`` for each image.
  var prepared: UnsafeMutableRawPointer?

  /// Rows that are kept behind steps for another program, before later steps write over them.
  struct Kept {
    let shared: SharedSteps

    /// `[images, rows, columns]`.
    let rows: UnsafeMutablePointer<Float>

    init(_ shared: SharedSteps, rows: UnsafeMutablePointer<Float>) {
      (self.shared, self.rows) = (shared, rows)
    }
  }

  /// What is kept, if anything.
  var kept: Kept?

  /// Every phase in order.
  func phases() -> [Phase] {
    let preparation = preparation
    let lifetimes = program.lifetimes()
    var phases: [Phase] = []
    /// The attention of a step whose layer is done.
    var attention: (any KernelArguments)?
    for (index, record) in program.steps.enumerated() {
      var work: [any KernelArguments]
      if let done = attention {
        (work, attention) = ([done], nil)
      } else if prepared != nil, let few = program.fewQueries(at: index, lifetimes) {
        (work, attention) = self.work(of: few, preparation)
      } else {
        work = self.work(of: record.step, at: index, preparation)
      }
      if let kept, kept.shared.count == index + 1 { work.append(keep(kept)) }
      phases += work.map { Phase(step: index, $0) }
    }
    return phases
  }

  private func keep(_ kept: Kept) -> any KernelArguments {
    let rows = whole(kept.shared.buffer)
    return ScaleAddArguments(
      for: tiles, x: reading(rows),
      output: OutputRows(
        kept.rows, imageStride: rows.count, firstRow: 0, stride: width(rows)),
      alpha: 1, images: images, rows: rows.count, width: width(rows))
  }

  /// Bytes of scratch that a thread needs for all of them.
  var scratchBytes: Int { phases().map(\.arguments.scratchBytes).max() ?? 0 }

  // MARK: - Operands

  /// Row 0 of a buffer of all the images.
  func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
    let record = program.buffers[buffer]
    guard record.offset >= 0 else { return input }
    return (arena + record.offset * images).assumingMemoryBound(to: Float.self)
  }

  func indices(_ buffer: Int) -> UnsafeMutablePointer<Int32> {
    (arena + program.buffers[buffer].offset * images).assumingMemoryBound(to: Int32.self)
  }

  func reading(_ operand: RowsOperand) -> InputRows {
    let record = program.buffers[operand.buffer]
    return InputRows(
      floats(operand.buffer), imageStride: record.rows, firstRow: operand.first,
      stride: record.columns)
  }

  func writing(_ operand: RowsOperand) -> OutputRows {
    let record = program.buffers[operand.buffer]
    return OutputRows(
      floats(operand.buffer), imageStride: record.rows, firstRow: operand.first,
      stride: record.columns)
  }

  /// How many of an operand's rows are not in use.
  func unused(_ operand: RowsOperand) -> UnusedRows { unused(program.unusedRows(of: operand)) }

  /// How many of a buffer's tokens, whichever axis they lie along, are not in use.
  func unusedTokens(_ buffer: Int) -> UnusedRows {
    unused(program.buffers[buffer].unused?.buffer)
  }

  /// How many of the rows of heads are not in use, where each of an operand's rows is taken as one for each head.
  func unused(_ operand: RowsOperand, heads: Int) -> UnusedRows {
    unused(program.unusedRows(of: operand), each: heads)
  }

  private func unused(_ count: Int?, each: Int = 1) -> UnusedRows {
    UnusedRows(count.map { UnsafePointer(indices($0)) }, each: each)
  }

  func whole(_ buffer: Int) -> RowsOperand {
    RowsOperand(buffer, first: 0, count: program.buffers[buffer].rows)
  }

  func width(_ operand: RowsOperand) -> Int { program.buffers[operand.buffer].columns }

  func table(_ constant: Int) -> UnsafePointer<Float> {
    (weights + constants[constant].offset).assumingMemoryBound(to: Float.self)
  }

  func panels(_ constant: Int) -> PanelWeights {
    PanelWeights(weights + constants[constant].offset, element: constants[constant].element)
  }

  func norm(_ norm: NormOperand) -> LayerNorm {
    LayerNorm(gamma: table(norm.weight), beta: table(norm.bias), epsilon: norm.epsilon)
  }

  func norm(_ norm: NormOperand?) -> LayerNorm? { norm.map { self.norm($0) } }

  func activation(_ activation: StepActivation) -> KernelInterface.Activation {
    switch activation {
    case .none: .none
    case .gelu: .gelu
    case .relu: .relu
    case .geluTanh: .geluTanh
    case .quickGelu: .quickGelu
    case .silu: .silu
    case .tanh: .tanh
    }
  }

  // MARK: - Steps

  private func work(
    of step: Step, at index: Int, _ preparation: PreparedRows
  ) -> [any KernelArguments] {
    switch step {
    case .linear(let step): work(of: step, at: index, preparation)
    case .convolution(let step): work(of: step, preparation)
    case .prefix(let step):
      [
        CopyRowsArguments(
          source: table(step.rows), output: writing(step.output), images: images,
          rows: step.output.count, width: width(step.output))
      ]
    case .attention(let step): work(of: attention(step), preparation)
    case .biasedAttention(let step): work(of: biasedAttention(step), preparation)
    case .quantizedAttention(let step): work(of: step, preparation)
    case .score(let step): [score(step)]
    case .partition(let step): [partition(step)]
    case .assign(let step): [assign(step)]
    case .bipartiteAssign(let step): [bipartiteAssign(step)]
    case .nearestAssign(let step): [nearestAssign(step)]
    case .greedyPartition(let step): [greedyPartition(step)]
    case .gather(let step): [gather(step)]
    case .normScore(let step): [normScore(step)]
    case .halfMean(let step): [halfMean(step)]
    case .keepScore(let step): [keepScore(step)]
    case .policyPartition(let step): [policyPartition(step)]
    case .pick(let step): [pick(step)]
    case .restore(let step): [restore(step)]
    case .select(let step): [select(step)]
    case .halt(let step): [halt(step)]
    case .accumulate(let step): [accumulate(step)]
    case .headMean(let step): [headMean(step)]
    case .headLinear(let step): [headLinear(step)]
    case .headHalfMean(let step): [headHalfMean(step)]
    case .headVote(let step): [headVote(step)]
    case .packagePartition(let step): [packagePartition(step)]
    case .patchMax(let step): [patchMax(step)]
    case .fill(let step): [fill(step)]
    case .avgPool2x2(let step):
      [
        AvgPool2x2Arguments(
          input: floats(step.input), output: floats(step.output), images: images,
          channels: step.channels, height: step.height, width: step.width)
      ]
    case .grid(let step): [grid(step)]
    case .depthwise(let step):
      [
        DepthwiseArguments(
          input: reading(step.input), output: writing(step.output), images: images,
          height: step.height, width: step.width, channels: width(step.input),
          kernel: step.kernel, dilation: step.dilation, weights: table(step.weight),
          bias: table(step.bias), addsInput: step.addsInput)
      ]
    case .elementwise(let step): [elementwise(step)]
    case .reduceMax(let step):
      [
        ReduceMaxArguments(
          input: reading(step.input), output: writing(step.output), images: images,
          rows: step.input.count, width: width(step.input), unused: unused(step.input))
      ]
    case .reduceMean(let step): [reduceMean(step)]
    case .attentionPool(let step): [attentionPool(step)]
    case .headNorm(let step): [headNorm(step)]
    case .rotaryEmbedding(let step): [rotaryEmbedding(step)]
    case .gatedActivation(let step):
      [
        GatedActivationArguments(
          for: tiles, input: reading(step.input), output: writing(step.output), images: images,
          rows: step.input.count, width: width(step.output),
          activation: activation(step.activation), unused: unused(step.input))
      ]
    case .rmsNorm(let step):
      [
        RMSNormArguments(
          for: tiles, input: reading(step.input), output: writing(step.output), images: images,
          rows: step.input.count, width: width(step.input), weight: table(step.weight),
          epsilon: step.epsilon, unused: unused(step.input))
      ]
    case .norm(let step):
      [
        LayerNormArguments(
          for: tiles, input: reading(step.input), output: writing(step.output), images: images,
          rows: step.input.count, width: width(step.input),
          norm: norm(step.norm), unused: unused(step.input))
      ]
    }
  }

  /// A linear layer, with its rows prepared once where that is faster, or where its weights are int8.
  private func work(
    of step: LinearStep, at index: Int, _ preparation: PreparedRows
  ) -> [any KernelArguments] {
    let arguments = arguments(of: step)
    guard let terms = prepared?.assumingMemoryBound(to: Float.self) else {
      return [arguments]
    }
    let rows = terms + preparation.termFloats * images
    if arguments.weights.element == .int8 {
      let layer = QuantizedLinearArguments(
        arguments, bytes: UnsafeMutableRawPointer(rows).assumingMemoryBound(to: UInt8.self),
        terms: terms)
      return [QuantizedRowsArguments(layer), QuantizedProductArguments(layer, dot: dot)]
    }
    if arguments.isWorthPairing, let paired, let kernels = paired.kernels,
      let weightTerms = paired.terms(of: step.weight)
    {
      let scaled =
        preparation.scalesInPlace(step: index)
        ? writing(step.input)
        : OutputRows(
          rows, imageStride: arguments.rows, stride: paddedStride(arguments.inputWidth))
      let product = PairedLinearArguments(
        arguments, scaled: scaled, rowTerms: terms, weightTerms: weightTerms)
      return [
        PairedRowsArguments(product, kernels: kernels),
        PairedProductArguments(product, kernels: kernels),
      ]
    }
    guard let (norm, product) = arguments.normalizingOnce(into: rows) else {
      return [arguments]
    }
    return [norm, product]
  }

  /// A linear layer as a direct sum.
  func arguments(of step: LinearStep) -> LinearArguments {
    LinearArguments(
      for: tiles, input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, inputWidth: width(step.input), outputWidth: width(step.output),
      weights: panels(step.weight), bias: step.bias.map(table), norm: norm(step.norm),
      activation: activation(step.activation), residual: step.residual.map(reading),
      unused: unused(step.input))
  }

  /// Bytes for each image of what is prepared before products.
  var preparedBytes: Int { preparation.byteCount }

  private var preparation: PreparedRows {
    PreparedRows(program, constants, pairsAttention: paired?.kernels != nil) { weight in
      if constants[weight].element == .int8 { return .quantized }
      return paired?.terms(of: weight) == nil ? .direct : .paired
    }
  }

  /// A convolution: of patches that are quantized first where its weights are int8.
  private func work(
    of step: ConvolutionStep, _ preparation: PreparedRows
  ) -> [any KernelArguments] {
    let arguments = arguments(of: step)
    if arguments.weights.element == .int8, let patches = Patches(arguments),
      let terms = prepared?.assumingMemoryBound(to: Float.self)
    {
      let rows = UnsafeMutableRawPointer(terms + preparation.termFloats * images)
      let layer = QuantizedLinearArguments(
        arguments, of: patches, bytes: rows.assumingMemoryBound(to: UInt8.self), terms: terms)
      return [QuantizedRowsArguments(layer), QuantizedProductArguments(layer, dot: dot)]
    }
    guard arguments.isWorthWinograd, let weights = transformed?.weights(of: step.weight)
    else { return [arguments] }
    return [WinogradArguments(arguments, weights: weights)]
  }

  /// A convolution as a direct sum.
  func arguments(of step: ConvolutionStep) -> ConvolutionArguments {
    let windows = step.windows(of: constants[step.weight])
    return ConvolutionArguments(
      for: tiles,
      input: step.isChannelsLast
        ? .map(reading(whole(step.input))) : .image(floats(step.input)),
      channels: step.channels, height: step.height, width: step.width, kernel: windows.kernel,
      stride: windows.stride, padding: step.padding, output: writing(step.output),
      images: images, outputChannels: width(step.output), weights: panels(step.weight),
      bias: step.bias.map(table), activation: activation(step.activation),
      table: step.table.map(table))
  }

  func attention(_ step: AttentionStep) -> AttentionArguments {
    AttentionArguments(
      for: tiles, qkv: reading(whole(step.qkv)), output: writing(whole(step.output)),
      images: images,
      tokens: program.buffers[step.qkv].rows, queries: step.queries, heads: step.heads,
      headWidth: step.headWidth,
      scale: step.scale,
      sizes: step.sizes.map { UnsafePointer(floats($0)) }, unused: unusedTokens(step.qkv),
      classAttention: step.classAttention.map(floats), probabilities: step.probabilities.map(floats)
    )
  }

  /// Attention, of heads that are prepared first where products are formed in pairs.
  private func work(
    of arguments: AttentionArguments, _ preparation: PreparedRows
  ) -> [any KernelArguments] {
    guard let kernels = paired?.kernels, let prepared,
      PairedAttention.isFaster(
        tokens: arguments.tokens, queries: arguments.queries, headWidth: arguments.headWidth)
    else { return [arguments] }
    let terms = prepared.assumingMemoryBound(to: Float.self)
    let layer = PairedAttention(arguments, heads: terms + preparation.termFloats * images)
    return [
      PairedHeadsArguments(layer, kernels: kernels),
      PairedAttentionArguments(layer, kernels: kernels),
    ]
  }

  /// Attention in eight bits, of heads that are quantized first.
  private func work(
    of step: QuantizedAttentionStep, _ preparation: PreparedRows
  ) -> [any KernelArguments] {
    let arguments = attention(step.attention)
    guard let prepared else { return [arguments] }
    let layer = QuantizedAttention(
      arguments, heads: prepared + preparation.termFloats * images * MemoryLayout<Float>.stride)
    return [QuantizedHeadsArguments(layer), QuantizedAttentionArguments(layer, dot: dot)]
  }

  private func grid(_ step: GridStep) -> any KernelArguments {
    switch step.direction {
    case .down:
      GridAvgPoolArguments(
        input: reading(step.input), output: writing(step.output), images: images,
        prefix: step.prefix, gridHeight: step.height, gridWidth: step.width,
        width: width(step.input), norm: norm(step.norm))
    case .up:
      GridUpsampleArguments(
        input: reading(step.input), output: writing(step.output),
        addend: step.residual.map(reading), images: images, prefix: step.prefix,
        gridHeight: step.height * 2, gridWidth: step.width * 2, width: width(step.input))
    }
  }

  private func elementwise(_ step: ElementwiseStep) -> any KernelArguments {
    let (rows, width) = (step.a.count, width(step.a))
    switch step.operation {
    case .add, .multiplyAdd:
      return MultiplyAddArguments(
        for: tiles, a: reading(step.a), u: reading(step.u), v: step.v.map(reading),
        output: writing(step.output), images: images, rows: rows, width: width,
        unused: unused(step.a))
    case .combine, .copy:
      let isCopy = step.operation == .copy
      return ScaleAddArguments(
        for: tiles, x: reading(step.a), y: isCopy ? nil : reading(step.u),
        output: writing(step.output),
        alpha: isCopy ? 1 : step.alpha, beta: step.beta, images: images, rows: rows,
        width: width, unused: unused(step.a))
    }
  }

  private func fill(_ step: FillStep) -> any KernelArguments {
    let record = program.buffers[step.output]
    let count = record.rows * record.columns
    let output: FillArguments.Output =
      switch record.element {
      case .float32: .ones(floats(step.output))
      case .int32: .positions(indices(step.output))
      }
    return FillArguments(output, images: images, count: count)
  }
}
