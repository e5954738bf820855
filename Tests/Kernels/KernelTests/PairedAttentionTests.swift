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
  @Test(arguments: Implementation.wide, [0, 1] as [Float])
  func weightsOfEveryKindAreAsExact(implementation: Implementation, scale: Float) {
    var test = AttentionTests.Case(tokens: 1000, heads: 1, width: 16)
    test.scale = scale * 1000
    let problem = AttentionProblem(test)
    let result = problem.run(AttentionKernels(implementation, inPairs: true))
    expectClose(result.output, problem.reference(0).output, tolerance: scale == 0 ? 1e-7 : 1e-4)
  }

  @Test func manyQueriesArePaired() {
    #expect(PairedAttention.isFaster(tokens: 197, queries: 197, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 197, queries: 1, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 17, queries: 17, headWidth: 64))
    #expect(!PairedAttention.isFaster(tokens: 197, queries: 197, headWidth: 8))
  }
}
