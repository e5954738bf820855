import CLibrary
import KernelInterface
import Testing

/// The kernels of the strategy `weighted`, against its definition over a whole table of similarities.
@Suite struct PairingTests {
  /// Tokens of images, and what is asked of them.
  private struct Tokens {
    var (images, prefix, patches, width, keep): (Int, Int, Int, Int, Int)
    var rows: [Float]
    var importance: [Float]
    var sizes: [Float]

    var tokens: Int { prefix + patches }

    /// Random ones, some of which are near others.
    init(images: Int = 2, prefix: Int = 1, patches: Int, width: Int, keep: Int, seed: UInt64 = 5) {
      (self.images, self.prefix, self.patches, self.width, self.keep) =
        (images, prefix, patches, width, keep)
      var values = Values(seed: seed)
      rows = values.array(images * (prefix + patches) * width)
      importance = values.array(images * patches).map { $0.magnitude / Float(patches) }
      sizes = values.array(images * (prefix + patches)).map { ($0.magnitude * 4).rounded() + 1 }
      for image in 0..<images {
        for token in stride(from: 0, to: patches - 1, by: 3) {
          let start = (image * tokens + prefix + token) * width
          for column in 0..<width {
            rows[start + width + column] =
              2 * rows[start + column] + 0.3 * rows[start + width + column]
          }
        }
      }
    }

    /// Rows of one image, one after the other.
    init(_ patches: [[Float]], importance: [Float], keep: Int) {
      self.init(images: 1, prefix: 1, patches: patches.count, width: patches[0].count, keep: keep)
      rows = [Float](repeating: 7, count: width) + patches.joined()
      self.importance = importance
    }
  }

  private struct Found: Equatable {
    var nearest: [Int32]
    var similarity: [UInt32]
    var kept: [Int32]
    var dropped: [Int32]
    var destination: [Int32]
    var weights: [UInt32]
  }

  /// - Parameter nearest: what stands in place of the nearest that were found.
  private func run(
    _ implementation: Implementation, _ t: Tokens, nearest given: [Int32]? = nil
  ) -> Found {
    let rows = Buffer(t.rows)
    let input = InputRows(rows.constant, imageStride: t.tokens, stride: t.width)
    let nearest = Buffer<Int32>(repeating: -9, count: t.images * t.patches)
    let similarity = Buffer<Float>(repeating: -9, count: t.images * t.patches)
    let assign = NearestAssignArguments(
      for: implementation.tiles, input: input, images: t.images, prefix: t.prefix,
      patches: t.patches, width: t.width, nearest: nearest.pointer, similarity: similarity.pointer)
    runItems(assign.items.count, scratchBytes: assign.scratchBytes) {
      implementation.kernels.nearestAssign(assign, item: $0, scratch: $1)
    }
    if let given { for (i, value) in given.enumerated() { nearest.pointer[i] = value } }
    let (importance, sizes) = (Buffer(t.importance), Buffer(t.sizes))
    let kept = Buffer<Int32>(repeating: -9, count: t.images * t.keep)
    let dropped = Buffer<Int32>(repeating: -9, count: t.images * (t.patches - t.keep))
    let destination = Buffer<Int32>(repeating: -9, count: t.images * t.patches)
    let weights = Buffer<Float>(repeating: -9, count: t.images * t.patches)
    let partition = GreedyPartitionArguments(
      input: input, images: t.images, prefix: t.prefix, patches: t.patches, keep: t.keep,
      width: t.width, importance: importance.constant, nearest: nearest.constant,
      similarity: similarity.constant, sizes: sizes.constant, kept: kept.pointer,
      dropped: dropped.pointer, destination: destination.pointer, weights: weights.pointer)
    runItems(partition.items.count, scratchBytes: partition.scratchBytes) {
      implementation.kernels.greedyPartition(partition, item: $0, scratch: $1)
    }
    return Found(
      nearest: nearest.array, similarity: bits(similarity.array), kept: kept.array,
      dropped: dropped.array, destination: destination.array, weights: bits(weights.array))
  }

  /// What the definition says of an image: who leaves, and into whom.
  private func pairs(_ t: Tokens, image: Int) -> (
    nearest: [Int], similarity: [Double], into: [Int: Int]
  ) {
    let directions = (0..<t.patches).map { token -> [Double] in
      let start = (image * t.tokens + t.prefix + token) * t.width
      let row = t.rows[start..<start + t.width].map(Double.init)
      let length = sqrt(row.reduce(0) { $0 + $1 * $1 })
      return row.map { length > 0 ? $0 / length : 0 }
    }
    let all = Array(0..<t.patches)
    let table = directions.map { a in directions.map { zip(a, $0).reduce(0) { $0 + $1.0 * $1.1 } } }
    func nearest(_ token: Int, _ others: [Int]) -> Int {
      let own = others.filter { $0 != token }
      return own.reduce(own[0]) { table[token][$1] > table[token][$0] ? $1 : $0 }
    }
    let first = all.map { nearest($0, all) }
    var (target, into) = (first, [Int: Int]())
    while into.count < t.patches - t.keep {
      let joined = Set(into.values)
      let free = all.filter { into[$0] == nil && !joined.contains($0) }
      if !into.isEmpty {
        for token in free { target[token] = nearest(token, all.filter { into[$0] == nil }) }
      }
      func cost(_ token: Int) -> Double {
        let importance = Double(t.importance[image * t.patches + token]) * Double(t.patches)
        return sqrt(importance) * max(1 - table[token][target[token]], 1e-6)
      }
      for token in free.sorted(by: { (cost($0), $0) < (cost($1), $1) })
      where into.count < t.patches - t.keep && into[token] == nil
        && !into.values.contains(token) && into[target[token]] == nil
      {
        into[token] = target[token]
      }
    }
    return (first, zip(table, first).map { $0[$1] }, into)
  }

