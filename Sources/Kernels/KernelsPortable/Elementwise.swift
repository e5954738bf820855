package import KernelInterface

extension PortableKernels {
  package static func copyRows(_ arguments: CopyRowsArguments, item: Int) {
    let a = arguments
    for row in 0..<a.rows {
      a.output.pointer(image: item, row: row)
        .update(from: a.source + row * a.width, count: a.width)
    }
  }

  package static func multiplyAdd(_ arguments: MultiplyAddArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        let sum = a.a.pointer(image: image, row: index)
        let u = a.u.pointer(image: image, row: index)
        let output = a.output.pointer(image: image, row: index)
        if let v = a.v?.pointer(image: image, row: index) {
          for c in 0..<a.width { output[c] = sum[c] + u[c] * v[c] }
        } else {
          for c in 0..<a.width { output[c] = sum[c] + u[c] }
        }
      }
    }
  }

  package static func reduceMax(_ arguments: ReduceMaxArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let output = a.output.pointer(image: image, row: 0)
    let columns = a.split.start(part)..<a.split.start(part + 1)
    let rows = max(0, a.unused.used(of: a.rows, image: image) - a.excluded)
    if rows == 0 { for c in columns { output[c] = 0 } }
    for row in 0..<rows {
      let input = a.input.pointer(image: image, row: row)
      for c in columns where row == 0 || input[c] > output[c] { output[c] = input[c] }
    }
  }

  package static func scaleAdd(_ arguments: ScaleAddArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        let x = a.x.pointer(image: image, row: index)
        let output = a.output.pointer(image: image, row: index)
        if let y = a.y?.pointer(image: image, row: index) {
          for c in 0..<a.width { output[c] = a.alpha * x[c] + a.beta * y[c] }
        } else {
          for c in 0..<a.width { output[c] = a.alpha * x[c] }
        }
      }
    }
  }
}
