internal import KernelInterface
internal import PlanFormat

/// How rows are prepared before products: normalised or scaled into memory that all linear layers share
/// in turn, or scaled where they lie.
struct PreparedRows {
  /// Floats for each picture of the terms of rows that are multiplied in pairs.
  private(set) var termFloats = 0

  /// Floats for each picture of the rows.
  private(set) var rowFloats = 0

  /// Steps whose input nothing else reads afterwards.
  private var scalingInPlace: Set<Int> = []

  init(_ program: Program, _ paired: PairedWeights?) {
    var lastReaders: [Int: Int] = [:]
    for (index, record) in program.steps.enumerated() {
      for buffer in record.step.payload.reads { lastReaders[buffer] = index }
    }
    for (index, record) in program.steps.enumerated() {
      guard case .linear(let step) = record.step else { continue }
      let rows = step.input.count
      let inputs = program.buffers[step.input.buffer].columns
      let isPaired = paired?.terms(of: step.weight) != nil
      if isPaired { termFloats = max(termFloats, 2 * rows) }
      if isPaired, step.norm == nil, lastReaders[step.input.buffer] == index,
        step.input.buffer != program.input, step.residual?.buffer != step.input.buffer
      {
        scalingInPlace.insert(index)
      } else if isPaired || step.norm != nil {
        rowFloats = max(rowFloats, rows * paddedStride(inputs))
      }
    }
    termFloats = (termFloats + 15) / 16 * 16
    rowFloats = (rowFloats + 15) / 16 * 16
  }

  /// Bytes for each picture.
  var byteCount: Int { (termFloats + rowFloats) * MemoryLayout<Float>.stride }

  /// Whether the layer at `step` scales its input in place where it multiplies in pairs.
  func scalesInPlace(step: Int) -> Bool { scalingInPlace.contains(step) }
}
