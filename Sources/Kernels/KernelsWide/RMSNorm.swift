package import KernelInterface

extension WideKernels {
  package static func rmsNorm(_ arguments: RMSNormArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let image = row / a.rows
        let index = row &- image &* a.rows
        let input = a.input.pointer(image: image, row: index)
        let mean = squaredDistance(input, 0, a.width) / Float(a.width)
        scaleRow(
          input, into: a.output.pointer(image: image, row: index), width: a.width,
          by: 1 / (mean + a.epsilon).squareRoot(), a.weight)
      }
    }
  }
}

/// `input * factor * weight`; `output` may be `input`.
@inline(__always)
private func scaleRow(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, width: Int,
  by factor: Float, _ weight: UnsafePointer<Float>
) {
  var i = 0
  while i &+ lanes <= width {
    store(load(input, i) * splat(factor) * load(weight, i), output, i)
    i &+= lanes
  }
  while i < width {
    output[i] = input[i] * factor * weight[i]
    i &+= 1
  }
}
