/// Writes what tokens carry before any reduction.
package struct FillArguments: KernelArguments, @unchecked Sendable {
  /// What is written.
  package enum Output: @unchecked Sendable {
    /// Ones, `[images, count]`.
    case ones(UnsafeMutablePointer<Float>)
    /// `0, 1, 2, ...` for each image, `[images, count]`.
    case positions(UnsafeMutablePointer<Int32>)
  }

  /// What is written, and where.
  package var output: Output

  /// Images in the batch.
  package var images: Int

  /// Elements for each image.
  package var count: Int

  /// Ones or positions.
  package init(_ output: Output, images: Int, count: Int) {
    self.output = output
    self.images = images
    self.count = count
  }

  /// Work items of the step: one.
  package var items: WorkItems { WorkItems(parts: 1) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.fill(self, item: item)
  }
}
