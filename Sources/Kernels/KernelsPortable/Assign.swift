package import KernelInterface

extension PortableKernels {
  package static func assign(
    _ arguments: AssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let kept = a.kept + image * a.keep
    let dropped = a.dropped + image * a.droppedPlaces
    let destination = a.destination + image * a.patches
    let used = a.used(image: image)
    let first = a.split.start(part)
    for k in first..<max(first, min(a.split.start(part + 1), used.dropped)) {
      let patch = dropped[k]
      var best = 0
      if a.similarity == .random {
        let index = a.patchIndices?[image * a.patches + Int(patch)] ?? patch
        let hash = AssignArguments.hash(seed: a.seed, block: a.block, patch: index)
        best = Int(truncatingIfNeeded: hash % UInt64(truncatingIfNeeded: max(used.kept, 1)))
      } else {
        var highest = -Float.infinity
        for j in 0..<used.kept {
          let value = similarity(a, image: image, from: Int(patch), to: Int(kept[j]))
          if value > highest {
            highest = value
            best = j
          }
        }
      }
      destination[Int(patch)] = Int32(truncatingIfNeeded: best)
    }
  }
}

/// How similar two patches are; larger is more.
private func similarity(_ a: AssignArguments, image: Int, from u: Int, to i: Int) -> Float {
  let x = a.input.pointer(image: image, row: a.prefix + u)
  let y = a.input.pointer(image: image, row: a.prefix + i)
  switch a.similarity {
  case .cosine:
    // The length of u is the same for all candidates.
    let length = dot(y, y, a.width).squareRoot()
    return length > 0 ? dot(x, y, a.width) / length : 0
  case .l1:
    var sum: Float = 0
    for c in 0..<a.width { sum += abs(x[c] - y[c]) }
    return -sum
  case .l2:
    var sum: Float = 0
    for c in 0..<a.width { sum += (x[c] - y[c]) * (x[c] - y[c]) }
    return -sum
  case .attention:
    guard let probabilities = a.probabilities else { return 0 }
    let tokens = a.prefix + a.patches
    var sum: Float = 0
    for h in 0..<a.heads {
      let row = probabilities + ((image * a.heads + h) * tokens + a.prefix + u) * tokens
      sum += row[a.prefix + i]
    }
    return sum / Float(a.heads)
  case .random:
    return 0
  }
}
