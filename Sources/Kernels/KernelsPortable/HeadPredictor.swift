package import KernelInterface

extension PortableKernels {
  package static func headMean(_ arguments: HeadMeanArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    for row in a.split.rows(part, of: a.unused.used(of: a.rows, image: image)) {
      let output = a.output.pointer(image: image, row: row)
      let input = a.input.pointer(image: image, row: row)
      for head in 0..<a.heads {
        var sum: Float = 0
        for c in head * a.width..<(head + 1) * a.width { sum += input[c] }
        output[head] = sum / Float(a.width)
      }
    }
  }

  package static func headVote(_ arguments: HeadVoteArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    for row in a.split.rows(part, of: a.unused.used(of: a.rows, image: image)) {
      let weights = a.weights.pointer(image: image, row: row)
      let logits = a.logits.pointer(image: image, row: row)
      var (total, margin, keeping): (Float, Float, Float) = (0, 0, 0)
      for head in 0..<a.heads {
        let weight = 1 / (1 + exponential(-weights[head]))
        let difference = logits[2 * head] - logits[2 * head + 1]
        total += weight
        margin += weight * difference
        keeping += weight / (1 + exponential(-difference))
      }
      let score = margin / total
      a.score[image * a.rows + row] = score.isFinite ? score : .nan
      a.keeping[image * a.rows + row] = score.isFinite ? keeping / total : .nan
    }
  }
}

extension EvenSplit {
  /// The rows of a part that are in use.
  fileprivate func rows(_ part: Int, of used: Int) -> Range<Int> {
    let first = min(start(part), used)
    return first..<min(start(part + 1), used)
  }
}
