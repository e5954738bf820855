import CLibrary
import KernelInterface
import Testing

/// Kernels of SP-ViT, against double precision: predictors of each head, and tokens that become one package token.
@Suite struct PackageTests {
  /// Of three images all rows are in use, some, and one.
  private static func unused(_ rows: Int) -> [Int32] { [0, Int32(rows / 3), Int32(rows - 1)] }

  private static let counted = [false, true]

  @Test(arguments: Implementation.all, counted)
  func headsHaveMeans(implementation: Implementation, isCounted: Bool) {
    let (rows, heads, width) = (37, 3, 5)
    let x = RowTests.Rows(count: rows, width: heads * width, seed: 51)
    let out = RowTests.Rows(count: rows, width: heads, seed: 52)
    let before = out.inner
    let counts = Buffer(Self.unused(rows))
    let arguments = HeadMeanArguments(
      input: x.input, output: out.output, images: 3, rows: rows, heads: heads, width: width,
      unused: UnusedRows(isCounted ? counts.constant : nil))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.headMean(arguments, item: item)
    }
    let wanted = before.indices.map { place -> Double in
      let (image, row, head) = (place / heads / rows, place / heads % rows, place % heads)
      if isCounted, row >= rows - Int(counts.pointer[image]) { return Double(before[place]) }
      return (0..<width).reduce(0) { $0 + x.value(image, row, head * width + $1) } / Double(width)
    }
    expectClose(out.inner, wanted)
  }

  /// Widths that one item takes, that several share, and that part within a head.
  @Test(arguments: Implementation.all, [(1, 1, 2), (9, 3, 5), (49, 3, 64), (5, 2, 96)])
  func halfOfAHeadBecomesMeans(implementation: Implementation, shape: (Int, Int, Int)) {
    let (rows, heads, width) = shape
    let x = RowTests.Rows(count: rows, width: heads * width, seed: 53)
    let out = RowTests.Rows(count: rows, width: heads * width, seed: 54)
    let before = out.inner
    let counts = Buffer(Self.unused(rows))
    let arguments = HalfMeanArguments(
      input: x.input, output: out.output, images: 3, rows: rows, width: heads * width,
      heads: heads, unused: UnusedRows(counts.constant))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.halfMean(arguments, item: item)
    }
    let wanted = before.indices.map { place -> Double in
      let (row, column) = (place / (heads * width), place % (heads * width))
      let (image, used) = (row / rows, rows - Int(counts.pointer[row / rows]))
      guard row % rows < used else { return Double(before[place]) }
      guard column % width >= width / 2 else { return x.value(image, row % rows, column) }
      return (0..<used).reduce(0) { $0 + x.value(image, $1, column) } / Double(used)
    }
    expectClose(out.inner, wanted)
  }

  /// A layer of heads is one of as many rows as there are heads in all tokens.
  @Test(arguments: Implementation.tiled)
  func rowsOfHeadsAreRows(implementation: Implementation) {
    let (rows, heads, inputs, outputs) = (29, 3, 6, 5)
    let x = RowTests.Rows(count: rows, width: heads * inputs, seed: 55)
    let out = RowTests.Rows(count: rows, width: heads * outputs, seed: 56)
    let before = out.inner
    var values = Values(seed: 57)
    let weight = values.array(outputs * inputs)
    let weights = Buffer(packed(weight, inputs: inputs, outputs: outputs))
    let counts = Buffer(Self.unused(rows))
    let arguments = LinearArguments(
      for: implementation.tiles, input: x.input.divided(into: heads),
      output: out.output.divided(into: heads), images: 3, rows: rows * heads,
      inputWidth: inputs, outputWidth: outputs,
      weights: PanelWeights(weights.pointer, element: .float32),
      unused: UnusedRows(counts.constant, each: heads))
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.linear(arguments, item: $0, scratch: $1)
    }
    let wanted = before.indices.map { place -> Double in
      let (row, column) = (place / (heads * outputs), place % (heads * outputs))
      guard row % rows < rows - Int(counts.pointer[row / rows]) else {
        return Double(before[place])
      }
      return (0..<inputs).reduce(0) {
        $0 + x.value(row / rows, row % rows, column / outputs * inputs + $1)
          * Double(weight[$1 * outputs + column % outputs])
      }
    }
    expectClose(out.inner, wanted)
  }

  @Test(arguments: Implementation.all, counted)
  func headsVote(implementation: Implementation, isCounted: Bool) {
    let (rows, heads) = (21, 3)
    let weights = RowTests.Rows(count: rows, width: heads, seed: 58)
    let logits = RowTests.Rows(count: rows, width: 2 * heads, seed: 59)
    // What no number can come of.
    let odd: [Float] = [.nan, .infinity, -.infinity]
    for (row, value) in odd.enumerated() {
      logits.output.pointer(image: 0, row: row)[2] = value
    }
    weights.output.pointer(image: 0, row: 3)[1] = .nan
    let (score, keeping) = (
      Buffer<Float>(repeating: -9, count: 3 * rows), Buffer<Float>(repeating: -9, count: 3 * rows)
    )
    let counts = Buffer(Self.unused(rows))
    let arguments = HeadVoteArguments(
      weights: weights.input, logits: logits.input, score: score.pointer,
      keeping: keeping.pointer, images: 3, rows: rows, heads: heads,
      unused: UnusedRows(isCounted ? counts.constant : nil))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.headVote(arguments, item: item)
    }
    for (image, row) in (0..<3 * rows).map({ ($0 / rows, $0 % rows) }) {
      let found = (score.pointer[image * rows + row], keeping.pointer[image * rows + row])
      if isCounted, row >= rows - Int(counts.pointer[image]) {
        #expect(found == (-9, -9))
      } else if image == 0, row <= odd.count {
        #expect(found.0.isNaN && found.1.isNaN, "row \(row)")
      } else {
        let own = (0..<heads).map { 1 / (1 + exp(-weights.value(image, row, $0))) }
        let pairs = (0..<heads).map {
          (logits.value(image, row, 2 * $0), logits.value(image, row, 2 * $0 + 1))
        }
        func mean(_ value: ((Double, Double)) -> Double) -> Double {
          zip(own, pairs).reduce(0) { $0 + $1.0 * value($1.1) } / own.reduce(0, +)
        }
        expectClose(
          [found.0, found.1],
          [mean { $0.0 - $0.1 }, mean { exp($0.0) / (exp($0.0) + exp($0.1)) }])
      }
    }
  }

  /// All are kept, none is but the packages, some are, and of what is in use packages alone are left.
  @Test(arguments: Implementation.all, [0, 1, 2])
  func othersBecomeAPackage(implementation: Implementation, packages: Int) {
    let (images, patches) = (4, 7)
    let scores: [[Float]] = [
      [0, 1, 2, 0, -0.0, 3, 4], [-1, .nan, -2, -3, -1, -1, .nan], [1, -1, 1, -1, 1, -1, -1],
      [-1, -1, 5, 5, 5, 5, 5],
    ]
    let unused: [Int32] = [0, 0, 2, 5]
    let values = Buffer(scores.flatMap(\.self))
    let counts = Buffer(unused)
    let kept = Buffer<Int32>(repeating: -9, count: images * patches)
    let destination = Buffer<Int32>(repeating: -9, count: images * patches)
    let left = Buffer<Int32>(repeating: -9, count: images)
    let arguments = SelectArguments(
      .packages(packages), scores: values.constant, images: images, patches: patches,
      unused: UnusedRows(counts.constant), kept: kept.pointer, destination: destination.pointer,
      unusedKept: left.pointer)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.select(arguments, item: $0, scratch: $1)
    }
    for image in 0..<images {
      let used = patches - Int(unused[image])
      let wanted = (0..<used).filter { scores[image][$0] >= 0 || $0 >= used - packages }
      let own = Array(kept.array[image * patches..<(image + 1) * patches])
      #expect(Int(left.pointer[image]) == patches - wanted.count)
      #expect(own.prefix(wanted.count).map { Int($0) } == wanted, "image \(image)")
      #expect(own.dropFirst(wanted.count).allSatisfy { Int($0) == wanted.last ?? 0 })
      for i in 0..<patches {
        let place = i < used ? wanted.firstIndex(of: i) ?? wanted.count : -1
        #expect(Int(destination.pointer[image * patches + i]) == place, "image \(image), \(i)")
      }
    }
  }

  /// Packages do not count, and where nothing else is left the maximum is 0.
  @Test(arguments: Implementation.all, [0, 2, 5])
  func maximaLeavePackagesOut(implementation: Implementation, packages: Int) {
    let (rows, width) = (5, 70)
    let x = RowTests.Rows(count: rows, width: width, seed: 60)
    let out = RowTests.Rows(count: 1, width: width, seed: 61)
    let counts = Buffer<Int32>([0, 1, 3])
    let arguments = ReduceMaxArguments(
      input: x.input, output: out.output, images: 3, rows: rows, width: width,
      excluded: packages, unused: UnusedRows(counts.constant))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.reduceMax(arguments, item: item)
    }
    expectClose(
      out.inner,
      (0..<3 * width).map { place in
        let (image, c) = (place / width, place % width)
        return (0..<max(0, rows - Int(counts.pointer[image]) - packages))
          .map { x.value(image, $0, c) }.max() ?? 0
      })
  }
}
