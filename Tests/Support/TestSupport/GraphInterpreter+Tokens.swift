internal import CLibrary
internal import ModelFacts
internal import ModelGraph

extension GraphInterpreter {
  /// What the class token attends to each patch token, mean over heads.
  func score(_ score: Score, _ node: Graph.Node, _ classAttention: [Double]) -> [Double] {
    let (heads, tokens) = extents(node.inputs[0])
    return (score.prefix..<tokens).map { token in
      (0..<heads).reduce(0.0) { $0 + classAttention[$1 * tokens + token] } / Double(heads)
    }
  }

  /// The tokens that are kept: the largest, or all but those at the best edges; ties go to the lower.
  func partition(_ partition: Partition, _ operands: [[Double]]) -> [[Double]] {
    // NaN is below everything.
    let scores = operands[0].map { $0.isNaN ? -Double.infinity : $0 }
    let order = scores.indices.sorted {
      scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1]
    }
    let patches = partition.order == .importance ? scores.count : partition.patches
    var keep = partition.keep
    var kept: [Int]
    var dropped: [Int]
    switch partition.order {
    case .importance:
      if let threshold = partition.threshold {
        let least = Double(threshold.value)
        keep = max(1, min(keep, scores.count { $0 >= least }))
      }
      keep = min(keep, patches)
      kept = order.prefix(keep).sorted()
      dropped = order.dropFirst(keep).sorted()
    case .edges:
      func position(_ edge: Int) -> Int { partition.first + 2 * edge }
      dropped = order.prefix(patches - keep).map(position).sorted()
      kept = order.dropFirst(patches - keep).map(position).sorted()
      kept += stride(from: 1 - partition.first, to: patches, by: 2)
    }
    var destination = [Int](repeating: partition.appendsRow ? keep : -1, count: patches)
    for (place, patch) in kept.enumerated() { destination[patch] = place }
    if partition.order == .edges {
      for patch in dropped {
        let other = 1 - partition.first + 2 * Int(operands[1][(patch - partition.first) / 2])
        destination[patch] = destination[other]
      }
    }
    // The last has a reader only where images keep different numbers.
    return [kept, dropped, destination, [partition.keep - keep]].map { $0.map(Double.init) }
  }

  /// The most similar kept token of each dropped one.
  func assign(_ assign: Assign, _ node: Graph.Node, _ operands: [[Double]]) -> [Double] {
    let kept = operands[1].map { Int($0) }
    var destination = operands[3]
    for patch in operands[2].map({ Int($0) }) {
      if assign.similarity == .random {
        let hash = Self.hash(
          seed: assign.seed, block: assign.block, patch: Int(operands[4][patch]))
        destination[patch] = Double(hash % UInt64(kept.count))
        continue
      }
      let own = row(assign.prefix + patch, of: node.inputs[0], operands[0])
      let scores = kept.map {
        similarity(
          assign.similarity, own, row(assign.prefix + $0, of: node.inputs[0], operands[0]),
          operands.count > 4 ? operands[4] : nil, patch, $0, assign.prefix)
      }
      destination[patch] = Double(best(scores))
    }
    return destination
  }

  /// For each token of set A the most similar of set B, by keys averaged over heads, and how similar.
  func bipartiteAssign(
    _ assign: BipartiteAssign, _ node: Graph.Node, _ qkv: [Double]
  ) -> [[Double]] {
    let (tokens, width) = extents(node.inputs[0])
    let metric = (assign.prefix..<tokens).map { token -> [Double] in
      (0..<assign.headWidth).map { column -> Double in
        let sum = (0..<assign.heads).reduce(0.0) { (sum: Double, head: Int) -> Double in
          sum + qkv[token * width + (assign.heads + head) * assign.headWidth + column]
        }
        return sum / Double(assign.heads)
      }
    }
    let others = stride(from: 1 - assign.first, to: metric.count, by: 2).map { metric[$0] }
    let edges = stride(from: assign.first, to: metric.count, by: 2).map { source in
      let scores = others.map { similarity(.cosine, metric[source], $0, nil, 0, 0, 0) }
      return (best: Double(best(scores)), score: scores[best(scores)])
    }
    return [edges.map(\.best), edges.map(\.score)]
  }

  /// The rows of the tokens that are left (method, strategies).
  func gather(_ gather: Gather, _ node: Graph.Node, _ operands: [[Double]]) -> [[Double]] {
    let (tokens, width) = extents(node.inputs[0])
    let prefix = gather.prefix
    let kept = operands[1].map { Int($0) }
    let destination = operands[2].map { Int($0) }
    var rest = operands.dropFirst(3)
    let given = gather.hasWeights ? rest.removeFirst() : nil
    let sizes = gather.hasSizes ? rest.removeFirst() : nil
    let indices = gather.hasPatchIndices ? rest.removeFirst() : nil
    let weights =
      given ?? sizes.map { Array($0[prefix...]) } ?? [Double](repeating: 1, count: tokens - prefix)
    func sum(_ members: [Int]) -> [Double] {
      (0..<width).map { column in
        members.reduce(0.0) { $0 + weights[$1] * operands[0][(prefix + $1) * width + column] }
      }
    }
    func size(_ members: [Int]) -> Double {
      members.reduce(0.0) { $0 + (sizes?[prefix + $1] ?? 1) }
    }
    var rows = Array(operands[0][..<(prefix * width)])
    var newSizes = sizes.map { Array($0[..<prefix]) } ?? []
    var newIndices: [Double] = []
    for (place, patch) in kept.enumerated() {
      let joining = destination.indices.filter { $0 != patch && destination[$0] == place }
      let members = [patch] + (gather.mode == .mean ? joining : [])
      let total = members.reduce(0.0) { $0 + weights[$1] }
      rows +=
        members.count == 1
        ? row(prefix + patch, of: node.inputs[0], operands[0]) : sum(members).map { $0 / total }
      newSizes.append(size(members))
      if let indices { newIndices.append(indices[patch]) }
    }
    if gather.mode == .sum {
      let members = destination.indices.filter { destination[$0] == kept.count }
      rows += sum(members)
      newSizes.append(size(members))
      if indices != nil { newIndices.append(-1) }
    }
    return [rows] + (sizes == nil ? [] : [newSizes]) + (indices == nil ? [] : [newIndices])
  }

  private func row(_ token: Int, of value: ValueID, _ values: [Double]) -> [Double] {
    let width = extents(value).width
    return Array(values[token * width..<(token + 1) * width])
  }

  /// The index of the largest; ties go to the lower.
  private func best(_ scores: [Double]) -> Int {
    scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) } ?? 0
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
}
