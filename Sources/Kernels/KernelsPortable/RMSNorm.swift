package import KernelInterface

extension PortableKernels {
  package static func rmsNorm(_ arguments: RMSNormArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        let input = a.input.pointer(image: image, row: index)
        let output = a.output.pointer(image: image, row: index)
        let scale = 1 / (dot(input, input, a.width) / Float(a.width) + a.epsilon).squareRoot()
        for i in 0..<a.width { output[i] = input[i] * scale * a.weight[i] }
      }
    }
  }
}
