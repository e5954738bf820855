/// Divides patch tokens into K that are kept and N - K that are dropped. One item for each picture.
///
/// Of values that are equal, that of the lower index counts as the larger; a NaN is below everything.
package struct PartitionArguments: KernelArguments, @unchecked Sendable {
  /// What decides.
  package enum Order: @unchecked Sendable {
    /// `[pictures, N]`: the tokens of the K largest values are kept, in ascending order.
    case importance(UnsafePointer<Float>)

    /// Edges as ``BipartiteAssignArguments`` finds them, `[pictures, A]` each, from set A, the positions
    /// `first`, `first + 2`, ..., to set B, the others. The tokens at the N - K largest scores are
    /// dropped, and kept are first A's others in their order, then B.
    case edges(score: UnsafePointer<Float>, best: UnsafePointer<Int32>, first: Int)
  }

  /// What decides.
  package var order: Order

  /// Pictures in the batch.
  package var pictures: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, at most N, and with edges at least N - A.
  package var keep: Int

  /// The destination of a dropped token without edges: -1, or K where those become one more row.
  package var destinationOfDropped: Int32

  /// Receives `[pictures, K]`: the patch position behind each new one.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N - K]`, patch positions in ascending order.
  package var dropped: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N]`: a kept token's place in `kept`, with edges a dropped token's best in B's place,
  /// otherwise `destinationOfDropped`.
  package var destination: UnsafeMutablePointer<Int32>

  /// A partition; see the type for the meaning of its parts.
  package init(
    _ order: Order, pictures: Int, patches: Int, keep: Int, destinationOfDropped: Int32 = -1,
    kept: UnsafeMutablePointer<Int32>, dropped: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>
  ) {
    self.order = order
    self.pictures = pictures
    self.patches = patches
    self.keep = keep
    self.destinationOfDropped = destinationOfDropped
    self.kept = kept
    self.dropped = dropped
    self.destination = destination
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: pictures) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { patches * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.partition(self, item: item, scratch: scratch)
  }
}
