/// `importance[i] = (sum over heads of classAttention[h, prefix + i]) / heads`: what the class token attends to
/// each patch token; or, with as many rows for each head as there are tokens, what all attend to it. One item
/// for each image.
package struct ScoreArguments: KernelArguments, @unchecked Sendable {
  /// `[images, heads, prefix + patches]`; all softmax rows count as heads.
  package var classAttention: UnsafePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// H, or H times the tokens.
  package var heads: Int

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
    classAttention: UnsafePointer<Float>, images: Int, heads: Int, prefix: Int, patches: Int,
    importance: UnsafeMutablePointer<Float>, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.classAttention = classAttention
    self.images = images
    self.heads = heads
    self.prefix = prefix
    self.patches = patches
    self.importance = importance
    self.unused = unused
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.score(self, item: item)
  }
}
