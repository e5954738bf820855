package import KernelInterface

extension PortableKernels {
  package static func policyPartition(
    _ arguments: PolicyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let pooling = arguments.pooling
    let importance = arguments.importance + item * pooling.patches
    if variance(importance, count: pooling.patches) < arguments.threshold {
      partition(pooling, item: item, scratch: scratch)
    } else {
      keepByOrder(
        pooling, importance, image: item, keys: scratch.assumingMemoryBound(to: UInt64.self))
    }
  }
}

/// With divisor `count - 1`.
private func variance(_ values: UnsafePointer<Float>, count: Int) -> Float {
  var sum: Float = 0
  for i in 0..<count { sum += values[i] }
  let mean = sum / Float(count)
  var squares: Float = 0
  for i in 0..<count { squares += (values[i] - mean) * (values[i] - mean) }
  return squares / Float(count - 1)
}

/// The largest are kept, by falling importance.
private func keepByOrder(
  _ a: PartitionArguments, _ importance: UnsafePointer<Float>, image: Int,
  keys: UnsafeMutablePointer<UInt64>
) {
  let kept = a.kept + image * a.keep
  let dropped = a.dropped + image * a.droppedPlaces
  let destination = a.destination + image * a.patches
  for i in 0..<a.patches {
    keys[i] = SortKey.key(~SortKey.bits(importance[i]), index: i)
    destination[i] = -1
  }
  SortKey.sort(keys, count: a.patches)
  for place in 0..<a.keep {
    let token = SortKey.index(of: keys[place])
    kept[place] = Int32(truncatingIfNeeded: token)
    destination[token] = Int32(truncatingIfNeeded: place)
  }
  var place = 0
  for i in 0..<a.patches where destination[i] < 0 {
    dropped[place] = Int32(truncatingIfNeeded: i)
    place += 1
  }
}
