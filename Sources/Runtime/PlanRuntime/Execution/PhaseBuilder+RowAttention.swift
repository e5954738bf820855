internal import KernelInterface
internal import PlanFormat

// The last block of a classifier, of which its head reads the class token: no more of the other tokens' queries, keys and
// values is formed than that row needs.
extension PhaseBuilder {
  /// A layer that makes queries, keys and values, and the attention of a few queries that alone reads them.
  struct FewQueries {
    let layer: LinearStep
    let attention: AttentionStep
  }

  /// What begins at a step, if that is faster as attention to rows; its two steps are the next two.
  /// - Parameter lifetimes: the program's.
  func fewQueries(at index: Int, _ lifetimes: [ClosedRange<Int>?]) -> FewQueries? {
    guard index + 1 < program.steps.count, case .linear(let layer) = program.steps[index].step,
      case .attention(let attention) = program.steps[index + 1].step,
      layer.output.buffer == attention.qkv, layer.output.count == layer.input.count,
      layer.residual == nil, layer.activation == .none,
      attention.classAttention == nil, attention.probabilities == nil,
      lifetimes[attention.qkv] == index...index + 1
    else { return nil }
    let qkv = program.buffers[attention.qkv]
    // Rows that are not normalised are read by the second step, where others may lie by then.
    let areThere =
      layer.norm == nil
      ? lifetimes[layer.input.buffer].map { $0.contains(index + 1) } ?? false : prepared != nil
    guard areThere, layer.output.count == qkv.rows, constants[layer.weight].element != .int8,
      RowAttentionArguments.isFaster(tokens: qkv.rows, queries: attention.queries)
    else { return nil }
    return FewQueries(layer: layer, attention: attention)
  }

  /// Normalises the rows, where they are not, and attends to them.
  func work(
    of few: FewQueries, _ preparation: PreparedRows
  ) -> (layer: [any KernelArguments], attention: any KernelArguments) {
    let (layer, attention) = (few.layer, few.attention)
    let width = width(layer.input)
    var rows = reading(layer.input)
    var first: [any KernelArguments] = []
    if let norm = norm(layer.norm), let prepared {
      let normalised =
        prepared.assumingMemoryBound(to: Float.self) + preparation.termFloats * images
      first = [
        LayerNormArguments(
          for: tiles, input: rows,
          output: OutputRows(normalised, imageStride: layer.input.count, stride: width),
          images: images, rows: layer.input.count, width: width, norm: norm,
          unused: unused(layer.input))
      ]
      rows = InputRows(UnsafePointer(normalised), imageStride: layer.input.count, stride: width)
    }
    return (
      first,
      RowAttentionArguments(
        input: rows, output: writing(whole(attention.output)), images: images,
        tokens: layer.input.count, queries: attention.queries, inputWidth: width,
        heads: attention.heads, headWidth: attention.headWidth, scale: attention.scale,
        weights: panels(layer.weight), bias: layer.bias.map(table),
        sizes: attention.sizes.map { UnsafePointer(floats($0)) }, unused: unused(layer.input))
    )
  }
}
