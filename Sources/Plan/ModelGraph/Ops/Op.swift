/// The kinds of node a ViT is made of.
///
/// Operands are the node's inputs, in the order given here. Shapes are per image; all else that is known of
/// a kind is with its ``attributes``.
package enum Op: Sendable {
  /// The image, `[channels, height, width]`. No operands.
  case image(InputImage)

  /// A convolution of an image or a map. Result: a map.
  case convolution(Convolution)

  /// Batch normalisation of a map with running statistics.
  case batchNorm(BatchNorm)

  /// An elementwise non-linearity.
  case activation(ActivationNode)

  /// A map's pixels as rows, row-major: `[height * width, channels]`.
  case flatten

  /// Constant rows in front of the operand's rows.
  case prepend(Prepend)

  /// All operands' rows, one operand after the other.
  case concatenate

  /// The operand plus a constant table of the same shape (position embedding).
  case addPositions(AddPositions)

  /// LayerNorm of each row.
  case layerNorm(Norm)

  /// Operands: rows `x`, and the residual when fused. `y = activation(norm(x) W^T + b) + residual`.
  case linear(Linear)

  /// Operands: `qkv` rows `[T, 3 * heads * headWidth]` (q | k | v, each head-major) and, when
  /// size-aware, sizes `[1, T]`. Results: rows `[queries, heads * headWidth]`; then, if asked for, the
  /// class token's softmax rows `[heads, T]` and all softmax rows `[heads * T, T]`.
  case attention(Attention)

  /// Sum of two values of one shape.
  case add

  /// Each column times a constant (LayerScale).
  case scaleColumns(ScaleColumns)

  /// Everything times one number (LV-ViT's `1 / skip_lam`).
  case scale(Scale)

  /// A range of the operand's rows.
  case slice(Slice)

  /// `alpha * x + beta * y` of two values of one shape.
  case combine(Combine)

  /// The largest value of each column: `[N, C]` to `[1, C]`.
  case reduceMax

  /// Token sizes before any merge: ones, `[1, T]`. No operands.
  case unitSizes(UnitSizes)

  /// The original patch index of each patch token before any reduction. No operands.
  case patchIndices(PatchIndices)

  /// Importance of patch tokens (method 3.2). Operand: the class token's softmax rows `[heads, T]`, or all
  /// softmax rows `[heads * T, T]`. Result: `[1, N]`, the mean of the rows.
  case score(Score)

  /// Which patch tokens are kept. Operands: importance `[1, N]`; or edges: their scores `[1, A]` and ends
  /// `[A]`. Results: kept `[K]`, dropped `[N - K]`, ascending, and the new position of each old one, `[N]`;
  /// where images keep different numbers, how many of K are not in use, `[1]`.
  case partition(Partition)

  /// Which kept token each dropped one joins. Operands: tokens `[T, D]`, kept, dropped, destination, then
  /// what the similarity asks for. Result: the destination with the dropped tokens' entries filled.
  case assign(Assign)

  /// Bipartite soft matching (ToMe). Operand: `qkv`. Results: edges from each token of set A to one of set
  /// B, `[A]`, and their scores `[1, A]`.
  case bipartiteAssign(BipartiteAssign)

  /// The tokens that are left. Operands: tokens `[T, D]`, kept, destination, then those that ``Gather`` names,
  /// in its order. Results: tokens `[T', D]`, then sizes and patch indices, each if it is an operand.
  case gather(Gather)

  /// The image averaged over 2 x 2 pixels.
  case avgPool2x2

  /// Grid tokens averaged over 2 x 2, prefix tokens unchanged (DOWN of eq. 6).
  case gridAvgPool(GridAvgPool)

  /// Each grid token repeated 2 x 2, prefix tokens unchanged (UP of eqs. 5 and 6).
  case gridUpsample(GridUpsample)

  /// A depthwise convolution over grid tokens without prefix.
  case depthwise(Depthwise)

  /// `a + u * v` of three values of one shape (eq. 5).
  case multiplyAdd

  /// The most similar other patch token of each. Operand: tokens `[T, D]`. Results: its position, `[N]`, and how
  /// similar it is, `[1, N]`.
  case nearestAssign(NearestAssign)

  /// Which patch tokens leave, each into another. Operands: tokens `[T, D]`, importance `[1, N]`, both results of
  /// nearestAssign, sizes `[1, T]`. Results: kept `[K]`, dropped `[N - K]`, ascending, the new position of each old
  /// one, `[N]`, and what each counts for in a mean, `[1, N]`.
  case greedyPartition(GreedyPartition)

  /// The mean of rows. Operands: rows `[T, D]` and, when size-aware, sizes. Result: `[1, D]`.
  case reduceMean(ReduceMean)

  /// Attention of one constant query. Operands: keys and values `[T, 2 * heads * headWidth]` and, when
  /// size-aware, sizes. Result: `[1, heads * headWidth]`.
  case attentionPool(AttentionPool)

  /// LayerNorm of every head's query and key.
  case headNorm(HeadNorm)

  /// Queries and keys turned by the angles of their tokens' positions.
  case rotaryEmbedding(RotaryEmbedding)

  /// `activation(gate) * value`.
  case gatedActivation(GatedActivation)

  /// Attention whose scores have a relative position bias.
  case biasedAttention(BiasedAttention)

  /// RMSNorm of each row.
  case rmsNorm(RMSNorm)

  /// Importance of patch tokens by the length of rows. Operands: the class token's softmax rows `[heads, T]`, and rows
  /// of each token. Result: `[1, N]`.
  case normScore(NormScore)

  /// Rows `[N, C]` whose columns behind the first half become their mean over rows.
  case halfMean

  /// Importance `[1, N]` of what speaks for keeping and for dropping each token, `[N, 2]`.
  case keepScore

  /// Which patch tokens are kept, by a rule of each image's own. Operands: importance `[1, N]`, scores `[1, A]` and ends
  /// `[A]` of edges. Results: kept `[K]`, dropped `[N - K]`, the new position of each old one, `[N]`.
  case policyPartition(PolicyPartition)

  /// Numbers of the tokens that are kept. Operands: `[1, N]` and kept `[K]`. Result: `[1, K]`.
  case pick

  /// Tokens that waited, joined with those that went on. Operands: all as they were, those that went on, and the new
  /// position of each old one, `[N]`. Result: as the first operand.
  case restore(Restore)

  /// Which patch tokens an image keeps, as many as its own scores `[1, N]` say. Results: kept `[N]`, the new position of
  /// each old one, `[N]`, and how many of the N places are not in use, `[1]`.
  case select(Select)

  /// Which tokens go on behind a block. Operands: tokens `[1 + N, D]`, and what is left of 1 of their halting values,
  /// `[1, 1 + N]`. Results: kept `[N]`, the new position of each old one, `[N]`, what is left behind the block, and how
  /// many of the N places are not in use, `[1]`.
  case halt(Halt)

  /// What the class token has come to, weighted by its halting values, `[1, D]`. Operands: tokens, what is left of 1
  /// before the block, and the sum so far.
  case accumulate(Accumulate)

  /// The mean of each head's columns: `[T, heads * width]` becomes `[T, heads]`.
  case headMean(HeadMean)

  /// One linear layer on each head's columns, the same for all heads.
  case headLinear(HeadLinear)

  /// Of each head the columns behind the first half become their mean over all rows.
  case headHalfMean(HeadHalfMean)

  /// What the heads of a predictor say together. Operands: what heads count for, `[T, heads]`, and what speaks for
  /// keeping and for dropping, `[T, 2 * heads]`. Results: scores and the probability of keeping, both `[1, T]`.
  case headVote(HeadVote)

  /// Which patch tokens an image keeps where the others become one package token. Operand: scores `[1, N]`. Results: as
  /// those of a select.
  case packagePartition(PackagePartition)

  /// The largest value of each column over rows that are no packages, `[1, width]`.
  case patchMax(PatchMax)
}
