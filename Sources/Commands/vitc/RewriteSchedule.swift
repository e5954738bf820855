internal import CommandSupport
internal import ModelGraph
internal import ViTCompiler

/// What a rewrite changed, block by block.
struct RewriteSchedule {
  /// The model without the rewrite.
  let dense: RewrittenModel

  /// With it.
  let model: RewrittenModel

  /// Block, tokens before and after, work before and after, and the totals, as papers count and as executed.
  var lines: [String] {
    var lines = ["block  tokens in  tokens out  GMACs before   after"]
    let blocks = zip(dense.rewritten.blockSummaries(), model.rewritten.blockSummaries())
    for (before, after) in blocks {
      lines.append(
        "\(Figures.right("\(after.block + 1)", 5))  \(Figures.right("\(after.tokensIn)", 9))"
          + "  \(Figures.right("\(after.tokensOut)", 10))        \(giga(before.multiplyAdds))"
          + "  \(giga(after.multiplyAdds))")
    }
    lines.append(total("total", dense.multiplyAdds, model.multiplyAdds))
    lines.append(total("executed", dense.executedMultiplyAdds, model.executedMultiplyAdds))
    return lines
  }

  /// Both shares are of the dense model's work as papers count it, as those of budgets are.
  private func total(_ name: String, _ before: Int, _ after: Int) -> String {
    let share = Double(after) / Double(dense.multiplyAdds) * 100
    return
      "\(Figures.left(name, 36))\(giga(before))  \(giga(after))  (\(Figures.fixed(share, 1)) %)"
  }

  private func giga(_ count: Int) -> String {
    Figures.right(Figures.fixed(Double(count) / 1e9, 3), 6)
  }
}
