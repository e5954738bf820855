package import KernelInterface

extension PortableKernels {
  package static func select(
    _ arguments: SelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let scores = a.scores + item * a.patches
    let patches = a.unused.used(of: a.patches, image: item)
    let destination = a.destination + item * a.patches
    // Marked with 0, and numbered below.
    for i in 0..<a.patches { destination[i] = -1 }
    switch a.rule {
    case .above(let threshold):
      for i in 0..<patches where scores[i] >= threshold { destination[i] = 0 }
    case .sampled(let steps):
      if patches > 2 {
        sample(scores, count: patches, steps: steps, scratch, marking: destination)
      } else {
        for i in 0..<patches { destination[i] = 0 }
      }
    case .packages(let packages):
      for i in 0..<patches where scores[i] >= 0 || i >= patches - packages { destination[i] = 0 }
    }
    numberKept(
      destination, kept: a.kept + item * a.patches, of: a.patches,
      unused: a.unusedKept + item)
    if case .packages = a.rule {
      let place = Int32(truncatingIfNeeded: a.patches) - a.unusedKept[item]
      for i in 0..<patches where destination[i] < 0 { destination[i] = place }
    }
  }
}

/// Numbers the tokens whose destination is not below 0, in order.
func numberKept(
  _ destination: UnsafeMutablePointer<Int32>, kept: UnsafeMutablePointer<Int32>, of patches: Int,
  unused: UnsafeMutablePointer<Int32>
) {
  var count = 0
  for i in 0..<patches where destination[i] >= 0 {
    destination[i] = Int32(truncatingIfNeeded: count)
    kept[count] = Int32(truncatingIfNeeded: i)
    count += 1
  }
  let last = count > 0 ? kept[count - 1] : 0
  for place in count..<patches { kept[place] = last }
  unused.pointee = Int32(truncatingIfNeeded: patches - count)
}

/// Marks the tokens that even steps along the running sum of their scores meet.
private func sample(
  _ scores: UnsafePointer<Float>, count: Int, steps: Int, _ scratch: UnsafeMutableRawPointer,
  marking destination: UnsafeMutablePointer<Int32>
) {
  let keys = scratch.assumingMemoryBound(to: UInt64.self)
  let running = UnsafeMutableRawPointer(keys + count).assumingMemoryBound(to: Float.self)
  for i in 0..<count { keys[i] = SortKey.key(SortKey.bits(scores[i]), index: i) }
  SortKey.sort(keys, count: count)
  var sum: Float = 0
  for place in 0..<count {
    sum += scores[SortKey.index(of: keys[place])]
    running[place] = sum
  }
  let (first, range) = (running[0], running[count - 1] - running[0])
  for place in 0..<count { running[place] = (running[place] - first) / range }
  // What is no number meets nothing, so that no token is left.
  guard let lowest = (0..<count).first(where: { running[$0] > 0 }).map({ running[$0] }) else {
    return
  }
  var place = 0
  for step in 0..<steps {
    let target = lowest + (1 - lowest) * Float(step) / Float(steps - 1)
    func distance(_ place: Int) -> Float { abs(running[place] - target) }
    // Sums and targets rise: the nearest is the last sum that is not above the target, or the next.
    while place + 1 < count, running[place + 1] <= target { place += 1 }
    var nearest = place
    if place + 1 < count, distance(place + 1) < distance(place) { nearest += 1 }
    while nearest > 0, distance(nearest - 1) <= distance(nearest) { nearest -= 1 }
    destination[SortKey.index(of: keys[nearest])] = 0
  }
}
