internal import CLibrary
internal import ModelGraph

extension GraphInterpreter {
  func reduceMean(_ mean: ReduceMean, _ node: Graph.Node, _ operands: [[Double]]) -> [Double] {
    let (rows, width) = extents(node.inputs[0])
    let weights =
      mean.isSizeAware
      ? Array(operands[1].dropFirst(mean.prefix)) : [Double](repeating: 1, count: rows)
    let total = weights.reduce(0, +)
    return (0..<width).map { column in
      (0..<rows).reduce(0.0) { $0 + weights[$1] * operands[0][$1 * width + column] } / total
    }
  }

  func attentionPool(
    _ pool: AttentionPool, _ node: Graph.Node, _ operands: [[Double]]
  ) throws -> [Double] {
    let (tokens, width) = extents(node.inputs[0])
    let query = try constant(pool.query)
    let d = pool.headWidth
    return (0..<pool.heads).flatMap { h -> [Double] in
      let scores = (0..<tokens).map { key -> Double in
        let keyStart = key * width + h * d
        let product = (0..<d).reduce(0.0) { (sum: Double, c: Int) -> Double in
          sum + query[h * d + c] * operands[0][keyStart + c]
        }
        let size = pool.isSizeAware ? log(operands[1][pool.prefix + key]) : 0
        return product * Double(pool.scale) + size
      }
      let top = scores.max() ?? 0
      let shares = scores.map { exp($0 - top) }
      let total = shares.reduce(0, +)
      return (0..<d).map { c -> Double in
        let column = (pool.heads + h) * d + c
        return (0..<tokens).reduce(0.0) { (sum: Double, token: Int) -> Double in
          sum + shares[token] / total * operands[0][token * width + column]
        }
      }
    }
  }
}
