import KernelInterface
import Testing

/// Partitions that keep different numbers of tokens, and what follows them: each image has what it has
/// alone, with as many tokens and places as it uses.
@Suite struct UnusedTokenTests {
  /// Indices that a partition writes for images of `patches` places.
  private struct Parts {
    let kept, dropped, destination, unused: Buffer<Int32>

    init(images: Int, patches: Int, keep: Int) {
      kept = Buffer(repeating: -9, count: images * keep)
      dropped = Buffer(repeating: -9, count: images * (patches - 1))
      destination = Buffer(repeating: -9, count: images * patches)
      unused = Buffer(repeating: -9, count: images)
    }
  }

  private func divide(
    _ implementation: Implementation, _ importance: [Float], images: Int, keep: Int,
    threshold: Float?, unused: [Int32]? = nil, appendsRow: Bool = false
  ) -> Parts {
    let patches = importance.count / images
    let values = Buffer(importance)
    let counts = Buffer(unused ?? [])
    let parts = Parts(images: images, patches: patches, keep: keep)
    let arguments = PartitionArguments(
      .importance(values.constant), images: images, patches: patches, keep: keep,
      appendsRow: appendsRow,
      variation: .init(
        unused: UnusedRows(unused == nil ? nil : counts.constant), threshold: threshold,
        unusedKept: parts.unused.pointer),
      kept: parts.kept.pointer, dropped: parts.dropped.pointer,
      destination: parts.destination.pointer)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.partition(arguments, item: $0, scratch: $1)
    }
    return parts
  }

  @Test(arguments: Implementation.all, [nil, -1, 0, 0.25, 2] as [Float?])
  func asManyAreKeptAsReachTheThreshold(implementation: Implementation, threshold: Float?) {
    for appendsRow in [false, true] {
      checkPartition(implementation, threshold, appendsRow: appendsRow)
    }
  }

  private func checkPartition(
    _ implementation: Implementation, _ threshold: Float?, appendsRow: Bool
  ) {
    let (images, patches, keep) = (4, 23, 17)
    let unused: [Int32] = [0, 22, 9, 2]
    var values = Values(seed: 12)
    // Few distinct values, so that there are ties.
    var importance = values.array(images * patches).map { ($0 * 8).rounded() / 8 }
    // What is not in use would be kept if it were read.
    for image in 0..<images {
      for patch in patches - Int(unused[image])..<patches {
        importance[image * patches + patch] = 100
      }
    }
    importance[3 * patches] = .nan
    let parts = divide(
      implementation, importance, images: images, keep: keep, threshold: threshold,
      unused: unused, appendsRow: appendsRow)
    for image in 0..<images {
      let own = importance[image * patches..<(image + 1) * patches]
        .dropLast(Int(unused[image])).map { $0.isNaN ? -.infinity : $0 }
      let order = own.indices.sorted { own[$0] != own[$1] ? own[$0] > own[$1] : $0 < $1 }
      let reaching = order.prefix(keep).filter { own[$0] >= threshold ?? -.infinity }
      let kept = (reaching.isEmpty ? [order[0]] : reaching).sorted()
      #expect(parts.unused.pointer[image] == Int32(keep - kept.count))
      let found = parts.kept.array[image * keep..<(image + 1) * keep].map(Int.init)
      #expect(Array(found.prefix(kept.count)) == kept)
      #expect(found.dropFirst(kept.count).allSatisfy { $0 == kept.last })
      let dropped = order.filter { !kept.contains($0) }.sorted()
      let places = parts.dropped.array[image * (patches - 1)..<(image + 1) * (patches - 1)]
        .map(Int.init)
      #expect(Array(places.prefix(dropped.count)) == dropped)
      #expect(places.dropFirst(dropped.count).allSatisfy(own.indices.contains))
      let left = appendsRow ? kept.count : -1
      #expect(
        parts.destination.array[image * patches..<(image + 1) * patches].map(Int.init)
          == (0..<patches).map { kept.firstIndex(of: $0) ?? left })
    }
  }

  @Test(arguments: Implementation.all)
  func allThatAreNoNumbersLeaveTheFirst(implementation: Implementation) {
    let parts = divide(
      implementation, [.nan, .nan, .nan, .nan, 0.5, .nan], images: 2, keep: 2, threshold: 0.25)
    #expect(parts.kept.array == [0, 0, 1, 1])
    #expect(parts.unused.array == [1, 1])
    #expect(parts.destination.array == [0, -1, -1, -1, 0, -1])
    #expect(parts.dropped.array == [1, 2, 0, 2])
  }

  @Test(arguments: Implementation.all, GatherMode.allCases)
  func whatFollowsIsAsWithFixedNumbers(implementation: Implementation, mode: GatherMode) {
    // Only a mean assigns.
    for similarity in mode == .mean ? Similarity.allCases : [.cosine] {
      checkWhatFollows(implementation, similarity, mode)
    }
  }

  private func checkWhatFollows(
    _ implementation: Implementation, _ similarity: Similarity, _ mode: GatherMode
  ) {
    let (images, prefix, patches, keep, width, heads) = (4, 2, 23, 17, 21, 2)
    let tokens = prefix + patches
    let unused: [Int32] = [0, 21, 9, 2]
    let counts = Buffer(unused)
    var values = Values(seed: 31)
    func poisoned(_ count: Int, _ isUsed: (Int, Int) -> Bool) -> Buffer<Float> {
      let own = values.array(images * count).map { $0.magnitude + 0.01 }
      return Buffer(
        own.indices.map { isUsed($0 / count, $0 % count) ? own[$0] : .nan })
    }
    func used(_ image: Int) -> Int { patches - Int(unused[image]) }
    let x = poisoned(tokens * width) { $1 / width < prefix + used($0) }
    let sizes = poisoned(tokens) { $1 < prefix + used($0) }
    let importance = poisoned(patches) { $1 < used($0) }
    let probabilities = poisoned(heads * tokens * tokens) {
      $1 / tokens % tokens < prefix + used($0) && $1 % tokens < prefix + used($0)
    }
    let origin = Buffer((0..<images * patches).map { Int32(1000 - $0) })
    let parts = divide(
      implementation, importance.array, images: images, keep: keep, threshold: 0.4,
      unused: unused, appendsRow: mode == .sum)
    let kept = (0..<images).map { keep - Int(parts.unused.pointer[$0]) }
    #expect(Set(kept).count > 2 && kept.contains(1))
    let newPatches = keep + (mode == .sum ? 1 : 0)

    /// Assigns and gathers `own` images: new rows, sizes and patch indices.
    func follow(
      _ own: Int, patches: Int, keep: Int, newPatches: Int, x: Buffer<Float>,
      sizes: Buffer<Float>, weights: Buffer<Float>, probabilities: Buffer<Float>,
      origin: Buffer<Int32>, kept: Buffer<Int32>, dropped: Buffer<Int32>,
      destination: Buffer<Int32>, unused: UnusedRows, unusedKept: UnusedRows
    ) -> (rows: [Float], sizes: [Float], origin: [Int32]) {
      let tokens = prefix + patches
      let input = InputRows(x.constant, imageStride: tokens, stride: width)
      if mode == .mean {
        let assign = AssignArguments(
          input: input, images: own, prefix: prefix, patches: patches, keep: keep,
          width: width, similarity: similarity, kept: kept.constant, dropped: dropped.constant,
          destination: destination.pointer, probabilities: probabilities.constant, heads: heads,
          patchIndices: origin.constant, seed: 11, block: 4, unused: unused,
          unusedKept: unusedKept)
        runItems(assign.items.count, scratchBytes: assign.scratchBytes) {
          implementation.kernels.assign(assign, item: $0, scratch: $1)
        }
      }
      let rows = Buffer<Float>(repeating: -7, count: own * (prefix + newPatches) * width)
      let newSizes = Buffer<Float>(repeating: -7, count: own * (prefix + newPatches))
      let newOrigin = Buffer<Int32>(repeating: -7, count: own * newPatches)
      let gather = GatherArguments(
        input: input,
        output: OutputRows(rows.pointer, imageStride: prefix + newPatches, stride: width),
        images: own, prefix: prefix, patches: patches, keep: keep, width: width, mode: mode,
        kept: kept.constant, destination: destination.constant, weights: weights.constant,
        weightStride: patches, sizes: sizes.constant, newSizes: newSizes.pointer,
        patchIndices: origin.constant, newPatchIndices: newOrigin.pointer, unused: unused,
        unusedNew: unusedKept)
      runItems(gather.items.count) { item, _ in
        implementation.kernels.gather(gather, item: item)
      }
      return (rows.array, newSizes.array, newOrigin.array)
    }

    let found = follow(
      images, patches: patches, keep: keep, newPatches: newPatches, x: x, sizes: sizes,
      weights: importance, probabilities: probabilities, origin: origin, kept: parts.kept,
      dropped: parts.dropped, destination: parts.destination,
      unused: UnusedRows(counts.constant), unusedKept: UnusedRows(parts.unused.constant))
    for image in 0..<images {
      func part<T>(_ buffer: Buffer<T>, _ width: Int, _ count: Int) -> Buffer<T> {
        Buffer(Array(buffer.array[image * width..<image * width + count]))
      }
      let (n, k) = (used(image), kept[image])
      let own = prefix + n
      let square = Buffer(
        (0..<heads * own * own).map { index in
          let (h, row, column) = (index / (own * own), index / own % own, index % own)
          return probabilities.pointer[((image * heads + h) * tokens + row) * tokens + column]
        })
      let left = k + (mode == .sum ? 1 : 0)
      // A fixed number has a place for each token that is dropped, and goes through the other partition.
      let keptAlone = part(parts.kept, keep, k)
      let destination = Buffer(
        (0..<n).map { patch -> Int32 in
          let place = keptAlone.array.firstIndex(of: Int32(patch)).map { Int32($0) }
          return place ?? (mode == .sum ? Int32(k) : -1)
        })
      let alone = follow(
        1, patches: n, keep: k, newPatches: left, x: part(x, tokens * width, own * width),
        sizes: part(sizes, tokens, own), weights: part(importance, patches, n),
        probabilities: square, origin: part(origin, patches, n), kept: keptAlone,
        dropped: part(parts.dropped, patches - 1, n - k), destination: destination,
        unused: UnusedRows(nil), unusedKept: UnusedRows(nil))
      let capacity = prefix + newPatches
      for row in 0..<capacity {
        let place = image * capacity + row
        let isUsed = row < prefix + left
        #expect(
          bits(Array(found.rows[place * width..<(place + 1) * width]))
            == (isUsed
              ? bits(Array(alone.rows[row * width..<(row + 1) * width]))
              : bits(Array(repeating: -7, count: width))))
        #expect(
          found.sizes[place].bitPattern == (isUsed ? alone.sizes[row] : -7).bitPattern)
      }
      let origins = found.origin[image * newPatches..<(image + 1) * newPatches]
      #expect(Array(origins.prefix(left)) == alone.origin)
      let known = part(origin, patches, n).array + (mode == .sum ? [-1] : [])
      #expect(origins.allSatisfy(known.contains), "an index that is in use")
    }
  }
}
