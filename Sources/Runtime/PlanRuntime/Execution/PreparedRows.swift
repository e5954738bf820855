internal import KernelInterface
package import PlanFormat

/// How rows are prepared before products: normalised or scaled into memory that all linear layers share
/// in turn, or scaled where they lie.
package struct PreparedRows {
  /// Floats for each image of the terms of rows that are multiplied in pairs.
  private(set) var termFloats = 0

  /// Floats for each image of the rows.
  private(set) var rowFloats = 0

  /// Steps whose input nothing reads or writes afterwards.
  private var scalingInPlace: Set<Int> = []

  /// - Parameter hasTerms: whether there are terms for pairs of the weights of this number.
  package init(_ program: Program, hasTerms: (Int) -> Bool) {
    // Results are in use until the caller has read them.
    let lifetimes = program.lifetimes()
    for (index, record) in program.steps.enumerated() {
      guard case .linear(let step) = record.step else { continue }
      let rows = step.input.count
      let inputs = program.buffers[step.input.buffer].columns
      let isPaired = hasTerms(step.weight)
      if isPaired { termFloats = max(termFloats, 2 * rows) }
      if isPaired, step.norm == nil, lifetimes[step.input.buffer]?.upperBound == index,
        step.input.buffer != program.input, step.residual?.buffer != step.input.buffer
      {
        scalingInPlace.insert(index)
      } else if isPaired || step.norm != nil {
        rowFloats = max(rowFloats, rows * paddedStride(inputs))
      }
    }
    termFloats = wholeLines(termFloats)
    rowFloats = wholeLines(rowFloats)
  }

  /// Bytes for each image.
  var byteCount: Int { (termFloats + rowFloats) * MemoryLayout<Float>.stride }

  /// Whether the layer at `step` scales its input in place where it multiplies in pairs.
  package func scalesInPlace(step: Int) -> Bool { scalingInPlace.contains(step) }
}