  /// Tails of panels and vectors, a second look and more where half leave.
  @Test(
    arguments: Implementation.tiled,
    [
      (2, 5, 1), (3, 4, 2), (9, 12, 8), (16, 16, 12), (17, 24, 9), (33, 37, 17), (50, 12, 25),
      (196, 48, 164), (97, 64, 49),
    ])
  func thePairsOfLeastCostAreJoined(implementation: Implementation, shape: (Int, Int, Int)) {
    for prefix in 1...2 {
      let t = Tokens(prefix: prefix, patches: shape.0, width: shape.1, keep: shape.2)
      let found = run(implementation, t)
      for image in 0..<t.images {
        let expected = pairs(t, image: image)
        func own<T>(_ values: [T], _ count: Int) -> [T] {
          Array(values[image * count..<(image + 1) * count])
        }
        #expect(own(found.nearest, t.patches).map(Int.init) == expected.nearest)
        expectClose(
          own(found.similarity, t.patches).map(Float.init(bitPattern:)), expected.similarity)
        let kept = (0..<t.patches).filter { expected.into[$0] == nil }
        #expect(own(found.kept, t.keep).map(Int.init) == kept)
        #expect(own(found.dropped, t.patches - t.keep).map(Int.init) == expected.into.keys.sorted())
        let destination = (0..<t.patches).map { kept.firstIndex(of: expected.into[$0] ?? $0) }
        #expect(own(found.destination, t.patches).map(Int.init) == destination)
        let weights = (0..<t.patches).map { token in
          sqrt(
            Double(t.sizes[image * t.tokens + prefix + token])
              * Double(t.importance[image * t.patches + token]) * Double(t.patches))
        }
        expectClose(own(found.weights, t.patches).map(Float.init(bitPattern:)), weights)
      }
    }
  }

  @Test func registersOfAnotherWidthAndOtherItemsChangeNoBit() {
    let t = Tokens(images: 3, patches: 97, width: 70, keep: 49)
    let found = Implementation.tiledInPairs.map { run($0, t) }
    for other in found.dropFirst() { #expect(other == found[0]) }
    for image in 0..<3 {
      var alone = t
      alone.images = 1
      alone.rows = Array(t.rows[image * t.tokens * t.width..<(image + 1) * t.tokens * t.width])
      alone.importance = Array(t.importance[image * t.patches..<(image + 1) * t.patches])
      alone.sizes = Array(t.sizes[image * t.tokens..<(image + 1) * t.tokens])
      for implementation in Implementation.all {
        let (all, one) = (run(implementation, t), run(implementation, alone))
        #expect(Array(all.similarity[image * 97..<(image + 1) * 97]) == one.similarity)
        #expect(Array(all.destination[image * 97..<(image + 1) * 97]) == one.destination)
      }
    }
  }

  /// Equal costs go by index, equal similarities to the lower, and tokens that are the same cost as little as
  /// any can.
  @Test(arguments: Implementation.all)
  func tiesGoToTheLower(implementation: Implementation) {
    let row: [Float] = [0.3, -0.7, 0.2]
    let t = Tokens([row, row, row, row], importance: [0.25, 0.25, 0.25, 0.25], keep: 2)
    let found = run(implementation, t)
    #expect(found.nearest == [1, 0, 0, 0])
    // 0 joins 1; 1 stays; 2 and 3, whose nearest has left, look again and find 1.
    #expect(found.dropped == [0, 2])
    #expect(found.destination == [0, 0, 0, 1])
  }

  /// Rows of zeros are like none; what is no number leaves last, if it must.
  @Test(arguments: Implementation.all)
  func zerosAndWhatIsNoNumberAreLikeNothing(implementation: Implementation) {
    let zeros = run(
      implementation,
      Tokens([[0, 0], [1, 0], [0, 0], [1, 0.1]], importance: [1, 1, 1, 1], keep: 3))
    #expect(zeros.nearest == [1, 3, 0, 1])
    #expect(zeros.similarity[0] == 0 && zeros.dropped == [1])
    for bad in [Float.nan, .infinity, -.infinity, 1e30] {
      let rows: [[Float]] = [[bad, 1], [1, 0], [bad, bad], [1, 0.1], [0, bad]]
      for keep in 3...4 {
        let found = run(
          implementation, Tokens(rows, importance: [1, 1, .nan, 1, 1], keep: keep))
        #expect(found.kept.count == keep && Set(found.kept + found.dropped).count == 5)
        #expect(found.destination.allSatisfy { (0..<Int32(keep)).contains($0) })
        #expect(found.nearest.enumerated().allSatisfy { $0.offset != Int($0.element) })
      }
    }
  }

  /// A hostile plan may have anything in place of the nearest, as long as it is a position.
  @Test(
    arguments: Implementation.all, [[0, 1, 2, 3, 4, 5], [5, 5, 5, 5, 5, 5], [1, 0, 3, 2, 5, 4]])
  func neighboursOfAnotherMakingLeaveEveryDestinationInside(
    implementation: Implementation, nearest: [Int32]
  ) {
    for keep in 3...5 {
      let t = Tokens(images: 1, patches: 6, width: 8, keep: keep)
      let found = run(implementation, t, nearest: nearest)
      #expect(Set(found.kept + found.dropped).count == 6)
      #expect(found.destination.allSatisfy { (0..<Int32(keep)).contains($0) })
    }
  }
}
