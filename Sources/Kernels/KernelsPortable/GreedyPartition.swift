package import KernelInterface

extension PortableKernels {
  package static func greedyPartition(
    _ arguments: GreedyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    greedyPartition(arguments, item: item, scratch: scratch) { dot($0, $1, $2) }
  }

  /// As the other, with a set's own scalar product of two rows.
  package static func greedyPartition(
    _ arguments: GreedyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer,
    dot: (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Float
  ) {
    let pairing = Pairing(arguments, image: item, scratch)
    pairing.takeGivenNeighbours()
    var missing = arguments.patches - arguments.keep
    missing -= pairing.leave(missing)
    if missing > 0 { pairing.measureLengths(dot) }
    while missing > 0 {
      pairing.lookAgain(dot)
      missing -= pairing.leave(missing)
    }
    pairing.write()
  }
}

/// What has become of a token.
private enum Role {
  static let free: Int32 = 0
  static let left: Int32 = 1
  static let joined: Int32 = 2
}

/// One image's tokens while they find each other.
private struct Pairing {
  private let a: GreedyPartitionArguments
  private let image: Int
  private let importance: UnsafePointer<Float>

  /// A heap of those that may leave: the bits of the cost above those of the index, so that one
  /// comparison orders by both.
  private let heap: UnsafeMutablePointer<UInt64>
  private let nearest: UnsafeMutablePointer<Int32>
  private let roles: UnsafeMutablePointer<Int32>

  /// One over each token's length.
  private let factors: UnsafeMutablePointer<Float>

  init(_ a: GreedyPartitionArguments, image: Int, _ scratch: UnsafeMutableRawPointer) {
    self.a = a
    self.image = image
    importance = a.importance + image * a.patches
    heap = scratch.assumingMemoryBound(to: UInt64.self)
    let behind = UnsafeMutableRawPointer(heap + a.patches)
    nearest = behind.assumingMemoryBound(to: Int32.self)
    roles = nearest + a.patches
    factors = UnsafeMutableRawPointer(roles + a.patches).assumingMemoryBound(to: Float.self)
  }

  private func row(_ token: Int) -> UnsafePointer<Float> {
    a.input.pointer(image: image, row: a.prefix + token)
  }

  /// u: 1 on average over all tokens.
  private func weight(_ token: Int) -> Float { Float(a.patches) * importance[token] }

  /// Puts every token with its nearest into the heap.
  func takeGivenNeighbours() {
    for token in 0..<a.patches {
      roles[token] = Role.free
      nearest[token] = a.nearest[image * a.patches + token]
      heap[token] = key(token, similarity: a.similarity[image * a.patches + token])
    }
  }

  private func key(_ token: Int, similarity: Float) -> UInt64 {
    let cost = weight(token).squareRoot() * max(1 - similarity, 1e-6)
    // Bits of floats above zero are ordered as they are; what is no number costs most.
    let rank = cost.isNaN ? Float.infinity : max(cost, 0)
    return UInt64(rank.bitPattern) << 32 | UInt64(UInt32(truncatingIfNeeded: token))
  }

  func measureLengths(_ dot: (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Float) {
    for token in 0..<a.patches {
      let length = dot(row(token), row(token), a.width).squareRoot()
      factors[token] = length > 0 ? 1 / length : 0
    }
  }

  /// Lets those of the heap leave that can, in its order, but not more than `most`.
  /// - Returns: how many did.
  func leave(_ most: Int) -> Int {
    var left = 0
    var count = count(of: Role.free)
    for parent in stride(from: count / 2 - 1, through: 0, by: -1) { sift(parent, of: count) }
    while count > 0, left < most {
      let token = Int(heap[0] & 0xFFFF_FFFF)
      count -= 1
      heap[0] = heap[count]
      sift(0, of: count)
      let target = Int(nearest[token])
      // A plan may hold neighbours of its own making, among them a token's own position.
      guard roles[token] == Role.free, roles[target] != Role.left, target != token else {
        continue
      }
      roles[token] = Role.left
      roles[target] = Role.joined
      left += 1
    }
    return left
  }

  private func count(of role: Int32) -> Int { (0..<a.patches).count { roles[$0] == role } }

  /// Moves an entry down until none below it is smaller.
  private func sift(_ start: Int, of count: Int) {
    var place = start
    while 2 * place + 1 < count {
      var child = 2 * place + 1
      if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < heap[place] else { return }
      (heap[place], heap[child]) = (heap[child], heap[place])
      place = child
    }
  }

  /// Puts the tokens that are free with their nearest of those that have not left into the heap.
  func lookAgain(_ dot: (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Float) {
    var count = 0
    for token in 0..<a.patches where roles[token] == Role.free {
      var best: Int?
      var highest = -Float.infinity
      for other in 0..<a.patches where roles[other] != Role.left && other != token {
        let cosine = dot(row(token), row(other), a.width) * (factors[token] * factors[other])
        if best == nil || cosine > highest {
          // A first that is no number gives way to any that is one.
          highest = cosine.isNaN ? -.infinity : cosine
          best = other
        }
      }
      nearest[token] = Int32(truncatingIfNeeded: best ?? token)
      heap[count] = key(token, similarity: highest)
      count += 1
    }
  }

  /// Writes what was found.
  func write() {
    let kept = a.kept + image * a.keep
    let dropped = a.dropped + image * (a.patches - a.keep)
    let destination = a.destination + image * a.patches
    let weights = a.weights + image * a.patches
    let sizes = a.sizes + image * (a.prefix + a.patches) + a.prefix
    var (keptCount, droppedCount) = (0, 0)
    for token in 0..<a.patches {
      // Two tokens of no importance at all still have a mean.
      weights[token] = max(sizes[token] * weight(token), .leastNormalMagnitude).squareRoot()
      if roles[token] == Role.left {
        dropped[droppedCount] = Int32(truncatingIfNeeded: token)
        droppedCount += 1
      } else {
        kept[keptCount] = Int32(truncatingIfNeeded: token)
        destination[token] = Int32(truncatingIfNeeded: keptCount)
        keptCount += 1
      }
    }
    for place in 0..<droppedCount {
      let token = Int(dropped[place])
      destination[token] = destination[Int(nearest[token])]
    }
  }
}
