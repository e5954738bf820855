import KernelInterface
import Testing

/// Attention with a relative position bias, against double precision and the definition by rows and columns.
@Suite struct BiasedAttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var rows: Int
    var columns: Int
    var prefix = 1
    var heads = 2
    var width = 12

    /// The patches that tokens stand for, of all images; without them all in order.
    var patches: [Int32]?
    var sized = false

    var tokens: Int { prefix + (patches.map { $0.count / images } ?? rows * columns) }
    var entries: Int { (2 * rows - 1) * (2 * columns - 1) + 3 * prefix }

    var testDescription: String {
      "\(images)x\(rows)x\(columns) behind \(prefix)\(patches == nil ? "" : " chosen")"
    }
  }

  static let cases: [Case] = [
    Case(rows: 1, columns: 1, prefix: 0),
    Case(rows: 1, columns: 1),
    Case(rows: 2, columns: 3, sized: true),
    Case(images: 2, rows: 14, columns: 14),
    Case(rows: 3, columns: 24, prefix: 0, width: 16),
    Case(rows: 24, columns: 2, heads: 3),
    // Tokens that are left, in order and not, some twice, and rows that stand for none.
    Case(images: 2, rows: 4, columns: 5, patches: [0, 1, 2, 7, 8, 19] + [-1, 19, 3, 3, 0, -1]),
    Case(
      rows: 7, columns: 7, prefix: 0, width: 16,
      patches: (0..<34).map { $0 == 20 ? -1 : Int32($0 + $0 / 3) }, sized: true),
    Case(rows: 2, columns: 2, patches: [-1, -1, -1]),
  ]

  @Test(arguments: AttentionKernels.tiled, cases)
  func matchesTheReference(kernels: AttentionKernels, test: Case) {
    let problem = AttentionProblem(
      .init(
        images: test.images, tokens: test.tokens, heads: test.heads, width: test.width,
        sized: test.sized))
    var values = Values(seed: 3)
    let table = Buffer(values.array(test.heads * test.entries).map { 3 * $0 })
    let indices = Buffer(test.patches ?? [])
    let result = problem.run(kernels) { arguments in
      arguments.bias = RelativeGrid(
        rows: test.rows, columns: test.columns, prefix: test.prefix
      ).map {
        RelativePositionBias(
          grid: $0, table: table.constant,
          patchIndices: test.patches == nil ? nil : indices.constant)
      }
    }
    for image in 0..<test.images {
      let reference = problem.reference(image) { head, query, key in
        Double(
          Self.entry(test, image, query, key).map { table.array[head * test.entries + $0] } ?? 0)
      }
      let count = test.tokens * test.heads * test.width
      expectClose(
        Array(result.output[image * count..<(image + 1) * count]), reference.output,
        tolerance: 1e-5, "output")
      let pairs = test.heads * test.tokens * test.tokens
      expectClose(
        Array(result.probabilities[image * pairs..<(image + 1) * pairs]), reference.probabilities,
        tolerance: 1e-5, "probability")
    }
  }

  @Test(
    .enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: cases, [false, true])
  func bitsDoNotDependOnTheWidthOfRegisters(test: Case, inPairs: Bool) {
    let problem = AttentionProblem(
      .init(images: test.images, tokens: test.tokens, heads: test.heads, width: test.width))
    var values = Values(seed: 4)
    let table = Buffer(values.array(test.heads * test.entries))
    let indices = Buffer(test.patches ?? [])
    let results = Implementation.wide.map { implementation in
      problem.run(AttentionKernels(implementation, inPairs: inPairs)) { arguments in
        arguments.bias = RelativeGrid(
          rows: test.rows, columns: test.columns, prefix: test.prefix
        ).map {
          RelativePositionBias(
            grid: $0, table: table.constant,
            patchIndices: test.patches == nil ? nil : indices.constant)
        }
      }
    }
    #expect(results.allSatisfy { bits($0.output) == bits(results[0].output) })
  }

  @Test func noGridIsTooLargeOrHasTwoTokensInFront() {
    #expect(RelativeGrid(rows: 0, columns: 1, prefix: 0) == nil)
    #expect(RelativeGrid(rows: 1, columns: 4097, prefix: 0) == nil)
    #expect(RelativeGrid(rows: 1, columns: 1, prefix: 2) == nil)
    #expect(RelativeGrid(rows: 4096, columns: 4096, prefix: 1)?.entries == 8191 * 8191 + 3)
  }

  /// The table's entry of two tokens; nil where one stands for no patch.
  private static func entry(_ test: Case, _ image: Int, _ query: Int, _ key: Int) -> Int? {
    func patch(_ token: Int) -> Int {
      let place = token - test.prefix
      return test.patches.map { Int($0[image * (test.tokens - test.prefix) + place]) } ?? place
    }
    let isPrefix = (query < test.prefix, key < test.prefix)
    if !isPrefix.0, patch(query) < 0 { return nil }
    if !isPrefix.1, patch(key) < 0 { return nil }
    switch isPrefix {
    case (true, true): return test.entries - 1
    case (true, false): return test.entries - 3
    case (false, true): return test.entries - 2
    case (false, false):
      let (q, k) = (patch(query), patch(key))
      let down = q / test.columns - k / test.columns + test.rows - 1
      let right = q % test.columns - k % test.columns + test.columns - 1
      return down * (2 * test.columns - 1) + right
    }
  }
}
