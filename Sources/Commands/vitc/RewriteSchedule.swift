internal import CommandSupport
internal import ModelGraph

/// What a rewrite changed, block by block.
struct RewriteSchedule {
  let base: Graph
  let rewritten: Graph

  /// Block, tokens before and after, work before and after, and the total.
  var lines: [String] {
    func giga(_ count: Int) -> String { Figures.right(Figures.fixed(Double(count) / 1e9, 3), 6) }
    var lines = ["block  tokens in  tokens out  GMACs before   after"]
    for (before, after) in zip(base.blockSummaries(), rewritten.blockSummaries()) {
      lines.append(
        "\(Figures.right("\(after.block + 1)", 5))  \(Figures.right("\(after.tokensIn)", 9))"
          + "  \(Figures.right("\(after.tokensOut)", 10))        \(giga(before.multiplyAdds))"
          + "  \(giga(after.multiplyAdds))")
    }
    let (before, after) = (base.multiplyAdds, rewritten.multiplyAdds)
    let share = Double(after) / Double(before) * 100
    lines.append(
      "total                               \(giga(before))  \(giga(after))"
        + "  (\(Figures.fixed(share, 1)) %)")
    return lines
  }
}
