import Testing
import ViTSearch

struct ScheduleClimbTests {
  /// A schedule whose best lies at `target`, all parts scaled to 120.
  private func climb(
    evaluations: Int, seed: UInt64, score: ([Int]) -> Double
  ) throws -> (best: ScheduleClimb.Result<[Int]>?, asked: [[Int]], progress: [Int]) {
    var asked: [[Int]] = []
    var progress: [Int] = []
    var climb = ScheduleClimb(blocks: 6, evaluations: evaluations, seed: seed)
    let best = try climb.run { parts in
      let total = parts.reduce(0, +)
      return parts.map { Int((120 * $0 / total).rounded(.down)) }
    } score: { plan in
      asked.append(plan)
      return score(plan)
    } progress: { done, _ in
      progress.append(done)
    }
    return (best, asked, progress)
  }

  private func distance(_ plan: [Int]) -> Double {
    let target = [0, 10, 20, 50, 30, 10]
    return zip(plan, target).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
  }

  @Test(arguments: [UInt64](1...5))
  func comesNearTheBest(seed: UInt64) throws {
    let (best, asked, progress) = try climb(evaluations: 60, seed: seed, score: distance)
    let result = try #require(best)
    let starts = asked.prefix(3).map { distance($0) }
    #expect(result.score < 0.4 * (starts.min() ?? 0))
    #expect(result.score == asked.map { distance($0) }.min())
    #expect(asked.count == 60 && progress == Array(1...60))
    #expect(Set(asked).count == 60, "nothing is asked twice")
  }

  @Test func theSameSeedTakesTheSameWay() throws {
    let ways = try [3, 3, 4].map {
      try climb(evaluations: 30, seed: $0, score: distance).asked
    }
    #expect(ways[0] == ways[1] && ways[0] != ways[2])
    #expect(ways[0].prefix(3) == ways[2].prefix(3), "the first three are the simple schedules")
  }

  @Test func aBudgetThatNothingMeetsHasNoResult() throws {
    var climb = ScheduleClimb(blocks: 4, evaluations: 10, seed: 0)
    let result = try climb.run { _ -> [Int]? in
      nil
    } score: { _ in
      0
    } progress: { _, _ in
    }
    #expect(result == nil)
  }

  /// One block, and one evaluation.
  @Test func theSmallestSearchEnds() throws {
    for (blocks, evaluations) in [(1, 1), (1, 50), (2, 1)] {
      var climb = ScheduleClimb(blocks: blocks, evaluations: evaluations, seed: 0)
      let result = try climb.run {
        $0.map { Int($0 * 8) }
      } score: { plan in
        Double(plan[0])
      } progress: { _, _ in
      }
      #expect(result != nil)
    }
  }

  /// The reference values of the generator's authors for seed 1234567.
  @Test func numbersAreThoseOfSplitMix64() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }
}
