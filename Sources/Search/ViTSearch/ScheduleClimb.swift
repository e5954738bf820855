/// Finds the schedule of a budget that keeps closest to the dense model, by climbing: from three simple
/// schedules the best is taken, and again and again one block's part is multiplied while all are scaled to the
/// budget; what is better stays.
///
/// The same numbers give the same schedule: what is tried depends on the seed and on the scores alone.
package struct ScheduleClimb {
  /// Parts that meet the budget, and how good what they make is.
  package struct Result<Plan> {
    /// By block, from the first, none below 0: its part of the tokens that leave.
    package var parts: [Double]
    package var plan: Plan
    /// Lower is better.
    package var score: Double
  }

  /// Blocks whose tokens may leave.
  let blocks: Int

  /// The first so many of them keep all of theirs nevertheless.
  let untouched: Int

  /// How many candidates are scored.
  let evaluations: Int

  private var random: SplitMix64

  package init(blocks: Int, untouched: Int = 0, evaluations: Int, seed: UInt64) {
    self.blocks = blocks
    self.untouched = min(untouched, blocks - 1)
    self.evaluations = evaluations
    random = SplitMix64(seed: seed)
  }

  /// - Parameters:
  ///   - fit: the plan that these parts make within the budget; nil if there is none.
  ///   - score: how good a plan is; not asked twice for the same one.
  ///   - progress: told of every score; what it throws ends the search.
  /// - Returns: the best; nil if nothing meets the budget.
  package mutating func run<Plan: Hashable>(
    fit: ([Double]) throws -> Plan?, score: (Plan) throws -> Double,
    progress: (_ done: Int, Result<Plan>) throws -> Void
  ) throws -> Result<Plan>? {
    var best: Result<Plan>?
    var seen: Set<Plan> = []
    var done = 0
    /// Whether it is the best so far.
    func attempt(_ parts: [Double]) throws -> Bool {
      guard let plan = try fit(parts), seen.insert(plan).inserted else { return false }
      let result = Result(parts: parts, plan: plan, score: try score(plan))
      done += 1
      let isBest = best.map { result.score < $0.score } ?? true
      if isBest { best = result }
      try progress(done, best ?? result)
      return isBest
    }
    for start in starts where done < evaluations { _ = try attempt(start) }
    guard best != nil else { return nil }
    var factor = 2.0
    while done < evaluations, factor > 1.01 {
      var hasImproved = false
      for move in moves.shuffled(using: &random) where done < evaluations {
        // What was better once may be so again.
        while done < evaluations, let place = best?.parts,
          try attempt(moved(place, by: move, factor))
        {
          hasImproved = true
        }
      }
      // The second half of the trials, or what coarse steps do not improve, takes finer ones.
      if !hasImproved || (factor == 2 && 2 * done >= evaluations) { factor = factor.squareRoot() }
    }
    return best
  }

  /// As many tokens in every block, a share of what is left, and as many from the fourth block on.
  private var starts: [[Double]] {
    var geometric = [1.0]
    for _ in 1..<max(blocks, 1) { geometric.append((geometric.last ?? 1) * 0.9) }
    let late = (0..<blocks).map { $0 >= min(3, blocks - 1) ? 1.0 : 0 }
    return [[Double](repeating: 1, count: blocks), Array(geometric.prefix(blocks)), late].map {
      $0.enumerated().map { block, part in block < untouched ? 0 : part }
    }
  }

  /// A block's part, multiplied or divided.
  private struct Move {
    var block: Int
    var isLarger: Bool
  }

  private var moves: [Move] {
    (untouched..<blocks).flatMap {
      [Move(block: $0, isLarger: true), Move(block: $0, isLarger: false)]
    }
  }

  private func moved(_ parts: [Double], by move: Move, _ factor: Double) -> [Double] {
    var parts = parts
    if !move.isLarger {
      parts[move.block] /= factor
    } else if parts[move.block] > 0 {
      parts[move.block] *= factor
    } else {
      // What loses no token begins with a small part.
      parts[move.block] = (parts.filter { $0 > 0 }.min() ?? 1) / 2
    }
    return parts
  }
}

/// A generator whose numbers are the same on every machine (Steele, Lea, Flood: "Fast splittable pseudorandom
/// number generators", OOPSLA 2014).
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
