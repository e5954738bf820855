import CLibrary
import KernelInterface
import Testing

/// What is done to queries and keys before attention, of three images of which some tokens need not be in use,
/// against double precision.
@Suite struct QueryKeyTests {
  /// Heads and their width: less than a register, odd, several registers with and without a rest.
  private static let shapes = [(1, 2), (3, 6), (2, 10), (2, 32), (3, 64), (2, 72)]
  fileprivate static let count = 11

  private struct Case {
    let x: RowTests.Rows
    let unused = Buffer<Int32>([3, 0, 7])
    let heads: Int
    let d: Int
    var width: Int { heads * d }

    init(_ shape: (Int, Int), seed: UInt64) {
      (heads, d) = shape
      x = RowTests.Rows(count: QueryKeyTests.count, width: 3 * heads * d, seed: seed)
    }

    func isUsed(_ image: Int, _ token: Int, _ isCounted: Bool) -> Bool {
      !isCounted || token < QueryKeyTests.count - Int(unused.pointer[image])
    }
  }

  /// Runs a kernel into other rows and in place; what is not in use must not change.
  private func check(
    _ test: Case, _ makeArguments: (RowTests.Rows, UnusedRows) -> any KernelArguments,
    on implementation: Implementation, _ expected: (Int, Int, Int) -> Double
  ) {
    let before = test.x.buffer.array
    defer { for (i, value) in before.enumerated() { test.x.buffer.pointer[i] = value } }
    for isCounted in [false, true] {
      for isInPlace in [false, true] {
        for (i, value) in before.enumerated() { test.x.buffer.pointer[i] = value }
        let out =
          isInPlace ? test.x : RowTests.Rows(count: Self.count, width: 3 * test.width, seed: 9)
        let outside = out.inner
        let wanted = (0..<3).flatMap { image in
          (0..<Self.count).flatMap { token in
            (0..<3 * test.width).map { column in
              test.isUsed(image, token, isCounted)
                ? expected(image, token, column)
                : Double(outside[(image * Self.count + token) * 3 * test.width + column])
            }
          }
        }
        let arguments = makeArguments(
          out, UnusedRows(isCounted ? test.unused.constant : nil))
        runItems(arguments.items.count) { item, scratch in
          arguments.run(item, on: implementation.kernels, scratch: scratch)
        }
        expectClose(out.inner, wanted, "in place \(isInPlace), counted \(isCounted)")
      }
    }
  }

  @Test(arguments: Implementation.tiled, shapes)
  func everyHeadIsNormalised(implementation: Implementation, shape: (Int, Int)) {
    let test = Case(shape, seed: 1)
    let (d, width) = (test.d, test.width)
    var values = Values(seed: 2)
    let norms = (0..<4).map { _ in Buffer(values.array(d)) }
    let before = test.x.buffer.array
    check(
      test,
      { out, unused in
        HeadNormArguments(
          for: implementation.tiles, input: test.x.input, output: out.output, images: 3,
          tokens: Self.count, heads: test.heads, headWidth: d,
          queryNorm: LayerNorm(
            gamma: norms[0].constant, beta: norms[1].constant, epsilon: 1e-3),
          keyNorm: LayerNorm(gamma: norms[2].constant, beta: norms[3].constant, epsilon: 1e-2),
          unused: unused)
      }, on: implementation
    ) { image, token, column in
      let row = (image * (Self.count + 2) + 1 + token) * 3 * width
      guard column < 2 * width else { return Double(before[row + column]) }
      let first = column / d * d
      let isKey = column >= width
      return referenceNorm(
        before[row + first..<row + first + d].map(Double.init),
        gamma: norms[isKey ? 2 : 0].array, beta: norms[isKey ? 3 : 1].array,
        epsilon: isKey ? 1e-2 : 1e-3)[column - first]
    }
  }

  @Test(arguments: Implementation.tiled, shapes)
  func patchTokensAreTurnedByTheirPositions(implementation: Implementation, shape: (Int, Int)) {
    let test = Case(shape, seed: 3)
    let (d, half, width) = (test.d, test.d / 2, test.width)
    let (prefix, positions) = (2, 13)
    var values = Values(seed: 4)
    // Some position twice, and a token without one.
    let patches = Self.count - prefix
    let indices = Buffer((0..<3 * patches).map { Int32($0 * 7 % (positions + 1)) - 1 })
    let before = test.x.buffer.array
    for (tableHeads, hasIndices) in [(1, false), (1, true), (test.heads, true)] {
      let table = Buffer(values.array(positions * tableHeads * d))
      check(
        test,
        { out, unused in
          RotaryEmbeddingArguments(
            for: implementation.tiles, input: test.x.input, output: out.output, images: 3,
            tokens: Self.count, prefix: prefix, heads: test.heads, headWidth: d,
            table: table.constant, tableHeads: tableHeads,
            patchIndices: hasIndices ? indices.constant : nil, unused: unused)
        }, on: implementation
      ) { image, token, column in
        let row = (image * (Self.count + 2) + 1 + token) * 3 * width
        let x = Double(before[row + column])
        let patch = token - prefix
        guard column < 2 * width, patch >= 0 else { return x }
        let position = hasIndices ? Int(indices.pointer[image * patches + patch]) : patch
        guard position >= 0 else { return x }
        let (head, element) = (column / d, column % d)
        let angles = (position * tableHeads + head % test.heads % tableHeads) * d
        let i = element % half
        let (cosine, sine) = (
          Double(table.pointer[angles + i]), Double(table.pointer[angles + half + i])
        )
        let other = Double(before[row + head * d + (element + half) % d])
        return element < half ? x * cosine - other * sine : x * cosine + other * sine
      }
    }
  }

  @Test(arguments: Implementation.tiled, [(1, 1), (5, 13), (29, 64), (11, 100)])
  func valuesAreTimesTheActivationOfTheirGates(
    implementation: Implementation, shape: (Int, Int)
  ) {
    let (count, width) = shape
    let x = RowTests.Rows(count: count, width: 2 * width, seed: 5)
    for (i, value) in x.buffer.array.enumerated() { x.buffer.pointer[i] = 6 * value }
    let unused = Buffer([Int32(count / 2), 0, Int32(count - 1)])
    for activation in Activation.allCases {
      for isCounted in [false, true] {
        let out = RowTests.Rows(count: count, width: width, seed: 6)
        let outside = out.inner
        let arguments = GatedActivationArguments(
          for: implementation.tiles, input: x.input, output: out.output, images: 3, rows: count,
          width: width, activation: activation,
          unused: UnusedRows(isCounted ? unused.constant : nil))
        runItems(arguments.items.count) { item, _ in
          implementation.kernels.gatedActivation(arguments, item: item)
        }
        let wanted = (0..<3).flatMap { image in
          (0..<count).flatMap { row in
            (0..<width).map { c in
              isCounted && row >= count - Int(unused.pointer[image])
                ? Double(outside[(image * count + row) * width + c])
                : referenceActivation(x.value(image, row, c), activation)
                  * x.value(image, row, width + c)
            }
          }
        }
        expectClose(out.inner, wanted, tolerance: 2e-5, "\(activation), counted \(isCounted)")
      }
    }
  }
}
