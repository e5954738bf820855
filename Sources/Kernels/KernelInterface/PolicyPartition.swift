/// Divides patch tokens into K that are kept and N - K that are dropped, in each image by one of two rules (PPT). One
/// item for each image.
///
/// Where the variance of an image's importance, with divisor N - 1, is below the threshold, tokens are pooled as
/// ``PartitionArguments`` says of edges. Elsewhere, or where it is no number, the K of the largest importance are kept,
/// by falling importance, and the destination of the others is -1; ties to the lower, NaN below everything.
package struct PolicyPartitionArguments: KernelArguments, @unchecked Sendable {
  /// `[images, N]`.
  package var importance: UnsafePointer<Float>

  /// Below which variance tokens are pooled.
  package var threshold: Float

  /// Of pooled tokens; its order is edges.
  package var pooling: PartitionArguments

  /// A partition by an image's own rule; `pooling` has all its parts.
  package init(
    importance: UnsafePointer<Float>, threshold: Float, pooling: PartitionArguments
  ) {
    self.importance = importance
    self.threshold = threshold
    self.pooling = pooling
  }

  /// Work items of the step.
  package var items: WorkItems { pooling.items }

  /// Bytes of scratch that an item needs, 64-byte aligned: a key for each token.
  package var scratchBytes: Int {
    max(pooling.scratchBytes, pooling.patches * MemoryLayout<UInt64>.stride)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.policyPartition(self, item: item, scratch: scratch)
  }
}
