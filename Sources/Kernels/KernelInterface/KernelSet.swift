/// One implementation of every kernel, for one instruction set.
///
/// A step is a set of arguments and its items `0..<arguments.items.count`, which depends on the
/// extents of the step and of the set's tiles only. The items of a step are independent: they may run in any order, each once, on any thread.
/// Every output element is written by exactly one item, and the order of its sum depends neither on
/// the batch nor on how the rows are cut, so that results are bit-identical for every batch and every
/// number of threads.
///
/// `scratch` belongs to the calling thread, is 64-byte aligned, holds at least
/// `arguments.scratchBytes` bytes and has no contents that outlive a call. Steps without
/// `scratchBytes` need none.
package protocol KernelSet: Sendable {
  /// `portable`, `avx2`, `avx512` or `neon`, as in `VITRUN_KERNELS`.
  static var name: StaticString { get }

  /// The extents of its tiles. Arguments are made for them, so that a step is cut into items that
  /// suit them, with scratch that is enough.
  static var tiles: TileExtents { get }

  /// Linear layer.
  static func linear(
    _ arguments: LinearArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// The rows of a linear layer in eight bits.
  static func quantizeRows(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Linear layer in eight bits, of rows that are quantized.
  static func quantizedLinear(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Layer normalisation of rows.
  static func layerNorm(_ arguments: LayerNormArguments, item: Int)

  /// RMSNorm of rows.
  static func rmsNorm(_ arguments: RMSNormArguments, item: Int)

  /// Convolution, among others the patch embedding.
  static func convolution(
    _ arguments: ConvolutionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// The weights of a convolution by Winograd's F(2 x 4, 3 x 3), from its panels; an item for each panel.
  static func winogradWeights(_ arguments: WinogradArguments, item: Int)

  /// Convolution by Winograd's F(2 x 4, 3 x 3), with weights that are transformed.
  static func winograd(
    _ arguments: WinogradArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Depthwise convolution.
  static func depthwise(_ arguments: DepthwiseArguments, item: Int)

  /// Attention.
  static func attention(
    _ arguments: AttentionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Attention of a few queries to rows without keys and values.
  static func attendToRows(
    _ arguments: RowAttentionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Queries, keys and values in eight bits.
  static func quantizeHeads(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer)

  /// Attention in eight bits, of heads that are quantized.
  static func quantizedAttention(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer)

  /// LayerNorm of every head's query and key.
  static func headNorm(_ arguments: HeadNormArguments, item: Int)

  /// Queries and keys turned by the angles of their positions.
  static func rotaryEmbedding(_ arguments: RotaryEmbeddingArguments, item: Int)

  /// Values times the activation of their gates.
  static func gatedActivation(_ arguments: GatedActivationArguments, item: Int)

  /// Importance of tokens.
  static func score(_ arguments: ScoreArguments, item: Int)

  /// Choice of the tokens that are kept.
  static func partition(
    _ arguments: PartitionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Importance of tokens by the length of rows.
  static func normScore(_ arguments: NormScoreArguments, item: Int)

  /// Means over tokens of half of their columns.
  static func halfMean(_ arguments: HalfMeanArguments, item: Int)

  /// Importance of tokens by what speaks for keeping and for dropping them.
  static func keepScore(_ arguments: KeepScoreArguments, item: Int)

  /// Means over the columns of heads.
  static func headMean(_ arguments: HeadMeanArguments, item: Int)

  /// What the heads of a predictor say together.
  static func headVote(_ arguments: HeadVoteArguments, item: Int)

  /// Choice of the tokens that are kept, by a rule of each image's own.
  static func policyPartition(
    _ arguments: PolicyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Numbers of the tokens that are kept.
  static func pick(_ arguments: PickArguments, item: Int)

  /// Choice of as many tokens as an image's own scores say.
  static func select(
    _ arguments: SelectArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Choice of the tokens that go on behind a block.
  static func halt(_ arguments: HaltArguments, item: Int)

  /// Sum of what the class token is behind each block.
  static func accumulate(_ arguments: AccumulateArguments, item: Int)

  /// Tokens that waited, joined with those that went on.
  static func restore(_ arguments: RestoreArguments, item: Int)

  /// Most similar kept token of every other.
  static func assign(
    _ arguments: AssignArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Most similar token of set B for every token of set A.
  static func bipartiteAssign(
    _ arguments: BipartiteAssignArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Most similar other token of every one.
  static func nearestAssign(
    _ arguments: NearestAssignArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Choice of the tokens that leave, each into another.
  static func greedyPartition(
    _ arguments: GreedyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// The tokens that are left.
  static func gather(_ arguments: GatherArguments, item: Int)

  /// An image at half its size: averages over 2 x 2 pixels.
  static func avgPool2x2(_ arguments: AvgPool2x2Arguments, item: Int)

  /// Token grid at half its size.
  static func gridAvgPool(
    _ arguments: GridAvgPoolArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// Token grid at twice its size.
  static func gridUpsample(_ arguments: GridUpsampleArguments, item: Int)

  /// Ones or positions.
  static func fill(_ arguments: FillArguments, item: Int)

  /// Constant rows into each image.
  static func copyRows(_ arguments: CopyRowsArguments, item: Int)

  /// `a + u * v`.
  static func multiplyAdd(_ arguments: MultiplyAddArguments, item: Int)

  /// Maximum over rows.
  static func reduceMax(_ arguments: ReduceMaxArguments, item: Int)

  /// Mean over rows.
  static func reduceMean(_ arguments: ReduceMeanArguments, item: Int)

  /// Attention of one query.
  static func attentionPool(
    _ arguments: AttentionPoolArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// `alpha * x + beta * y`.
  static func scaleAdd(_ arguments: ScaleAddArguments, item: Int)

  /// `rounds` times 192 multiply-adds that wait for nothing, on 224 floats at `values`: how fast this
  /// processor could be. 64-byte aligned.
  static func multiplyAddLoop(_ values: UnsafeMutablePointer<Float>, rounds: Int)
}

/// Kernels that form products with additions beside multiplications: see ``PairedLinearArguments``.
package protocol PairedKernelSet: KernelSet {
  /// The terms of a matrix; an item for each panel.
  static func pairedWeights(_ arguments: PairedWeightsArguments, item: Int)

  /// Rows that are normalised and scaled, and their terms.
  static func pairedRows(_ arguments: PairedLinearArguments, item: Int)

  /// The product of rows that are scaled.
  static func pairedLinear(
    _ arguments: PairedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// The keys or the values of a head, scaled, and their terms.
  static func pairedHeads(_ layer: PairedAttention, item: Int)

  /// Attention of heads that are prepared.
  static func pairedAttention(
    _ layer: PairedAttention, item: Int, scratch: UnsafeMutableRawPointer)
}

/// What a set's kernels that multiply bytes are replaced by where the processor adds products of bytes in one
/// instruction.
package protocol DotKernelSet: Sendable {
  /// The instructions: `vnni` (AVX-512 VNNI, AVX-VNNI), `dot` (FEAT_DotProd) or `i8mm` (FEAT_I8MM).
  static var name: StaticString { get }

  /// The extents of the set's tiles.
  static var tiles: TileExtents { get }

  /// As ``KernelSet/quantizedLinear(_:item:scratch:)``, with the same bits.
  static func quantizedLinear(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer)

  /// As ``KernelSet/quantizedAttention(_:item:scratch:)``, with the same bits.
  static func quantizedAttention(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer)
}
