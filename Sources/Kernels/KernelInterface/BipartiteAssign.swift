/// Finds for every patch token of set A, the positions `first`, `first + 2`, ..., the one of set B, the
/// others, whose key, averaged over heads, has the highest cosine with its own; ties go to the lower.
package struct BipartiteAssignArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + patches, 3 * heads * headWidth]`, of which the keys are read.
  package var qkv: InputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens, at least 2.
  package var patches: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// A's first position, 0 or 1.
  package var first: Int

  /// Receives `[images, A]`: for A's token a, at position `first + 2a`, the index b of its best, which is at
  /// position `1 - first + 2b`.
  package var best: UnsafeMutablePointer<Int32>

  /// Receives `[images, A]`: that best's cosine.
  package var score: UnsafeMutablePointer<Float>

  /// An assignment with all its parts.
  package init(
    qkv: InputRows, images: Int, prefix: Int, patches: Int, heads: Int, headWidth: Int,
    first: Int = 1, best: UnsafeMutablePointer<Int32>, score: UnsafeMutablePointer<Float>
  ) {
    self.qkv = qkv
    self.images = images
    self.prefix = prefix
    self.patches = patches
    self.heads = heads
    self.headWidth = headWidth
    self.first = first
    self.best = best
    self.score = score
  }

  /// The tokens in set A of N.
  package static func sourceCount(of patches: Int, first: Int) -> Int { (patches - first + 1) / 2 }

  /// A, the tokens in set A.
  package var sources: Int { Self.sourceCount(of: patches, first: first) }

  /// How A's tokens are cut into items.
  package var split: EvenSplit { EvenSplit(sources, minimum: 12, parts: 8) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int {
    ((patches + 1) / 2 + 1) * paddedStride(headWidth) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.bipartiteAssign(self, item: item, scratch: scratch)
  }
}
