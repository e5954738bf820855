/// Follows original patches through the stages of token reduction.
package enum TokenOwners {
  /// After each stage, for each original patch: the original patch whose token stands for it, or
  /// nil if its token was discarded, or fused into one with all others.
  package static func trace(_ stages: [StageTrace], patches: Int) -> [[Int?]] {
    // Where each original patch's token is now, and which original patch each token began as.
    var position: [Int?] = Array(0..<patches)
    var origin: [Int?] = Array(0..<patches)
    return stages.map { stage in
      position = position.map { old in
        guard let old, stage.destination.indices.contains(old) else { return nil }
        let new = Int(stage.destination[old])
        return new < 0 ? nil : new
      }
      var newOrigin = stage.kept.map { origin[Int($0)] }
      // A row behind those that are kept is the sum of the others.
      if stage.record.patchesOut > stage.kept.count { newOrigin.append(nil) }
      origin = newOrigin
      return position.map { place in place.flatMap { origin[$0] } }
    }
  }
}
