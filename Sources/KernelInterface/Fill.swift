/// Writes what tokens carry before any reduction.
package struct FillArguments: KernelArguments, @unchecked Sendable {
  /// What is written.
  package enum Output: @unchecked Sendable {
    /// Ones, `[pictures, count]`.
    case ones(UnsafeMutablePointer<Float>)
    /// `0, 1, 2, ...` for each picture, `[pictures, count]`.
    case positions(UnsafeMutablePointer<Int32>)
  }

  /// What is written, and where.
  package var output: Output

  /// Pictures in the batch.
  package var pictures: Int

  /// Elements for each picture.
  package var count: Int

  /// Ones or positions.
  package init(_ output: Output, pictures: Int, count: Int) {
    self.output = output
    self.pictures = pictures
    self.count = count
  }

  /// Work items of the step: one.
  package var items: WorkItems { WorkItems(parts: 1) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.fill(self, item: item)
  }
}
