/// The kinds of node a ViT is made of.
///
/// Operands are the node's inputs, in the order given here. Shapes are per picture; all else that is known of
/// a kind is with its ``attributes``.
package enum Op: Sendable {
  /// The picture, `[channels, height, width]`. No operands.
  case picture(Picture)

  /// A convolution of a picture or a map. Result: a map.
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
  case addTable(AddTable)

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
  case columnMax

  /// Token sizes before any merge: ones, `[1, T]`. No operands.
  case unitSizes(UnitSizes)

  /// The original patch index of each patch token before any reduction. No operands.
  case patchIndices(PatchIndices)

  /// Chooses the important patch tokens (method 3.2). Operand: class rows `[heads, T]`. Results:
  /// kept indices `[K]`, dropped indices `[N - K]`, both ascending, and importance `[1, N]`.
  case select(Select)

  /// Joins the tokens that were not selected (merge, fuse) or leaves them out (drop). Operands:
  /// tokens, kept, dropped, importance, then those that ``Reduce`` asks for, in its order.
  /// Results: tokens, then `into` (merge only), sizes, patch indices, each if carried.
  case reduce(Reduce)

  /// Bipartite soft matching (ToMe). Operands: tokens `[T, D]`, `qkv`, sizes `[1, T]`. Results:
  /// tokens `[T', D]`, sizes `[1, T']`, destination: the new patch position of each old one.
  case match(Match)

  /// The picture averaged over 2 x 2 pixels.
  case halve

  /// Grid tokens averaged over 2 x 2, prefix tokens unchanged (DOWN of eq. 6).
  case gridDown(GridDown)

  /// Each grid token repeated 2 x 2, prefix tokens unchanged (UP of eqs. 5 and 6).
  case gridUp(GridUp)

  /// A depthwise convolution over grid tokens without prefix.
  case depthwise(Depthwise)

  /// `a + u * v` of three values of one shape (eq. 5).
  case multiplyAdd
}
