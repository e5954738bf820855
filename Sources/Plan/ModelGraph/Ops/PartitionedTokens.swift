internal import ModelFacts

extension OperandCheck {
  /// The patch tokens among `tokens`.
  func patches(of tokens: Int, behind prefix: Int) throws -> Int {
    try that(ModelFacts.prefixCounts.contains(prefix), "0 to 16 prefix tokens, found \(prefix)")
    try that(tokens - prefix >= 2, "2 patch tokens or more, found \(tokens - prefix)")
    return tokens - prefix
  }

  /// The tokens of set A, every other from position `first` on.
  func sources(of patches: Int, first: Int) throws -> Int {
    try that((0...1).contains(first), "a first position of 0 or 1, found \(first)")
    return (patches - first + 1) / 2
  }

  /// Tokens, and the patch tokens among them, of operands 0 and 1, tokens and kept, and two more.
  func partition(
    prefix: Int, dropped: Int?, destination: Int
  ) throws -> PartitionedTokens {
    try that(operands.count > destination, "tokens and a partition, found \(operands)")
    let (tokens, width, unused) = try rows(0, tokensAlong: .rows)
    let patches = try patches(of: tokens, behind: prefix)
    guard case .indices(let kept, let unusedKept) = operands[1] else {
      throw OperandMismatch("expected indices as operand 1, found \(operands[1])")
    }
    try that(
      kept < patches || unusedKept != nil && kept == patches,
      "fewer indices than \(patches) patch tokens, found \(operands[1])")
    try that(
      unused == nil || unusedKept != nil,
      "a partition of tokens that need not all be in use, found \(operands[1])")
    if let dropped {
      let most = unusedKept == nil ? patches - kept : patches - 1
      try that(
        try indices(dropped) == most,
        "\(most) indices of dropped tokens, found \(operands[dropped])")
    }
    let found = PartitionedTokens(
      count: tokens, patches: patches, width: width, unused: unused, kept: kept,
      unusedKept: unusedKept)
    try type(destination, is: found.indices)
    return found
  }
}

/// Tokens and what a partition keeps of them.
struct PartitionedTokens {
  /// Tokens, and the patch tokens among them.
  let count: Int
  let patches: Int

  /// Columns of the tokens.
  let width: Int

  /// Rows of the tokens.
  let unused: UnusedTokens?

  /// K: the elements of an input row.
  let kept: Int

  /// Indices of those.
  let unusedKept: UnusedTokens?

  /// The tokens that are not in use where tokens are columns.
  var unusedColumns: UnusedTokens? { unused?.along(.columns) }

  /// The type of an index for each patch token.
  var indices: ValueType { .indices(count: patches, unused: unusedColumns) }
}
