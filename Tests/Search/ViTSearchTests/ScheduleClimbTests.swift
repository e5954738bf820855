import Testing
import ViTSearch

struct ScheduleClimbTests {
  /// A schedule whose best lies at `target`, all parts scaled to 120.
  private func climb(
    evaluations: Int, seed: UInt64, goingOn: (first: Int, most: Int)? = nil,
    score: ([Int], Int) -> Double
  ) throws -> (best: ScheduleClimb.Result<[Int]>?, asked: [[Int]], progress: [Int]) {
    var asked: [[Int]] = []
    var progress: [Int] = []
    var climb = ScheduleClimb(blocks: 6, evaluations: evaluations, goingOn: goingOn, seed: seed)
    let best = try climb.run { candidate in
      let total = candidate.parts.reduce(0, +)
      return candidate.parts.map { Int((120 * $0 / total).rounded(.down)) }
    } score: { plan, count in
      asked.append(plan + [count])
      return score(plan, count)
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
    let (best, asked, progress) = try climb(evaluations: 60, seed: seed) { plan, _ in distance(plan)
    }
    let result = try #require(best)
    let starts = asked.prefix(3).map { distance(Array($0.dropLast())) }
    #expect(result.score < 0.4 * (starts.min() ?? 0))
    #expect(result.score == asked.map { distance(Array($0.dropLast())) }.min())
    #expect(asked.count == 60 && progress == Array(1...60))
    #expect(Set(asked).count == 60, "nothing is asked twice")
  }

  @Test func theSameSeedTakesTheSameWay() throws {
    let ways = try [3, 3, 4].map {
      try climb(evaluations: 30, seed: $0) { plan, _ in distance(plan) }.asked
    }
    #expect(ways[0] == ways[1] && ways[0] != ways[2])
    #expect(ways[0].prefix(3) == ways[2].prefix(3), "the first three are the simple schedules")
  }

  @Test func imagesThatGoOnAreSearchedToo() throws {
    let (best, asked, _) = try climb(evaluations: 60, seed: 2, goingOn: (first: 5, most: 12)) {
      distance($0) + 10 * abs(Double($1) - 9)
    }
    #expect(abs(try #require(best).candidate.goingOn - 9) <= 2)
    #expect(asked.allSatisfy { (0...12).contains($0[6]) })
  }

  @Test func aBudgetThatNothingMeetsHasNoResult() throws {
    var climb = ScheduleClimb(blocks: 4, evaluations: 10, goingOn: nil, seed: 0)
    let result = try climb.run { _ -> [Int]? in
      nil
    } score: { _, _ in
      0
    } progress: { _, _ in
    }
    #expect(result == nil)
  }

  /// One block, and one evaluation.
  @Test func theSmallestSearchEnds() throws {
    for (blocks, evaluations) in [(1, 1), (1, 50), (2, 1)] {
      var climb = ScheduleClimb(blocks: blocks, evaluations: evaluations, goingOn: nil, seed: 0)
      let result = try climb.run {
        $0.parts.map { Int($0 * 8) }
      } score: { plan, _ in
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
