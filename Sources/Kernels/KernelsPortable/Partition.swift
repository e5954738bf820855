package import KernelInterface

extension PortableKernels {
  package static func partition(
    _ arguments: PartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let own = Own(arguments, item, scratch.assumingMemoryBound(to: Float.self))
    switch arguments.order {
    case .importance(let importance):
      let importance = importance + item * arguments.patches
      if let variation = arguments.variation {
        divide(own, importance: importance, variation, image: item)
      } else {
        divide(own, importance: importance)
      }
    case .edges(let score, let best, let first):
      let sources = BipartiteAssignArguments.sourceCount(of: arguments.patches, first: first)
      divide(
        own, score: score + item * sources, best: best + item * sources, count: sources,
        first: first)
    }
  }
}

/// One image's part of a partition.
private struct Own {
  let patches: Int
  let keep: Int
  let appendsRow: Bool
  let droppedPlaces: Int
  let kept: UnsafeMutablePointer<Int32>
  let dropped: UnsafeMutablePointer<Int32>
  let destination: UnsafeMutablePointer<Int32>
  let scratch: UnsafeMutablePointer<Float>

  init(_ a: PartitionArguments, _ image: Int, _ scratch: UnsafeMutablePointer<Float>) {
    patches = a.patches
    keep = a.keep
    appendsRow = a.appendsRow
    droppedPlaces = a.droppedPlaces
    kept = a.kept + image * a.keep
    dropped = a.dropped + image * a.droppedPlaces
    destination = a.destination + image * a.patches
    self.scratch = scratch
  }

  /// Where a dropped token goes if `keep` are kept.
  func destinationOfDropped(behind keep: Int) -> Int32 {
    appendsRow ? Int32(truncatingIfNeeded: keep) : -1
  }
}

/// The largest are kept.
private func divide(_ own: Own, importance: UnsafePointer<Float>) {
  divide(own, importance: importance, keep: own.keep, of: own.patches)
}

/// The largest are kept, as far as they reach the threshold.
private func divide(
  _ own: Own, importance: UnsafePointer<Float>, _ variation: PartitionArguments.Variation,
  image: Int
) {
  let patches = variation.unused.used(of: own.patches, image: image)
  var keep = min(own.keep, patches)
  if let threshold = variation.threshold {
    // A NaN reaches none.
    let reaching = (0..<patches).count { importance[$0] >= threshold }
    keep = max(1, min(keep, reaching))
  }
  divide(own, importance: importance, keep: keep, of: patches)
  variation.unusedKept[image] = Int32(truncatingIfNeeded: own.keep - keep)
  let last = own.kept[keep - 1]
  for place in keep..<own.keep { own.kept[place] = last }
  for place in patches - keep..<own.droppedPlaces { own.dropped[place] = last }
  for i in patches..<own.patches { own.destination[i] = own.destinationOfDropped(behind: keep) }
}

/// The `keep` largest of the first `patches` are kept.
private func divide(
  _ own: Own, importance: UnsafePointer<Float>, keep: Int, of patches: Int
) {
  var largest = Largest(keep, of: importance, count: patches, scratch: own.scratch)
  let destinationOfDropped = own.destinationOfDropped(behind: keep)
  var (keptCount, droppedCount) = (0, 0)
  for i in 0..<patches {
    if largest.contains(importance[i]) {
      own.kept[keptCount] = Int32(truncatingIfNeeded: i)
      own.destination[i] = Int32(truncatingIfNeeded: keptCount)
      keptCount += 1
    } else {
      own.dropped[droppedCount] = Int32(truncatingIfNeeded: i)
      own.destination[i] = destinationOfDropped
      droppedCount += 1
    }
  }
}

/// The ends in A of the largest are dropped.
private func divide(
  _ own: Own, score: UnsafePointer<Float>, best: UnsafePointer<Int32>, count: Int, first: Int
) {
  let merges = own.patches - own.keep
  let survivors = count - merges
  var largest = Largest(merges, of: score, count: count, scratch: own.scratch)
  var (keptCount, droppedCount) = (0, 0)
  for edge in 0..<count {
    let position = first + 2 * edge
    if largest.contains(score[edge]) {
      own.dropped[droppedCount] = Int32(truncatingIfNeeded: position)
      own.destination[position] = Int32(truncatingIfNeeded: survivors) + best[edge]
      droppedCount += 1
    } else {
      own.kept[keptCount] = Int32(truncatingIfNeeded: position)
      own.destination[position] = Int32(truncatingIfNeeded: keptCount)
      keptCount += 1
    }
  }
  for other in 0..<(own.patches - count) {
    let position = 1 - first + 2 * other
    own.kept[survivors + other] = Int32(truncatingIfNeeded: position)
    own.destination[position] = Int32(truncatingIfNeeded: survivors + other)
  }
}

/// Which of some values, asked for in order, are the largest.
private struct Largest {
  private let threshold: Float

  /// How many of the values that equal the threshold belong to them.
  private var ties: Int

  private let isEmpty: Bool

  init(
    _ number: Int, of values: UnsafePointer<Float>, count: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    isEmpty = number <= 0
    (threshold, ties) = keepLargest(values, count: count, keep: number, scratch: scratch)
  }

  /// Whether the next value is one of them.
  mutating func contains(_ next: Float) -> Bool {
    let value = rank(next)
    if isEmpty { return false }
    if value > threshold { return true }
    guard value == threshold, ties > 0 else { return false }
    ties -= 1
    return true
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
