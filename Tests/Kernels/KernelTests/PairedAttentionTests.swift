import KernelInterface
import Testing

/// What attention in pairs has beside what ``AttentionTests`` compare with the reference.
@Suite(.enabled(if: !Implementation.wide.isEmpty, "needs AVX2"))
struct PairedAttentionTests {
  /// Keys and values far larger or smaller than queries and weights lose no digits: without scaling, or with pairs of
  /// one sign, the errors would be that much larger.
  @Test(arguments: Implementation.wide, [1e-3, 1, 1e3] as [Float])
  func headsOfEverySizeAreAsExact(implementation: Implementation, size: Float) {
    let problem = AttentionProblem(.init(tokens: 700, heads: 1, width: 32))
    for i in 0..<problem.qkv.count {
      switch i % 96 / 32 {
      case 0: problem.qkv.pointer[i] /= size
      default: problem.qkv.pointer[i] *= size
      }
    }
    let reference = problem.reference(0)
    let result = problem.run(AttentionKernels(implementation, inPairs: true))
    expectClose(
      result.output.map { $0 / size }, reference.output.map { $0 / Double(size) }, tolerance: 1e-6)
  }

  /// Weights that are all the same, whose products add up, and one that is all.
  @Test(arguments: Implementation.wide, [1e-12, 1] as [Float])
  func weightsOfEveryKindAreAsExact(implementation: Implementation, scale: Float) {
    var test = AttentionTests.Case(tokens: 1000, heads: 1, width: 16)
    test.scale = scale * 1000
    let problem = AttentionProblem(test)
    let result = problem.run(AttentionKernels(implementation, inPairs: true))
    expectClose(result.output, problem.reference(0).output, tolerance: scale < 1 ? 1e-7 : 1e-4)
  }

  /// What a head holds that pairs would take digits from.
  enum Extreme: CaseIterable {
    case zeroQueries, zeroKeys, hugeQueries, hugeValues, tinyValues, sinks
  }

  /// Such a head is attended to as one that is not paired, and those beside it are not.
  @Test(arguments: Implementation.wide, Extreme.allCases)
  func headsThatDoNotSuitAreAttendedToDirectly(implementation: Implementation, extreme: Extreme) {
    let (tokens, width) = (130, 65)
    let problem = AttentionProblem(.init(tokens: tokens, heads: 2, width: width))
    for token in 0..<tokens {
      for channel in 0..<width {
        // Of the first head.
        let query = token * 6 * width + channel
        let (key, value) = (query + 2 * width, query + 4 * width)
        let qkv = problem.qkv.pointer
        switch extreme {
        case .zeroQueries: (qkv[query], qkv[key]) = (0, qkv[key] * 1e6)
        case .zeroKeys: (qkv[query], qkv[key]) = (qkv[query] * 1e6, 0)
        case .hugeQueries: (qkv[query], qkv[key]) = (qkv[query] * 1e16, qkv[key] * 1e-16)
        case .hugeValues: qkv[value] *= 1e17
        case .tinyValues: qkv[value] *= 1e-18
        case .sinks: if (7...10).contains(token) { qkv[value] *= 1e4 }
        }
      }
    }
    let direct = problem.run(AttentionKernels(implementation, inPairs: false)).output
    let paired = problem.run(AttentionKernels(implementation, inPairs: true)).output
    func rows(_ output: [Float], head: Int) -> [Float] {
      (0..<tokens).flatMap { output[(2 * $0 + head) * width..<(2 * $0 + head + 1) * width] }
    }
    #expect(rows(paired, head: 0) == rows(direct, head: 0))
    #expect(rows(paired, head: 1) != rows(direct, head: 1))
  }

  /// What is compared are queries times the scale.
  @Test(arguments: Implementation.wide, [0, 1e-20] as [Float])
  func queriesThatAreScaledToNothingAreAttendedToDirectly(
    implementation: Implementation, scale: Float
  ) {
    var test = AttentionTests.Case(tokens: 130, heads: 1, width: 65)
    test.scale = scale
    let problem = AttentionProblem(test)
    for token in 0..<130 {
      for key in 65..<130 { problem.qkv.pointer[token * 195 + key] *= 1e6 }
    }
    let direct = problem.run(AttentionKernels(implementation, inPairs: false)).output
    #expect(problem.run(AttentionKernels(implementation, inPairs: true)).output == direct)
  }

  /// Of values that follow such a pattern the products of pairs add up, whichever of them are taken away.
  @Test(arguments: Implementation.wide)
  func valuesOfAPatternAreAsExact(implementation: Implementation) {
    var test = AttentionTests.Case(tokens: 2305, heads: 1, width: 16)
    test.scale = 3
    let problem = AttentionProblem(test)
    for token in 0..<2305 {
      for channel in 32..<48 {
        let place = token * 48 + channel
        let pattern = [3, 3, 0, -3, 3, 0] as [Float]
        problem.qkv.pointer[place] = pattern[token % 6] + 0.1 * problem.qkv.pointer[place]
      }
    }
    let result = problem.run(AttentionKernels(implementation, inPairs: true))
    expectClose(result.output, problem.reference(0).output, tolerance: 2e-5)
  }

  @Test func manyQueriesArePaired() {
    #expect(PairedAttention.isFaster(tokens: 197, queries: 197, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 197, queries: 1, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 17, queries: 17, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 197, queries: 197, headWidth: 8))
  }
}
