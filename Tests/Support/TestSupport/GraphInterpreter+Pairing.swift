internal import CLibrary
internal import ModelGraph

// The strategy `weighted`, as its definition says it: over a whole table of similarities.
extension GraphInterpreter {
  /// The most similar other patch token of each, and how similar it is.
  func nearestAssign(
    _ assign: NearestAssign, _ node: Graph.Node, _ tokens: [Double]
  ) -> [[Double]] {
    let table = cosines(of: tokens, node, prefix: assign.prefix)
    let nearest = table.indices.map { token in
      Self.nearest(to: token, among: table.indices.filter { $0 != token }, table)
    }
    return [nearest.map(Double.init), zip(table, nearest).map { $0[$1] }]
  }

  /// Which patch tokens leave, and what each counts for in a mean.
  func greedyPartition(
    _ partition: GreedyPartition, _ node: Graph.Node, _ operands: [[Double]]
  ) -> [[Double]] {
    let table = cosines(of: operands[0], node, prefix: partition.prefix)
    let weights = operands[1].map { $0 * Double(table.count) }
    let most = table.count - partition.keep
    var target = operands[2].map { Int($0) }
    var left: Set<Int> = []
    var joined: Set<Int> = []
    while left.count < most {
      let free = table.indices.filter { !left.contains($0) && !joined.contains($0) }
      if !left.isEmpty {
        for token in free {
          let others = table.indices.filter { $0 != token && !left.contains($0) }
          target[token] = Self.nearest(to: token, among: others, table)
        }
      }
      let costs = table.indices.map { token in
        sqrt(weights[token]) * max(1 - table[token][target[token]], 1e-6)
      }
      for token in free.sorted(by: { (costs[$0], $0) < (costs[$1], $1) })
      where left.count < most && !joined.contains(token) && !left.contains(target[token]) {
        left.insert(token)
        joined.insert(target[token])
      }
    }
    let kept = table.indices.filter { !left.contains($0) }
    let destination = table.indices.map { token in
      kept.firstIndex(of: left.contains(token) ? target[token] : token) ?? -1
    }
    let sizes = operands[4].dropFirst(partition.prefix)
    return [
      kept.map(Double.init), left.sorted().map(Double.init), destination.map(Double.init),
      zip(sizes, weights).map { sqrt($0 * $1) },
    ]
  }

  private func cosines(of tokens: [Double], _ node: Graph.Node, prefix: Int) -> [[Double]] {
    let (count, width) = extents(node.inputs[0])
    let directions = (prefix..<count).map { token in
      let row = tokens[token * width..<(token + 1) * width]
      let length = sqrt(row.reduce(0) { $0 + $1 * $1 })
      return row.map { length > 0 ? $0 / length : 0 }
    }
    return directions.map { first in
      directions.map { zip(first, $0).reduce(0) { $0 + $1.0 * $1.1 } }
    }
  }

  /// Ties go to the lower.
  private static func nearest(to token: Int, among others: [Int], _ table: [[Double]]) -> Int {
    others.reduce(others[0]) { table[token][$1] > table[token][$0] ? $1 : $0 }
  }
}
