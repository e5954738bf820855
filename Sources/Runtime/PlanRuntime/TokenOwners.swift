/// Follows original patches through the stages of token reduction.
package enum TokenOwners {
  /// What became of the patches up to one stage.
  package struct Outcome: Equatable {
    /// For each original patch: the original patch whose token stands for it, or nil if its token was discarded, or
    /// fused into one with all others.
    package let owners: [Int?]

    /// The original patches whose tokens were fused and have not been discarded since, ascending.
    package let fused: [Int]

    /// The original patches whose tokens wait until a later stage begins, or to the end, ascending.
    package let waiting: [Int]
  }

  /// The owners after each stage.
  package static func trace(_ stages: [StageTrace], patches: Int) -> [[Int?]] {
    follow(stages, patches: patches).map(\.owners)
  }

  /// What became of the patches after each stage.
  package static func follow(_ stages: [StageTrace], patches: Int) -> [Outcome] {
    // Where each original patch's token is now, and which original patch each token began as.
    var position: [Int?] = Array(0..<patches)
    var origin: [Int?] = Array(0..<patches)
    return stages.map { stage in
      // Tokens that waited are there again, each at its old place.
      if stage.destination.count != origin.count, stage.destination.count == patches {
        position = Array(0..<patches)
        origin = Array(0..<patches)
      }
      position = position.map { old in
        guard let old, stage.destination.indices.contains(old) else { return nil }
        let new = Int(stage.destination[old])
        return new < 0 ? nil : new
      }
      origin = stage.kept.map { Self.origin(of: Int($0), in: origin) }
      // A row behind those that are kept is the sum of the others.
      if stage.appendsRow { origin.append(nil) }
      return Outcome(
        owners: position.map { place in place.flatMap { Self.origin(of: $0, in: origin) } },
        fused: position.indices.filter { patch in
          position[patch].map { origin.indices.contains($0) && origin[$0] == nil } ?? false
        },
        waiting: stage.waits ? position.indices.filter { position[$0] == nil } : [])
    }
  }

  /// A hostile plan's stages need not fit each other where images keep different numbers of tokens.
  private static func origin(of place: Int, in origins: [Int?]) -> Int? {
    origins.indices.contains(place) ? origins[place] : nil
  }
}
