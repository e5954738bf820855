import KernelInterface
import Testing

@Suite struct TokenTests {
  // MARK: - Score and partition

  @Test(
    arguments: Implementation.all, [(1, 5, 5), (2, 9, 1), (1, 196, 138), (2, 97, 68), (1, 30, 0)])
  func theLargestAreKeptAndTiesGoToTheLower(
    implementation: Implementation, shape: (Int, Int, Int)
  ) {
    let (prefix, patches, keep) = shape
    let (images, heads) = (3, 2)
    var values = Values(seed: 3)
    // Few distinct values, so that there are ties.
    let rows = values.array(images * heads * (prefix + patches)).map { ($0 * 8).rounded() / 8 }
    let result = select(
      implementation, rows, images: images, heads: heads, prefix: prefix, patches: patches,
      keep: keep)
    for image in 0..<images {
      let tokens = prefix + patches
      let weights = (0..<patches).map { i -> Float in
        let sum = (0..<heads).reduce(Float(0)) { (sum: Float, head: Int) -> Float in
          sum + rows[(image * heads + head) * tokens + prefix + i]
        }
        return sum / 2
      }
      let order = weights.indices.sorted {
        weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1
      }
      let kept = order.prefix(keep).sorted()
      let dropped = order.dropFirst(keep).sorted()
      #expect(Array(result.weights[image * patches..<(image + 1) * patches]) == weights)
      #expect(result.kept[image * keep..<(image + 1) * keep].map(Int.init) == kept)
      let rest = patches - keep
      #expect(result.dropped[image * rest..<(image + 1) * rest].map(Int.init) == dropped)
      let destination = (0..<patches).map { kept.firstIndex(of: $0) ?? -1 }
      #expect(
        result.destination[image * patches..<(image + 1) * patches].map(Int.init)
          == destination)
    }
  }

  @Test(arguments: Implementation.all)
  func notANumberIsNeverPreferred(implementation: Implementation) {
    let result = select(
      implementation, [0, .nan, 0.5, .nan, -.infinity, 0.25], images: 1, heads: 1, prefix: 1,
      patches: 5, keep: 2, appendsRow: true)
    #expect(result.kept == [1, 4])
    #expect(result.destination == [2, 0, 2, 2, 1])
    let all = select(
      implementation, [0, .nan, .nan, .nan], images: 1, heads: 1, prefix: 1, patches: 3, keep: 2)
    #expect(all.kept == [0, 1])
  }

  private func select(
    _ implementation: Implementation, _ rows: [Float], images: Int, heads: Int, prefix: Int,
    patches: Int, keep: Int, appendsRow: Bool = false
  ) -> (weights: [Float], kept: [Int32], dropped: [Int32], destination: [Int32]) {
    let classAttention = Buffer(rows)
    let weights = Buffer<Float>(repeating: 0, count: images * patches)
    let kept = Buffer<Int32>(repeating: -9, count: images * keep)
    let dropped = Buffer<Int32>(repeating: -9, count: images * (patches - keep))
    let destination = Buffer<Int32>(repeating: -9, count: images * patches)
    let score = ScoreArguments(
      classAttention: classAttention.constant, images: images, heads: heads, prefix: prefix,
      patches: patches, importance: weights.pointer)
    runItems(score.items.count) { item, _ in implementation.kernels.score(score, item: item) }
    let arguments = PartitionArguments(
      .importance(weights.constant), images: images, patches: patches, keep: keep,
      appendsRow: appendsRow, kept: kept.pointer, dropped: dropped.pointer,
      destination: destination.pointer)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.partition(arguments, item: $0, scratch: $1)
    }
    return (weights.array, kept.array, dropped.array, destination.array)
  }

  // MARK: - Assignment

  @Test(arguments: Implementation.all, Similarity.allCases)
  func everyDroppedTokenFindsItsMostSimilar(
    implementation: Implementation, similarity: Similarity
  ) {
    let (images, prefix, patches, keep, width, heads) = (2, 2, 53, 31, 37, 3)
    let tokens = prefix + patches
    var values = Values(seed: 8)
    let x = Buffer(values.array(images * tokens * width))
    let probabilities = Buffer(values.array(images * heads * tokens * tokens).map(\.magnitude))
    let kept = Buffer((0..<images).flatMap { _ in (0..<keep).map { Int32($0 * 5 / 3) } })
    let dropped = Buffer(
      (0..<images).flatMap { _ in
        (0..<patches).filter { !kept.array[..<keep].contains(Int32($0)) }.map { Int32($0) }
      })
    let origin = Buffer((0..<images * patches).map { Int32($0 * 3) })
    let destination = Buffer<Int32>(repeating: -1, count: images * patches)
    let arguments = AssignArguments(
      input: InputRows(x.constant, imageStride: tokens, stride: width), images: images,
      prefix: prefix, patches: patches, keep: keep, width: width, similarity: similarity,
      kept: kept.constant, dropped: dropped.constant, destination: destination.pointer,
      probabilities: probabilities.constant, heads: heads, patchIndices: origin.constant, seed: 11,
      block: 4)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.assign(arguments, item: $0, scratch: $1)
    }

    func row(_ image: Int, _ patch: Int32) -> [Double] {
      let start = (image * tokens + prefix + Int(patch)) * width
      return x.array[start..<start + width].map(Double.init)
    }
    func score(_ image: Int, _ u: Int32, _ i: Int32) -> Double {
      let (a, b) = (row(image, u), row(image, i))
      switch similarity {
      case .cosine:
        let length = { (v: [Double]) in v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / length(a) / length(b)
      case .l1: return -zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) }
      case .l2: return -zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      case .attention, .random:
        return (0..<heads).reduce(0) { sum, h in
          let from = (image * heads + h) * tokens + prefix + Int(u)
          return sum + Double(probabilities.pointer[from * tokens + prefix + Int(i)])
        }
      }
    }
    for image in 0..<images {
      for k in 0..<patches - keep {
        let u = dropped.pointer[image * (patches - keep) + k]
        let found = destination.pointer[image * patches + Int(u)]
        if similarity == .random {
          let hash = AssignArguments.hash(
            seed: 11, block: 4, patch: origin.pointer[image * patches + Int(u)])
          #expect(found == Int32(hash % UInt64(keep)))
        } else {
          let scores = (0..<keep).map { score(image, u, kept.pointer[image * keep + $0]) }
          #expect(Int(found) == scores.indices.max { scores[$0] < scores[$1] })
        }
      }
      for k in 0..<keep {
        let i = kept.pointer[image * keep + k]
        #expect(destination.pointer[image * patches + Int(i)] == -1)
      }
    }
  }

  @Test(arguments: Implementation.all)
  func amongEquallySimilarTheLowerIsChosenAndZerosAreSimilarToNone(
    implementation: Implementation
  ) {
    let rows: [[Float]] = [[9, 9], [0, 0], [1, 0], [2, 0], [3, 0.0], [0, 0]]
    let x = Buffer(rows.flatMap { $0 })
    let kept = Buffer<Int32>([0, 1, 2])
    let dropped = Buffer<Int32>([3, 4])
    let destination = Buffer<Int32>(repeating: -9, count: 5)
    let arguments = AssignArguments(
      input: InputRows(x.constant, imageStride: 6, stride: 2), images: 1, prefix: 1,
      patches: 5, keep: 3, width: 2, similarity: .cosine, kept: kept.constant,
      dropped: dropped.constant, destination: destination.pointer)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.assign(arguments, item: $0, scratch: $1)
    }
    #expect(destination.array == [-9, -9, -9, 1, 0])
  }

  // MARK: - Bipartite assignment

  @Test(
    arguments: Implementation.all,
    [
      (2, 1, 1), (9, 5, 1), (9, 9, 1), (50, 30, 1), (196, 138, 1), (2, 1, 0), (9, 4, 0),
      (50, 25, 0),
    ])
  func bipartiteMergesTheBestEdges(implementation: Implementation, shape: (Int, Int, Int)) {
    let (patches, keep, first) = shape
    let (prefix, heads, width) = (1, 2, 12)
    let embedding = heads * width
    let tokens = prefix + patches
    var values = Values(seed: 21)
    let qkv = Buffer(values.array(2 * tokens * 3 * embedding))
    let half = (patches - first + 1) / 2
    let best = Buffer<Int32>(repeating: -9, count: 2 * half)
    let score = Buffer<Float>(repeating: -9, count: 2 * half)
    let match = BipartiteAssignArguments(
      qkv: InputRows(qkv.constant, imageStride: tokens, stride: 3 * embedding), images: 2,
      prefix: prefix, patches: patches, heads: heads, headWidth: width, first: first,
      best: best.pointer, score: score.pointer)
    runItems(match.items.count, scratchBytes: match.scratchBytes) {
      implementation.kernels.bipartiteAssign(match, item: $0, scratch: $1)
    }
    let kept = Buffer<Int32>(repeating: -9, count: 2 * keep)
    let dropped = Buffer<Int32>(repeating: -9, count: 2 * (patches - keep))
    let destination = Buffer<Int32>(repeating: -9, count: 2 * patches)
    let partition = PartitionArguments(
      .edges(score: score.constant, best: best.constant, first: first), images: 2,
      patches: patches, keep: keep, kept: kept.pointer, dropped: dropped.pointer,
      destination: destination.pointer)
    runItems(partition.items.count, scratchBytes: partition.scratchBytes) {
      implementation.kernels.partition(partition, item: $0, scratch: $1)
    }

    for image in 0..<2 {
      func key(_ patch: Int) -> [Double] {
        let start = (image * tokens + prefix + patch) * 3 * embedding + embedding
        let mean = (0..<width).map { c in
          (0..<heads).reduce(0.0) { $0 + Double(qkv.pointer[start + $1 * width + c]) }
        }
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return mean.map { $0 / length }
      }
      let keys = (0..<patches).map(key)
      var edges: [(a: Int, b: Int, score: Double)] = []
      for a in 0..<half {
        let scores = (0..<patches - half).map { b in
          zip(keys[2 * a + first], keys[2 * b + 1 - first]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let b = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        edges.append((a, b, scores[b]))
        #expect(Int(best.pointer[image * half + a]) == b)
        #expect(abs(Double(score.pointer[image * half + a]) - scores[b]) < 1e-5)
      }
      let merged = Set(
        edges.sorted { $0.score != $1.score ? $0.score > $1.score : $0.a < $1.a }
          .prefix(patches - keep).map(\.a))
      let survivors = (0..<half).filter { !merged.contains($0) }
      let order =
        survivors.map { 2 * $0 + first } + (0..<patches - half).map { 2 * $0 + 1 - first }
      #expect(kept.array[image * keep..<(image + 1) * keep].map(Int.init) == order)
      let leaving = patches - keep
      #expect(
        dropped.array[image * leaving..<(image + 1) * leaving].map(Int.init)
          == merged.sorted().map { 2 * $0 + first })
      for patch in 0..<patches {
        let expected =
          patch % 2 == first && merged.contains(patch / 2)
          ? survivors.count + edges[patch / 2].b : order.firstIndex(of: patch)
        #expect(Int(destination.pointer[image * patches + patch]) == expected)
      }
    }
  }

  // MARK: - Gathering

  @Test(arguments: Implementation.all, GatherMode.allCases)
  func gathersByDestination(implementation: Implementation, mode: GatherMode) {
    let (images, prefix, patches, keep, width) = (2, 2, 23, 9, 21)
    let tokens = prefix + patches
    var values = Values(seed: 30)
    let x = Buffer(values.array(images * tokens * width))
    let weights = Buffer(values.array(images * patches).map { $0.magnitude + 0.01 })
    let sizes = Buffer(values.array(images * tokens).map { ($0.magnitude * 5).rounded() + 1 })
    let origin = Buffer((0..<images * patches).map { Int32(1000 - $0) })
    let kept = Buffer((0..<images).flatMap { _ in (0..<keep).map { Int32($0 * 2 + 1) } })
    let destination = Buffer(
      (0..<images).flatMap { image in
        (0..<patches).map { i -> Int32 in
          if i % 2 == 1 && i / 2 < keep { return Int32(i / 2) }
          switch mode {
          case .mean: return Int32((i * 7 + image) % keep)
          case .drop: return -1
          case .sum: return Int32(keep)
          }
        }
      })
    let newPatches = mode == .sum ? keep + 1 : keep
    let output = Buffer<Float>(repeating: -7, count: images * (prefix + newPatches) * width)
    let newSizes = Buffer<Float>(repeating: -7, count: images * (prefix + newPatches))
    let newOrigin = Buffer<Int32>(repeating: -7, count: images * newPatches)
    let arguments = GatherArguments(
      input: InputRows(x.constant, imageStride: tokens, stride: width),
      output: OutputRows(output.pointer, imageStride: prefix + newPatches, stride: width),
      images: images, prefix: prefix, patches: patches, keep: keep, width: width, mode: mode,
      kept: kept.constant, destination: destination.constant, weights: weights.constant,
      weightStride: patches, sizes: sizes.constant, newSizes: newSizes.pointer,
      patchIndices: origin.constant, newPatchIndices: newOrigin.pointer)
    #expect(arguments.newPatches == newPatches)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.gather(arguments, item: item)
    }

    var expected: [Double] = []
    for image in 0..<images {
      func row(_ token: Int) -> [Double] {
        let start = (image * tokens + token) * width
        return x.array[start..<start + width].map(Double.init)
      }
      func size(_ token: Int) -> Float { sizes.pointer[image * tokens + token] }
      for p in 0..<prefix {
        expected += row(p)
        #expect(newSizes.pointer[image * (prefix + newPatches) + p] == size(p))
      }
      for j in 0..<newPatches {
        let principal = j < keep ? Int(kept.pointer[image * keep + j]) : nil
        let others = (0..<patches).filter {
          $0 != principal && Int(destination.pointer[image * patches + $0]) == j
        }
        let members = (principal.map { [$0] } ?? []) + others
        let weight = { Double(weights.pointer[image * patches + $0]) }
        var sum = [Double](repeating: 0, count: width)
        for i in members {
          let r = row(prefix + i)
          for c in 0..<width { sum[c] += weight(i) * r[c] }
        }
        let total = principal == nil ? 1 : members.reduce(0) { $0 + weight($1) }
        expected += sum.map { $0 / total }
        #expect(
          newSizes.pointer[image * (prefix + newPatches) + prefix + j]
            == members.reduce(0) { $0 + size(prefix + $1) })
        let expected = principal.map { origin.pointer[image * patches + $0] } ?? -1
        #expect(newOrigin.pointer[image * newPatches + j] == expected)
      }
    }
    expectClose(output.array, expected, tolerance: 1e-5)
  }

  @Test(arguments: Implementation.all)
  func aRowThatStandsForOneTokenKeepsItsBitsAndMissingSizesAreOnes(
    implementation: Implementation
  ) {
    let x = Buffer<Float>([0.1, 0.2, 0.3, 0.7, 0.5])
    let kept = Buffer<Int32>([3, 0])
    let destination = Buffer<Int32>([1, 1, 1, 0])
    let output = Buffer<Float>(repeating: 0, count: 3)
    let newSizes = Buffer<Float>(repeating: 0, count: 3)
    let newOrigin = Buffer<Int32>(repeating: 0, count: 2)
    let arguments = GatherArguments(
      input: InputRows(x.constant, imageStride: 5, stride: 1),
      output: OutputRows(output.pointer, imageStride: 3, stride: 1), images: 1, prefix: 1,
      patches: 4, keep: 2, width: 1, mode: .mean, kept: kept.constant,
      destination: destination.constant, newSizes: newSizes.pointer,
      newPatchIndices: newOrigin.pointer)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.gather(arguments, item: item)
    }
    #expect(output.array[..<2] == [0.1, 0.5])
    #expect(abs(output.pointer[2] - 0.4) < 1e-6)
    #expect(newSizes.array == [1, 1, 3])
    #expect(newOrigin.array == [3, 0])
  }
}
