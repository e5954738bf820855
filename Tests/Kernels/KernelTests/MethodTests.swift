import KernelInterface
import Testing

/// Kernels of methods that models are trained with for fewer tokens, against double precision.
@Suite struct MethodTests {
  @Test(arguments: Implementation.all, NormMeasure.allCases)
  func importanceCountsLengths(implementation: Implementation, measure: NormMeasure) {
    let (images, prefix, patches, heads, d) = (3, 2, 13, 3, 7)
    let tokens = prefix + patches
    let unused = Buffer<Int32>([0, 12, 5])
    var values = Values(seed: 31)
    let attention = Buffer(values.array(images * heads * tokens).map(\.magnitude))
    let rows = Buffer(values.array(images * tokens * heads * d))
    let importance = Buffer<Float>(repeating: -9, count: images * patches)
    for isCounted in [false, true] {
      let arguments = NormScoreArguments(
        measure, classAttention: attention.constant,
        rows: InputRows(rows.constant, imageStride: tokens, stride: heads * d), images: images,
        heads: heads, headWidth: d, prefix: prefix, patches: patches,
        importance: importance.pointer,
        unused: UnusedRows(isCounted ? unused.constant : nil))
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.normScore(arguments, item: item)
      }
      for image in 0..<images {
        let used = patches - (isCounted ? Int(unused.pointer[image]) : 0)
        func length(_ patch: Int, _ columns: Range<Int>) -> Double {
          let row = (image * tokens + prefix + patch) * heads * d
          return columns.reduce(0) {
            $0 + Double(rows.pointer[row + $1]) * Double(rows.pointer[row + $1])
          }.squareRoot()
        }
        func share(_ head: Int, _ patch: Int) -> Double {
          Double(attention.pointer[(image * heads + head) * tokens + prefix + patch])
        }
        let own = (0..<used).map { patch in
          switch measure {
          case .value:
            return (0..<heads).reduce(0) { $0 + share($1, patch) } * length(patch, 0..<heads * d)
          case .headShare:
            let lengths = (0..<heads).map { length(patch, $0 * d..<($0 + 1) * d) }
            return (0..<heads).reduce(0) { $0 + share($1, patch) * lengths[$1] }
              / (lengths.reduce(0, +) + 1e-8)
          }
        }
        let total = measure == .value ? own.reduce(0, +) : 1
        expectClose(
          (0..<used).map { importance.pointer[image * patches + $0] }, own.map { $0 / total },
          "image \(image), counted \(isCounted)")
      }
    }
  }

  @Test(arguments: Implementation.all, [(1, 2), (5, 13), (49, 192), (3, 1)])
  func halfOfTheColumnsBecomeMeans(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let x = RowTests.Rows(count: count, width: width, seed: 32)
    let out = RowTests.Rows(count: count, width: width, seed: 33)
    let arguments = HalfMeanArguments(
      input: x.input, output: out.output, images: 3, rows: count, width: width)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.halfMean(arguments, item: item)
    }
    let wanted = (0..<3).flatMap { image in
      (0..<count * width).map { place in
        let (row, column) = place.quotientAndRemainder(dividingBy: width)
        guard column >= width / 2 else { return x.value(image, row, column) }
        return (0..<count).reduce(0.0) { $0 + x.value(image, $1, column) } / Double(count)
      }
    }
    expectClose(out.inner, wanted)
  }

  @Test(arguments: Implementation.all)
  func whatSpeaksForKeepingCounts(implementation: Implementation) {
    let x = RowTests.Rows(count: 9, width: 2, seed: 34)
    let output = Buffer<Float>(repeating: -9, count: 3 * 9)
    let arguments = KeepScoreArguments(
      input: x.input, output: output.pointer, images: 3, rows: 9)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.keepScore(arguments, item: item)
    }
    expectClose(
      output.array,
      (0..<27).map { x.value($0 / 9, $0 % 9, 0) - x.value($0 / 9, $0 % 9, 1) })
  }

  /// Three images: one whose importance varies little, one where it varies much, with ties, and one without numbers.
  @Test(arguments: Implementation.all)
  func eachImageHasItsOwnRule(implementation: Implementation) {
    let (patches, keep, first) = (7, 5, 1)
    let importance = Buffer<Float>(
      [0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.1] + [0, 3, -1, 3, 0, 2, 0]
        + [.nan, 1, .nan, 2, 3, .nan, 0])
    let scores = Buffer<Float>([0.1, 0.9, 0.5, 0, 0, 0, 0, 0, 0])
    let best = Buffer<Int32>([3, 0, 2, 0, 0, 0, 0, 0, 0])
    let kept = Buffer<Int32>(repeating: -9, count: 3 * keep)
    let dropped = Buffer<Int32>(repeating: -9, count: 3 * (patches - keep))
    let destination = Buffer<Int32>(repeating: -9, count: 3 * patches)
    let arguments = PolicyPartitionArguments(
      importance: importance.constant, threshold: 0.1,
      pooling: PartitionArguments(
        .edges(score: scores.constant, best: best.constant, first: first), images: 3,
        patches: patches, keep: keep, kept: kept.pointer, dropped: dropped.pointer,
        destination: destination.pointer))
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.policyPartition(arguments, item: $0, scratch: $1)
    }
    // The edges of positions 3 and 5 are the best; what stays of set A is position 1.
    #expect(kept.array == [1, 0, 2, 4, 6] + [1, 3, 5, 0, 4] + [4, 3, 1, 6, 0])
    #expect(dropped.array == [3, 5] + [2, 6] + [2, 5])
    #expect(
      destination.array == [1, 0, 2, 1, 3, 3, 4] + [3, 0, -1, 1, 4, 2, -1]
        + [4, 2, -1, 1, 0, -1, 3])
  }

  @Test(arguments: Implementation.all, [0, 1, 2])
  func tokensThatWaitedComeBack(implementation: Implementation, prefix: Int) {
    let (images, patches, keep, width) = (3, 37, 11, 5)
    let chosen = (0..<images).map { image in (0..<keep).map { ($0 * 3 + image) % patches } }
    let kept = Buffer(chosen.flatMap { $0.map { Int32($0) } })
    let destination = Buffer(
      chosen.flatMap { own in (0..<patches).map { Int32(own.firstIndex(of: $0) ?? -1) } })
    let waiting = RowTests.Rows(count: prefix + patches, width: width, seed: 35)
    let moved = RowTests.Rows(count: prefix + keep, width: width, seed: 36)
    let out = RowTests.Rows(count: prefix + patches, width: width, seed: 37)
    let arguments = RestoreArguments(
      waiting: waiting.input, moved: moved.input, destination: destination.constant,
      output: out.output, images: images, prefix: prefix, patches: patches, width: width)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.restore(arguments, item: item)
    }
    let wanted = (0..<images).flatMap { image in
      (0..<prefix + patches).flatMap { row -> [Double] in
        let place =
          row < prefix ? row : chosen[image].firstIndex(of: row - prefix).map { prefix + $0 }
        return (0..<width).map { c in
          place.map { moved.value(image, $0, c) } ?? waiting.value(image, row, c)
        }
      }
    }
    expectClose(out.inner, wanted)

    let numbers = Buffer((0..<images * patches).map { Float($0) })
    let picked = Buffer<Float>(repeating: -9, count: images * keep)
    let pick = PickArguments(
      input: numbers.constant, kept: kept.constant, output: picked.pointer, images: images,
      patches: patches, keep: keep)
    runItems(pick.items.count) { item, _ in implementation.kernels.pick(pick, item: item) }
    #expect(
      picked.array
        == (0..<images).flatMap { image in chosen[image].map { Float(image * patches + $0) } })
  }
}
