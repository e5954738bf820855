internal import Glibc
internal import ModelFacts
internal import ModelGraph

extension GraphInterpreter {
  /// The `keep` patch tokens that the class token attends to most; ties go to the lower.
  func select(_ select: Select, _ node: Graph.Node, _ classRows: [Double]) -> [[Double]] {
    let (heads, tokens) = extents(node.inputs[0])
    let patches = tokens - select.prefix
    let importance = (0..<patches).map { patch in
      (0..<heads).reduce(0.0) { $0 + classRows[$1 * tokens + select.prefix + patch] }
        / Double(heads)
    }
    let order = (0..<patches).sorted {
      importance[$0] == importance[$1] ? $0 < $1 : importance[$0] > importance[$1]
    }
    return [
      order.prefix(select.keep).sorted().map(Double.init),
      order.dropFirst(select.keep).sorted().map(Double.init), importance,
    ]
  }

  /// Merge, fuse or drop (method, strategies).
  func reduce(_ reduce: Reduce, _ node: Graph.Node, _ operands: [[Double]]) -> [[Double]] {
    let width = extents(node.inputs[0]).width
    let prefix = reduce.prefix
    let kept = operands[1].map { Int($0) }
    let dropped = operands[2].map { Int($0) }
    var rest = operands.dropFirst(4)
    let sizes = reduce.carriesSizes ? rest.removeFirst() : nil
    let isByAttention = reduce.strategy == .merge && reduce.similarity == .attention
    let probabilities = isByAttention ? rest.removeFirst() : nil
    let indices = reduce.carriesPatchIndices ? rest.removeFirst() : nil
    func row(_ patch: Int) -> [Double] {
      Array(operands[0][(prefix + patch) * width..<(prefix + patch + 1) * width])
    }
    let weights = sizes.map { Array($0[prefix...]) } ?? operands[3]
    var rows = kept.map(row)
    var newSizes = kept.map { sizes?[prefix + $0] ?? 1 }
    var into: [Int] = []
    if reduce.strategy == .merge {
      into = dropped.map { patch in
        if reduce.similarity == .random {
          let origin = indices.map { Int($0[patch]) } ?? patch
          return Int(
            Self.hash(seed: reduce.seed, block: reduce.block, patch: origin) % UInt64(kept.count))
        }
        let scores = kept.map {
          similarity(reduce.similarity, row(patch), row($0), probabilities, patch, $0, prefix)
        }
        return scores.indices.max {
          scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1)
        } ?? 0
      }
      for (index, patch) in kept.enumerated() {
        let members = dropped.indices.filter { into[$0] == index }
        guard !members.isEmpty else { continue }
        let total = members.reduce(weights[patch]) { $0 + weights[dropped[$1]] }
        rows[index] = (0..<width).map { column in
          members.reduce(weights[patch] * row(patch)[column]) {
            $0 + weights[dropped[$1]] * row(dropped[$1])[column]
          } / total
        }
        newSizes[index] += members.reduce(0.0) { $0 + (sizes?[prefix + dropped[$1]] ?? 1) }
      }
    } else if reduce.strategy == .fuse {
      rows.append(
        (0..<width).map { column in
          dropped.reduce(0.0) { $0 + operands[3][$1] * row($1)[column] }
        })
      newSizes.append(dropped.reduce(0.0) { $0 + (sizes?[prefix + $1] ?? 1) })
    }
    var results = [Array(operands[0][..<(prefix * width)]) + rows.flatMap(\.self)]
    if reduce.strategy == .merge { results.append(into.map(Double.init)) }
    if let sizes { results.append(Array(sizes[..<prefix]) + newSizes) }
    if let indices { results.append(kept.map { indices[$0] }) }
    return results
  }

  private func similarity(
    _ kind: Similarity, _ a: [Double], _ b: [Double], _ probabilities: [Double]?, _ u: Int,
    _ i: Int, _ prefix: Int
  ) -> Double {
    switch kind {
    case .cosine:
      let norms = sqrt(a.reduce(0) { $0 + $1 * $1 }) * sqrt(b.reduce(0) { $0 + $1 * $1 })
      return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / norms
    case .l1: return -zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) }
    case .l2: return -sqrt(zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
    case .attention:
      guard let probabilities else { return 0 }
      // Heads are all alike in size, so the sum over heads orders as the mean does.
      let square = probabilityTokens * probabilityTokens
      return stride(from: 0, to: probabilities.count, by: square).reduce(0.0) {
        $0 + probabilities[$1 + (prefix + u) * probabilityTokens + prefix + i]
      }
    case .random: return 0
    }
  }

  /// The hash of the random similarity, as the reference implementation defines it.
  private static func hash(seed: Int, block: Int, patch: Int) -> UInt64 {
    let odd: [UInt64] = [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB]
    var key = UInt64(seed) &* odd[0] &+ UInt64(block) &* odd[1] &+ UInt64(patch + 1) &* odd[2]
    key = (key ^ (key >> 30)) &* odd[1]
    key = (key ^ (key >> 27)) &* odd[2]
    return key ^ (key >> 31)
  }

  /// Bipartite soft matching.
  func match(_ match: Match, _ node: Graph.Node, _ operands: [[Double]]) -> [[Double]] {
    let (tokens, width) = extents(node.inputs[0])
    let qkvWidth = 3 * match.heads * match.headWidth
    let patches = tokens - match.prefix
    let metric = (0..<patches).map { patch in
      (0..<match.headWidth).map { column in
        (0..<match.heads).reduce(0.0) {
          $0
            + operands[1][
              (match.prefix + patch) * qkvWidth + (match.heads + $1) * match.headWidth + column]
        } / Double(match.heads)
      }
    }
    let odd = Array(stride(from: 1, to: patches, by: 2))
    let even = Array(stride(from: 0, to: patches, by: 2))
    let edges = odd.map { a in
      let scores = even.map { similarity(.cosine, metric[a], metric[$0], nil, 0, 0, 0) }
      let best =
        scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) } ?? 0
      return (best: best, score: scores[best])
    }
    let order = edges.indices.sorted {
      edges[$0].score == edges[$1].score ? $0 < $1 : edges[$0].score > edges[$1].score
    }
    let merged = Set(order.prefix(patches - match.keep))
    let survivors = odd.indices.filter { !merged.contains($0) }
    func row(_ patch: Int) -> [Double] {
      Array(
        operands[0][(match.prefix + patch) * width..<(match.prefix + patch + 1) * width])
    }
    func size(_ patch: Int) -> Double { operands[2][match.prefix + patch] }
    var rows = survivors.map { row(odd[$0]) }
    var sizes = survivors.map { size(odd[$0]) }
    var destination = [Double](repeating: 0, count: patches)
    for (place, index) in survivors.enumerated() { destination[odd[index]] = Double(place) }
    for (place, patch) in even.enumerated() {
      let members = merged.filter { edges[$0].best == place }.sorted().map { odd[$0] } + [patch]
      let total = members.reduce(0.0) { $0 + size($1) }
      rows.append(
        (0..<width).map { column in
          members.reduce(0.0) { $0 + size($1) * row($1)[column] } / total
        })
      sizes.append(total)
      for member in members { destination[member] = Double(survivors.count + place) }
    }
    return [
      Array(operands[0][..<(match.prefix * width)]) + rows.flatMap(\.self),
      Array(operands[2][..<match.prefix]) + sizes, destination,
    ]
  }
}
