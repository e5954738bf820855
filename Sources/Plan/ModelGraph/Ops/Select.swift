package import ModelFacts
package import Records

/// Which patch tokens an image keeps, as many as its own scores say; none is possible. Operand: scores `[1, N]`.
/// Results: kept `[N]`, ascending, the new position of each old one, `[N]`, -1 for one that left, and how many of the N
/// places of kept are not in use, `[1]`.
package struct Select: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.select

  /// What decides.
  package var rule = SelectionRule.above

  /// N, the patch tokens.
  package var patches = 0

  /// Of above: what a score must reach.
  package var threshold = Threshold()

  /// Of sampled: how many steps are taken.
  package var steps = 0

  package init() {}

  /// Keeps the tokens whose score reaches a threshold.
  package init(patches: Int, above threshold: Threshold) {
    self.patches = patches
    self.threshold = threshold
  }

  /// Keeps the tokens that even steps along the running sum of the scores meet.
  package init(patches: Int, steps: Int) {
    rule = .sampled
    self.patches = patches
    self.steps = steps
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("rule", choice: &rule)
    try coder.code("patches", &patches)
    try coder.code("threshold", record: &threshold)
    try coder.code("steps", &steps)
  }

  package var op: Op { .select(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.that(
      (1...(1 << 24)).contains(patches), "1 patch token or more, found \(patches)")
    switch rule {
    case .above:
      try check.that(
        threshold.value.isFinite && steps == 0,
        "a finite threshold and no steps, found \(threshold.value), \(steps)")
    case .sampled:
      try check.that(
        threshold.value == 0 && (2...(1 << 24)).contains(steps),
        "2 steps or more and no threshold, found \(threshold.value), \(steps)")
    }
    let unused = try check.rows(0, tokensAlong: .columns).unused
    try check.rows(0, are: 1, patches, unused: unused)
    return check.kept(patches, countedBy: 2, of: unused)
      + [.indices(count: 1)]
  }
}

extension OperandCheck {
  /// Kept and destination of `patches` tokens, of which an image keeps any number from `least` on: the node's result at
  /// `place` says how many it does not.
  func kept(
    _ patches: Int, atLeast least: Int = 0, countedBy place: Int, of unused: UnusedTokens?
  ) -> [ValueType] {
    let left = UnusedTokens(
      ValueID(firstResult.index + place), most: patches - least, along: .columns)
    return [
      .indices(count: patches, unused: left), .indices(count: patches, unused: unused),
    ]
  }
}
