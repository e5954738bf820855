/// Importance of patch tokens by what the class token attends to them and by how long rows of theirs are. One item
/// for each image.
///
/// Of patch token i, with a `[heads, tokens]` the class token's softmax rows:
/// * `.value`: `w[i] / sum of w` with `w[i] = (sum over heads of a[h, i]) * |v[i]|`, v over all heads;
/// * `.headShare`: `sum over heads of a[h, i] * |o[h, i]| / (sum over heads of |o[h, i]| + 1e-8)`.
package struct NormScoreArguments: KernelArguments, @unchecked Sendable {
  /// What the rows are and do.
  package var measure: NormMeasure

  /// `[images, heads, prefix + patches]`.
  package var classAttention: UnsafePointer<Float>

  /// `[images, prefix + patches, heads * headWidth]`: v or o.
  package var rows: InputRows

  /// Images in the batch.
  package var images: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Prefix tokens, which have no importance.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// Of the patch tokens.
  package var unused: UnusedRows

  /// Receives `[images, N]`.
  package var importance: UnsafeMutablePointer<Float>

  /// The importance of all patch tokens.
  package init(
    _ measure: NormMeasure, classAttention: UnsafePointer<Float>, rows: InputRows, images: Int,
    heads: Int, headWidth: Int, prefix: Int, patches: Int,
    importance: UnsafeMutablePointer<Float>, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.measure = measure
    self.classAttention = classAttention
    self.rows = rows
    self.images = images
    self.heads = heads
    self.headWidth = headWidth
    self.prefix = prefix
    self.patches = patches
    self.importance = importance
    self.unused = unused
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.normScore(self, item: item)
  }
}
