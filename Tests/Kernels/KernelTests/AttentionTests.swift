import KernelInterface
import Testing

@Suite struct AttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var tokens: Int
    var heads: Int
    var width: Int
    var scale: Float = 0.3
    var sized = false
    /// Magnitude of queries and keys.
    var magnitude: Float = 1

    var testDescription: String {
      "\(images)x\(tokens)x\(heads)x\(width)\(sized ? " sized" : "") magnitude \(magnitude)"
    }
  }

  static let cases: [Case] = [
    Case(tokens: 1, heads: 1, width: 1),
    Case(tokens: 2, heads: 2, width: 3, sized: true),
    Case(tokens: 17, heads: 3, width: 12),
    Case(tokens: 197, heads: 3, width: 16, sized: true),
    Case(tokens: 69, heads: 2, width: 60),
    Case(tokens: 33, heads: 1, width: 64),
    Case(images: 3, tokens: 24, heads: 2, width: 20, sized: true),
    Case(tokens: 40, heads: 2, width: 24, magnitude: 60),
    // More keys than a kernel sums at once, in pairs and behind them.
    Case(images: 2, tokens: 161, heads: 1, width: 28),
  ]

  @Test(arguments: AttentionKernels.tiled, cases)
  func matchesTheReference(kernels: AttentionKernels, test: Case) {
    let problem = AttentionProblem(test)
    let result = problem.run(kernels)
    let again = problem.run(kernels, reversed: true)
    #expect(bits(result.output) == bits(again.output))
    #expect(bits(result.probabilities) == bits(again.probabilities))
    let tokens = test.tokens
    for image in 0..<test.images {
      let reference = problem.reference(image)
      let outputs = tokens * test.heads * test.width
      expectClose(
        Array(result.output[image * outputs..<(image + 1) * outputs]), reference.output,
        tolerance: test.magnitude > 1 ? 1e-3 : 1e-5, "output")
      let count = test.heads * tokens * tokens
      expectClose(
        Array(result.probabilities[image * count..<(image + 1) * count]),
        reference.probabilities, tolerance: test.magnitude > 1 ? 1e-3 : 1e-5, "probability")
      for h in 0..<test.heads {
        let head = image * test.heads + h
        #expect(
          bits(Array(result.classAttention[head * tokens..<(head + 1) * tokens]))
            == bits(
              Array(result.probabilities[head * tokens * tokens..<(head * tokens + 1) * tokens])))
      }
    }
  }

  /// Queries and keys cut into tiles of every height, and values into every number of vectors.
  @Test(arguments: AttentionKernels.tiled, [4, 16, 44, 48, 64, 80])
  func everyTileMatchesTheReference(kernels: AttentionKernels, width: Int) {
    for tokens in 1...40 {
      let problem = AttentionProblem(Case(tokens: tokens, heads: 1, width: width))
      expectClose(
        problem.run(kernels).output, problem.reference(0).output, tolerance: 1e-5,
        "\(tokens) tokens")
    }
  }

  @Test(
    .enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: cases, [false, true])
  func bitsDoNotDependOnTheWidthOfRegisters(test: Case, inPairs: Bool) {
    let problem = AttentionProblem(test)
    let results = Implementation.wide.map { problem.run(AttentionKernels($0, inPairs: inPairs)) }
    #expect(results.allSatisfy { bits($0.output) == bits(results[0].output) })
    #expect(results.allSatisfy { bits($0.classAttention) == bits(results[0].classAttention) })
  }

  @Test(arguments: AttentionKernels.all)
  func notANumberSpreadsWithoutATrap(kernels: AttentionKernels) {
    let problem = AttentionProblem(Case(tokens: 5, heads: 2, width: 4))
    problem.qkv.pointer[0] = .nan
    let result = problem.run(kernels)
    #expect(result.output[0].isNaN)
    #expect(result.output[8..<16].allSatisfy { $0.isFinite })
  }

  @Test(arguments: AttentionKernels.all)
  func bitsDoNotDependOnTheBatch(kernels: AttentionKernels) {
    let together = AttentionProblem(Case(images: 3, tokens: 50, heads: 2, width: 12, sized: true))
    let all = together.run(kernels).output
    let size = 50 * 24
    for image in 0..<3 {
      let alone = AttentionProblem(
        Case(tokens: 50, heads: 2, width: 12, sized: true), image: image, of: together)
      #expect(
        bits(alone.run(kernels).output)
          == bits(Array(all[image * size..<(image + 1) * size])))
    }
  }
}

/// What attends: a set, by direct sums or in pairs.
struct AttentionKernels: CustomTestStringConvertible, Sendable {
  let implementation: Implementation
  let inPairs: Bool

  init(_ implementation: Implementation, inPairs: Bool = false) {
    self.implementation = implementation
    self.inPairs = inPairs
  }

  var testDescription: String { "\(implementation.testDescription)\(inPairs ? " in pairs" : "")" }

  static let all = ways(Implementation.all)
  static let tiled = ways(Implementation.tiled)

  private static func ways(_ implementations: [Implementation]) -> [AttentionKernels] {
    implementations.map { AttentionKernels($0) }
      + implementations.filter { $0.kernels is any PairedKernelSet.Type }
      .map { AttentionKernels($0, inPairs: true) }
  }

