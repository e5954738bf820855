package import KernelInterface

extension PortableKernels {
  package static func select(
    _ arguments: SelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let tokens = a.prefix + a.patches
    let rows = a.classRows + item * a.heads * tokens + a.prefix
    let weights = a.weights + item * a.patches
    for i in 0..<a.patches {
      var sum: Float = 0
      for h in 0..<a.heads { sum += rows[h * tokens + i] }
      weights[i] = sum / Float(a.heads)
    }
    let kept = a.kept + item * a.keep
    let dropped = a.dropped + item * (a.patches - a.keep)
    let destination = a.destination + item * a.patches
    let threshold = keepLargest(
      UnsafePointer(weights), count: a.patches, keep: a.keep,
      scratch: scratch.assumingMemoryBound(to: Float.self))
    var ties = threshold.ties
    var (keptCount, droppedCount) = (0, 0)
    for i in 0..<a.patches {
      let value = rank(weights[i])
      var isKept = a.keep > 0 && value > threshold.value
      if !isKept && value == threshold.value && ties > 0 {
        ties -= 1
        isKept = true
      }
      if isKept {
        kept[keptCount] = Int32(truncatingIfNeeded: i)
        destination[i] = Int32(truncatingIfNeeded: keptCount)
        keptCount += 1
      } else {
        dropped[droppedCount] = Int32(truncatingIfNeeded: i)
        destination[i] = a.destinationOfDropped
        droppedCount += 1
      }
    }
  }

  package static func bipartiteSelect(
    _ arguments: BipartiteSelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let half = a.patches / 2
    let survivors = half - (a.patches - a.keep)
    let best = a.best + item * half
    let score = a.score + item * half
    let kept = a.kept + item * a.keep
    let destination = a.destination + item * a.patches
    let threshold = keepLargest(
      score, count: half, keep: a.patches - a.keep,
      scratch: scratch.assumingMemoryBound(to: Float.self))
    var ties = threshold.ties
    var next = 0
    for edge in 0..<half {
      let value = rank(score[edge])
      var merges = a.patches > a.keep && value > threshold.value
      if !merges && value == threshold.value && ties > 0 {
        ties -= 1
        merges = true
      }
      if merges {
        destination[2 * edge + 1] = Int32(truncatingIfNeeded: survivors) + best[edge]
      } else {
        kept[next] = Int32(truncatingIfNeeded: 2 * edge + 1)
        destination[2 * edge + 1] = Int32(truncatingIfNeeded: next)
        next += 1
      }
    }
    for even in 0..<(a.patches - half) {
      kept[survivors + even] = Int32(truncatingIfNeeded: 2 * even)
      destination[2 * even] = Int32(truncatingIfNeeded: survivors + even)
    }
  }
}

/// A value by which all floats compare: NaN is below everything.
private func rank(_ value: Float) -> Float { value.isNaN ? -.infinity : value }

/// The `keep`-th largest value, and how many of the values equal to it belong to the `keep` largest.
private func keepLargest(
  _ values: UnsafePointer<Float>, count: Int, keep: Int, scratch: UnsafeMutablePointer<Float>
) -> (value: Float, ties: Int) {
  guard keep > 0 else { return (.infinity, 0) }
  for i in 0..<count { scratch[i] = rank(values[i]) }
  // Hoare's selection in descending order around position keep - 1.
  var (low, high) = (0, count - 1)
  let target = keep - 1
  while low < high {
    let pivot = scratch[low + (high - low) / 2]
    var (i, j) = (low, high)
    while i <= j {
      while scratch[i] > pivot { i += 1 }
      while scratch[j] < pivot { j -= 1 }
      if i <= j {
        let other = scratch[i]
        scratch[i] = scratch[j]
        scratch[j] = other
        i += 1
        j -= 1
      }
    }
    if target <= j {
      high = j
    } else if target >= i {
      low = i
    } else {
      break
    }
  }
  let value = scratch[target]
  var above = 0
  for i in 0..<count where rank(values[i]) > value { above += 1 }
  return (value, keep - above)
}
