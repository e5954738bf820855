package import KernelInterface

extension WideKernels {
  package static func linear(
    _ arguments: LinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let block = a.block(item)
    let rows = block.rowEnd &- block.rowStart
    guard rows > 0 else { return }
    // With one row in each image the sequence runs over images, otherwise over rows.
    let image = a.rows == 1 ? block.rowStart : block.group
    let row = a.rows == 1 ? 0 : block.rowStart
    let sums = scratch.assumingMemoryBound(to: Float.self)
    var left = LeftHand(
      start: a.input.pointer(image: image, row: row), step: a.input.step(rows: a.rows),
      segments: 1, length: a.inputWidth, segmentStep: 0)
    if let norm = a.norm {
      let prepared = sums + a.blocking.maximumSums
      let stride = a.scratchStride
      normalize(
        rows, { left.start + $0 &* left.step }, into: { prepared + $0 &* stride },
        width: a.inputWidth, norm)
      left.start = UnsafePointer(prepared)
      left.step = stride
    }
    var epilogue = Epilogue(
      output: a.output.pointer(image: image, row: row),
      outputStep: a.output.step(rows: a.rows), bias: a.bias, activation: a.activation, addend: nil,
      addendStep: 0)
    if let residual = a.residual {
      epilogue.addend = residual.pointer(image: image, row: row)
      epilogue.addendStep = residual.step(rows: a.rows)
    }
    multiply(
      left, rows: rows, firstPanel: block.panelStart, lastPanel: block.panelEnd,
      inputs: a.inputWidth, columns: a.outputWidth, weights: a.weights, epilogue: epilogue,
      sums: sums, widened: sums + (a.blocking.maximumSums &+ a.preparedFloats))
  }
}