  /// Runs every item.
  func attend(_ arguments: AttentionArguments, reversed: Bool = false) {
    guard inPairs, let kernels = implementation.kernels as? any PairedKernelSet.Type else {
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
        implementation.kernels.attention(arguments, item: $0, scratch: $1)
      }
      return
    }
    let floats = PairedAttention.headFloats(
      tokens: arguments.tokens, headWidth: arguments.headWidth)
    let heads = Buffer<Float>(repeating: .nan, count: arguments.images * arguments.heads * floats)
    let layer = PairedAttention(arguments, heads: heads.pointer)
    let preparation = PairedHeadsArguments(layer, kernels: kernels)
    runItems(preparation.items.count, reversed: reversed) { item, _ in
      kernels.pairedHeads(layer, item: item)
    }
    runItems(
      arguments.items.count, scratchBytes: arguments.pairedScratchBytes, reversed: reversed
    ) { kernels.pairedAttention(layer, item: $0, scratch: $1) }
  }
}

extension AttentionTests {
  @Test(arguments: AttentionKernels.all)
  func theFirstQueriesAloneHaveTheSameBits(kernels: AttentionKernels) {
    let problem = AttentionProblem(Case(images: 2, tokens: 21, heads: 2, width: 8, sized: true))
    let all = problem.run(kernels)
    for queries in [1, 3, 17] {
      let output = Buffer<Float>(repeating: -7, count: 2 * queries * 16)
      let classAttention = Buffer<Float>(repeating: -7, count: 2 * 2 * 21)
      var arguments = problem.arguments(for: kernels.implementation.tiles)
      arguments.queries = queries
      arguments.output = OutputRows(output.pointer, imageStride: queries, stride: 16)
      arguments.classAttention = classAttention.pointer
      kernels.attend(arguments)
      #expect(bits(classAttention.array) == bits(all.classAttention))
      for image in 0..<2 {
        let whole = all.output[image * 21 * 16..<(image * 21 + queries) * 16]
        let part = output.array[image * queries * 16..<(image + 1) * queries * 16]
        #expect(bits(Array(part)) == bits(Array(whole)))
      }
    }
  }
}

/// Attention on random values.
struct AttentionProblem {
  let test: AttentionTests.Case
  let qkv: Buffer<Float>
  let sizes: Buffer<Float>

  var rowWidth: Int { 3 * test.heads * test.width }

  init(_ test: AttentionTests.Case) {
    self.test = test
    var values = Values(seed: UInt64(test.tokens * 7 + test.width))
    let embedding = test.heads * test.width
    var all = values.array(test.images * test.tokens * 3 * embedding)
    for i in all.indices where i % (3 * embedding) < 2 * embedding { all[i] *= test.magnitude }
    qkv = Buffer(all)
    sizes = Buffer(
      values.array(test.images * test.tokens).map { ($0.magnitude * 9).rounded() + 1 })
  }

  /// The first tokens of one image of another problem.
  init(_ test: AttentionTests.Case, image: Int, of other: AttentionProblem) {
    self.test = test
    let (first, row) = (image * other.test.tokens, other.rowWidth)
    qkv = Buffer(Array(other.qkv.array[first * row..<(first + test.tokens) * row]))
    sizes = Buffer(Array(other.sizes.array[first..<first + test.tokens]))
  }

  /// The step without its results' places.
  func arguments(for tiles: TileExtents) -> AttentionArguments {
    AttentionArguments(
      for: tiles, qkv: InputRows(qkv.constant, imageStride: test.tokens, stride: rowWidth),
      output: OutputRows(qkv.pointer, imageStride: 0, stride: 0), images: test.images,
      tokens: test.tokens, heads: test.heads, headWidth: test.width, scale: test.scale,
      sizes: test.sized ? sizes.constant : nil)
  }

  func run(
    _ kernels: AttentionKernels, reversed: Bool = false,
    changing change: (inout AttentionArguments) -> Void = { _ in }
  ) -> (output: [Float], classAttention: [Float], probabilities: [Float]) {
    let tokens = test.tokens
    let output = Buffer<Float>(
      repeating: -7, count: test.images * tokens * test.heads * test.width)
    let classAttention = Buffer<Float>(repeating: -7, count: test.images * test.heads * tokens)
    let probabilities = Buffer<Float>(
      repeating: -7, count: test.images * test.heads * tokens * tokens)
    var arguments = arguments(for: kernels.implementation.tiles)
    arguments.output = OutputRows(
      output.pointer, imageStride: tokens, stride: test.heads * test.width)
    arguments.classAttention = classAttention.pointer
    arguments.probabilities = probabilities.pointer
    change(&arguments)
    kernels.attend(arguments, reversed: reversed)
    return (output.array, classAttention.array, probabilities.array)
  }

  func reference(
    _ image: Int, bias: (Int, Int, Int) -> Double = { _, _, _ in 0 }
  ) -> ReferenceAttention {
    let size = test.tokens * rowWidth
    return ReferenceAttention(
      qkv: Array(qkv.array[image * size..<(image + 1) * size]), tokens: test.tokens,
      heads: test.heads, width: test.width, scale: test.scale,
      sizes: test.sized
        ? Array(sizes.array[image * test.tokens..<(image + 1) * test.tokens]) : nil, bias: bias)
  }
}
