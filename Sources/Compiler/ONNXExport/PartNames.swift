internal import ModelGraph

/// Says which part of the model each node is: `block3.attn.qkv`, after the weights that it reads and the blocks,
/// counted from 1, that it is in.
struct PartNames {
  private let graph: Graph

  /// The values that come of the image at half its size alone (the low scale of method 3.4).
  private var low: Set<ValueID> = []

  /// What the last weights of each place belonged to: `attn`, `mlp`.
  private var groups: [String: String] = [:]

  init(_ graph: Graph) { self.graph = graph }

  /// The name of the next node, in the graph's order.
  mutating func next(_ node: Graph.Node) -> String {
    if isLow(node) { low.formUnion(node.outputs) }
    let place = [
      node.block.map { "block\($0 + 1)" }, low.contains(node.outputs[0]) ? "low" : nil,
    ].compactMap(\.self).joined(separator: ".")
    return place.isEmpty ? role(node, at: place) : "\(place).\(role(node, at: place))"
  }

  private func isLow(_ node: Graph.Node) -> Bool {
    if case .avgPool2x2 = node.op { return true }
    return !node.inputs.isEmpty && node.inputs.allSatisfy(low.contains)
  }

  private mutating func role(_ node: Graph.Node, at place: String) -> String {
    switch node.op {
    case .linear, .layerNorm, .rmsNorm, .convolution, .batchNorm, .depthwise:
      // The first constant is the weight, but for a norm that is fused, which a graph does not have here.
      let own = node.op.constants.first.map { weightRole(graph.constant($0).name) } ?? ""
      guard !own.isEmpty else { return node.op.name }
      groups[place] = own.split(separator: ".").first.map(String.init)
      return own
    case .attention, .biasedAttention:
      groups[place] = "attn"
      return "attn"
    case .attentionPool: return "attn_pool"
    case .add, .activation, .scale, .scaleColumns, .headNorm, .rotaryEmbedding, .gatedActivation:
      return [groups[place], node.op.name].compactMap(\.self).joined(separator: ".")
    case .addPositions: return "pos_embed"
    case .prepend: return "cls_token"
    case .flatten: return "patches"
    case .score, .partition, .assign, .bipartiteAssign, .nearestAssign, .greedyPartition,
      .normScore,
      .halfMean, .keepScore, .policyPartition, .pick, .restore, .select, .halt, .accumulate,
      .headMean, .headLinear, .headHalfMean, .headVote, .packagePartition, .patchMax:
      return "tokens.\(node.op.name)"
    case .gather: return "tokens"
    case .unitSizes, .patchIndices, .image, .concatenate, .slice, .combine, .reduceMax, .reduceMean,
      .avgPool2x2, .gridAvgPool, .gridUpsample, .multiplyAdd:
      return node.op.name
    }
  }

  /// `attn.qkv` of `blocks.2.attn.qkv.weight`; what folding adds to the name is left out.
  private func weightRole(_ name: String) -> String {
    var parts = name.prefix { !"*+[(".contains($0) }.split(separator: ".")
    if parts.last == "weight" { parts.removeLast() }
    if parts.first == "blocks", parts.count > 2 { parts.removeFirst(2) }
    return parts.joined(separator: ".")
  }
}
