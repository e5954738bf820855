/// `importance[i] = (sum over heads of classRows[h, prefix + i]) / heads`: what the class token attends to
/// each patch token. One item for each picture.
package struct ScoreArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, heads, prefix + patches]`.
  package var classRows: UnsafePointer<Float>

  /// Pictures in the batch.
  package var pictures: Int

  /// H.
  package var heads: Int

  /// Prefix tokens, which have no importance.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// Of the patch tokens.
  package var unused: UnusedRows

  /// Receives `[pictures, N]`.
  package var importance: UnsafeMutablePointer<Float>

  /// The importance of all patch tokens.
  package init(
    classRows: UnsafePointer<Float>, pictures: Int, heads: Int, prefix: Int, patches: Int,
    importance: UnsafeMutablePointer<Float>, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.classRows = classRows
    self.pictures = pictures
    self.heads = heads
    self.prefix = prefix
    self.patches = patches
    self.importance = importance
    self.unused = unused
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: pictures) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.score(self, item: item)
  }
}
