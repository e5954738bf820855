internal import KernelInterface
internal import PlanFormat

// The last block of a classifier, of which its head reads the class token: no more of the other tokens' queries, keys and
// values is formed than that row needs.
extension PhaseBuilder {
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
