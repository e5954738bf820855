package import ModelFacts
package import Records

/// Importance of the patch tokens by what the class token attends to them and by the length of rows, as
/// `NormScoreArguments` says. Operands: the class token's softmax rows `[heads, T]` and rows of each token: of values
/// the packed `qkv`, of shares of heads what attention makes, `[T, heads * headWidth]`. Result: `[1, N]`.
package struct NormScore: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.normScore

  /// What the rows are.
  package var measure = NormMeasure.value

  /// Tokens in front of the patch tokens, which have no importance.
  package var prefix = 1
  package var heads = 1
  package var headWidth = 1

  package init() {}

  package init(_ measure: NormMeasure, prefix: Int, heads: Int, headWidth: Int) {
    self.measure = measure
    self.prefix = prefix
    self.heads = heads
    self.headWidth = headWidth
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("measure", choice: &measure)
    try coder.code("prefix", &prefix)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
  }

  package var op: Op { .normScore(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(2)
    try check.that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth),
      "heads and their width, found \(self)")
    let (found, tokens, unused) = try check.rows(0, tokensAlong: .columns)
    try check.that(found == heads, "\(heads) softmax rows, found \(found)")
    let width = heads * headWidth
    try check.rows(
      1, are: tokens, measure == .value ? 3 * width : width, unused: unused?.along(.rows))
    let patches = try check.patches(of: tokens, behind: prefix)
    return [.rows(count: 1, width: patches, unused: unused)]
  }
}
