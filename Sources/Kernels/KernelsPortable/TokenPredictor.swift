package import KernelInterface

extension PortableKernels {
  package static func halfMean(_ arguments: HalfMeanArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let columns = a.split.start(part)..<a.split.start(part + 1)
    let width = a.width / a.heads
    for head in columns.lowerBound / width...(columns.upperBound - 1) / width {
      averageHalf(a, image: image, columns.clamped(to: head * width..<(head + 1) * width), head)
    }
  }

  package static func keepScore(_ arguments: KeepScoreArguments, item: Int) {
    let a = arguments
    let output = a.output + item * a.rows
    for row in 0..<a.unused.used(of: a.rows, image: item) {
      let pair = a.input.pointer(image: item, row: row)
      output[row] = pair[0] - pair[1]
    }
  }
}

/// Some of the columns of a head.
private func averageHalf(_ a: HalfMeanArguments, image: Int, _ columns: Range<Int>, _ head: Int) {
  let width = a.width / a.heads
  let (start, end) = (columns.lowerBound, columns.upperBound)
  let half = min(max(head * width + width / 2, start), end)
  let rows = a.unused.used(of: a.rows, image: image)
  guard rows > 0 else { return }
  let means = a.output.pointer(image: image, row: 0)
  for c in half..<end { means[c] = 0 }
  for row in 0..<rows {
    let input = a.input.pointer(image: image, row: row)
    for c in half..<end { means[c] += input[c] }
  }
  for c in half..<end { means[c] /= Float(rows) }
  for row in 0..<rows {
    let output = a.output.pointer(image: image, row: row)
    (output + start)
      .update(from: a.input.pointer(image: image, row: row) + start, count: half - start)
    if row > 0 { (output + half).update(from: means + half, count: end - half) }
  }
}
