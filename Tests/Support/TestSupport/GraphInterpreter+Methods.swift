internal import CLibrary
internal import ModelFacts
internal import ModelGraph

// Ops of methods that models are trained with for fewer tokens.
extension GraphInterpreter {
  func normScore(
    _ score: NormScore, _ node: Graph.Node, _ operands: [[Double]]
  ) -> [Double] {
    let tokens = extents(node.inputs[0]).width
    let width = extents(node.inputs[1]).width
    func length(_ token: Int, from first: Int, _ count: Int) -> Double {
      let start = token * width + first
      return operands[1][start..<start + count].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let heads = 0..<score.heads
    let own = (score.prefix..<tokens).map { token in
      switch score.measure {
      case .value:
        let all = score.heads * score.headWidth
        return heads.reduce(0) { $0 + operands[0][$1 * tokens + token] }
          * length(token, from: 2 * all, all)
      case .headShare:
        let lengths = heads.map { length(token, from: $0 * score.headWidth, score.headWidth) }
        return heads.reduce(0) { $0 + operands[0][$1 * tokens + token] * lengths[$1] }
          / (lengths.reduce(0, +) + 1e-8)
      }
    }
    return score.measure == .value ? own.map { $0 / own.reduce(0, +) } : own
  }

  func halfMean(_ node: Graph.Node, _ rows: [Double]) -> [Double] {
    let (count, width) = extents(node.inputs[0])
    return rows.enumerated().map { place, value in
      let column = place % width
      guard column >= width / 2 else { return value }
      return stride(from: column, to: rows.count, by: width).reduce(0) { $0 + rows[$1] }
        / Double(count)
    }
  }

  func policyPartition(_ partition: PolicyPartition, _ operands: [[Double]]) -> [[Double]] {
    let importance = operands[0]
    let mean = importance.reduce(0, +) / Double(importance.count)
    let variance =
      importance.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(importance.count - 1)
    guard variance >= Double(partition.threshold.value) else {
      let edges = Partition(
        by: .edges, patches: partition.patches, keep: partition.keep, first: partition.first)
      return self.partition(edges, Array(operands[1...]))
    }
    let order = importance.indices.sorted {
      importance[$0] == importance[$1] ? $0 < $1 : importance[$0] > importance[$1]
    }
    let kept = order.prefix(partition.keep)
    var destination = importance.map { _ in -1.0 }
    for (place, patch) in kept.enumerated() { destination[patch] = Double(place) }
    return [
      kept.map(Double.init), order.dropFirst(partition.keep).sorted().map(Double.init), destination,
    ]
  }

  func restore(_ restore: Restore, _ node: Graph.Node, _ operands: [[Double]]) -> [Double] {
    let width = restore.axis == .rows ? extents(node.inputs[0]).width : 1
    var tokens = operands[0]
    func put(_ new: Int, at old: Int) {
      tokens.replaceSubrange(
        old * width..<(old + 1) * width, with: operands[1][new * width..<(new + 1) * width])
    }
    for row in 0..<restore.prefix { put(row, at: row) }
    for (patch, place) in operands[2].enumerated() where place >= 0 {
      put(restore.prefix + Int(place), at: restore.prefix + patch)
    }
    return tokens
  }
}
