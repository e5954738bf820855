internal import CLibrary
internal import ModelFacts
internal import ModelGraph

// Ops of SP-ViT: predictors of each head, and tokens that become one package token.
extension GraphInterpreter {
  func headMean(_ mean: HeadMean, _ node: Graph.Node, _ rows: [Double]) -> [Double] {
    let width = extents(node.inputs[0]).width / mean.heads
    return stride(from: 0, to: rows.count, by: width).map {
      rows[$0..<$0 + width].reduce(0, +) / Double(width)
    }
  }

  func headHalfMean(_ mean: HeadHalfMean, _ node: Graph.Node, _ rows: [Double]) -> [Double] {
    let width = extents(node.inputs[0]).width
    let headWidth = width / mean.heads
    let count = rows.count / width
    return rows.enumerated().map { place, value in
      let column = place % width
      guard column % headWidth >= headWidth / 2 else { return value }
      return (0..<count).reduce(0) { $0 + rows[$1 * width + column] } / Double(count)
    }
  }

  func headVote(_ vote: HeadVote, _ operands: [[Double]]) -> [[Double]] {
    func logSoftmax(_ pair: ArraySlice<Double>) -> [Double] {
      let total = log(pair.reduce(0) { $0 + exp($1) })
      return pair.map { $0 - total }
    }
    let votes = (0..<operands[0].count / vote.heads).map { token in
      let heads = token * vote.heads..<(token + 1) * vote.heads
      let weights = heads.map { 1 / (1 + exp(-operands[0][$0])) }
      let logs = heads.map { logSoftmax(operands[1][2 * $0..<2 * $0 + 2]) }
      func mean(_ value: ([Double]) -> Double) -> Double {
        zip(weights, logs).reduce(0) { $0 + $1.0 * value($1.1) } / weights.reduce(0, +)
      }
      return (mean { $0[0] } - mean { $0[1] }, mean { exp($0[0]) })
    }
    return [votes.map(\.0), votes.map(\.1)]
  }

  func packagePartition(_ partition: PackagePartition, _ scores: [Double]) -> [[Double]] {
    let first = scores.count - partition.packages
    let kept = scores.indices.filter { scores[$0] >= 0 || $0 >= first }
    let destination = scores.indices.map { kept.firstIndex(of: $0) ?? kept.count }
    return [
      kept.map(Double.init), destination.map(Double.init),
      [Double(partition.patches - kept.count)],
    ]
  }
}
