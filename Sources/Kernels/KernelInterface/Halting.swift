/// When tokens halt (A-ViT): a token's halting value is `sigmoid(scale * x[0] - center)`.
package struct HaltingValues: Sendable {
  package var scale: Float
  package var center: Float

  /// What is left of 1 when a token halts, at most.
  package var epsilon: Float

  /// A gate.
  package init(scale: Float, center: Float, epsilon: Float) {
    self.scale = scale
    self.center = center
    self.epsilon = epsilon
  }
}

/// Which tokens go on behind a block: those of whose 1 more than epsilon is left when the block's halting value is taken
/// from it. One item for each image.
///
/// Token 0 is the class token, whose row always stays. Where no more than epsilon is left of it, before or behind the
/// block, no other token is kept, and where it had halted before all keep what is left.
package struct HaltArguments: KernelArguments, @unchecked Sendable {
  /// When tokens halt.
  package var gate: HaltingValues

  /// `[images, 1 + N, width]`, of which channel 0 is read.
  package var tokens: InputRows

  /// `[images, 1 + N]`, before the block.
  package var remainders: UnsafePointer<Float>

  /// Receives `[images, 1 + N]`, behind it.
  package var newRemainders: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// N, patch tokens.
  package var patches: Int

  /// Of the patch tokens.
  package var unused: UnusedRows

  /// Receives `[images, N]`: the patch position behind each new one.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: a kept token's place in `kept`, -1 for another.
  package var destination: UnsafeMutablePointer<Int32>

  /// Receives `[images]`: how many of the N places are not in use.
  package var unusedKept: UnsafeMutablePointer<Int32>

  /// A halt with all its parts.
  package init(
    _ gate: HaltingValues, tokens: InputRows, remainders: UnsafePointer<Float>,
    newRemainders: UnsafeMutablePointer<Float>, images: Int, patches: Int,
    unused: UnusedRows = UnusedRows(nil), kept: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>, unusedKept: UnsafeMutablePointer<Int32>
  ) {
    self.gate = gate
    self.tokens = tokens
    self.remainders = remainders
    self.newRemainders = newRemainders
    self.images = images
    self.patches = patches
    self.unused = unused
    self.kept = kept
    self.destination = destination
    self.unusedKept = unusedKept
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.halt(self, item: item)
  }
}

/// `output = sum + w * x` with the class token's row x: w is its halting value where more than epsilon is left behind it,
/// what was left where less is, 0 where it is epsilon itself or the token had halted before. In the last block it is
/// what was left. One item for each image.
package struct AccumulateArguments: KernelArguments, @unchecked Sendable {
  /// When tokens halt.
  package var gate: HaltingValues

  /// The class token halts here at the latest.
  package var isLast: Bool

  /// `[images, tokens, width]`, of which row 0 is read.
  package var tokens: InputRows

  /// `[images, remainderStride]`, of which the first is read.
  package var remainders: UnsafePointer<Float>

  /// Floats from an image's remainders to the next one's.
  package var remainderStride: Int

  /// `[images, width]`; `nil` stands for zeros.
  package var sum: UnsafePointer<Float>?

  /// Receives `[images, width]`.
  package var output: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// D: the elements of a row.
  package var width: Int

  /// A sum with all its parts.
  package init(
    _ gate: HaltingValues, isLast: Bool, tokens: InputRows, remainders: UnsafePointer<Float>,
    remainderStride: Int, sum: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>,
    images: Int, width: Int
  ) {
    self.gate = gate
    self.isLast = isLast
    self.tokens = tokens
    self.remainders = remainders
    self.remainderStride = remainderStride
    self.sum = sum
    self.output = output
    self.images = images
    self.width = width
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.accumulate(self, item: item)
  }
}
