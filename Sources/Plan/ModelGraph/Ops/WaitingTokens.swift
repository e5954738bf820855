package import ModelFacts
package import Records

/// Numbers of the tokens that are kept. Operands: numbers `[1, N]` and kept `[K]`. Result: `[1, K]`.
package struct Pick: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.pick

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .pick }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(2)
    let (count, _) = try check.rows(0)
    try check.that(count == 1, "one row, found \(count)")
    return [.rows(count: 1, width: try check.indices(1))]
  }
}

/// Tokens that waited, joined with those that went on, each at its old place (Evo-ViT). Operands: tokens as they were
/// before some were kept, those that were as they are now, and the new position of each old one, `[N]`: what has none
/// waited. Along rows these are tokens `[prefix + N, D]` and `[prefix + K, D]`, along columns numbers `[1, N]` and
/// `[1, K]` without a prefix.
package struct Restore: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.restore

  /// Where the tokens lie.
  package var axis = TokenAxis.rows

  /// Tokens in front of the patch tokens, which never wait.
  package var prefix = 0

  package init() {}

  package init(along axis: TokenAxis, prefix: Int) {
    self.axis = axis
    self.prefix = prefix
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("axis", choice: &axis)
    try coder.code("prefix", &prefix)
  }

  package var op: Op { .restore(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(3)
    let (waiting, moved) = (try check.rows(0), try check.rows(1))
    let (before, after): (Int, Int)
    switch axis {
    case .rows:
      try check.that(waiting.width == moved.width, "rows of one width, found \(check.operands)")
      (before, after) = (waiting.count, moved.count)
    case .columns:
      try check.that(
        waiting.count == 1 && moved.count == 1 && prefix == 0,
        "one row each without a prefix, found \(check.operands)")
      (before, after) = (waiting.width, moved.width)
    }
    let patches = try check.patches(of: before, behind: prefix)
    try check.that(
      after > prefix && after < before, "fewer tokens that went on than \(before), found \(after)")
    try check.type(2, is: .indices(count: patches))
    return [check.operands[0]]
  }
}
