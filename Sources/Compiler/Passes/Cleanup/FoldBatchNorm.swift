package import ModelGraph

/// `batchNorm(convolution(x))` becomes one convolution: `w' = w s`, `b' = (b - mean) s + bias`
/// with `s = weight / sqrt(variance + eps)` for each output channel.
package struct FoldBatchNorm: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    let producers = graph.producers()
    let uses = graph.uses()
    var rebuilder = GraphRebuilder(graph)
    for node in graph.nodes {
      guard case .batchNorm(let norm) = node.op,
        case let producer = graph.nodes[producers[node.inputs[0].index]],
        case .convolution(var convolution) = producer.op,
        convolution.activation == .none, convolution.table == nil,
        uses[node.inputs[0].index].isOneNode
      else {
        try rebuilder.copy(node)
        continue
      }
      (convolution.weight, convolution.bias) = fold(norm, into: convolution, &rebuilder.result)
      let folded = try rebuilder.result.append(
        .convolution(convolution), producer.inputs.map(rebuilder.replacement), block: node.block)
      rebuilder.replace(node.outputs[0], with: folded[0])
    }
    return try rebuilder.finish()
  }

  private func fold(_ norm: BatchNorm, into convolution: Convolution, _ graph: inout Graph)
    -> (weight: ConstantID, bias: ConstantID)
  {
    let weight = graph.constant(convolution.weight)
    let bias = convolution.bias.map { graph.constant($0) }
    let gamma = graph.constant(norm.weight)
    let beta = graph.constant(norm.bias)
    let mean = graph.constant(norm.mean)
    let variance = graph.constant(norm.variance)
    let epsilon = norm.epsilon
    let factors: @Sendable () throws -> [Float] = {
      zip(try gamma.values(), try variance.values()).map { $0 / ($1 + epsilon).squareRoot() }
    }
    let foldedWeight = weight.scalingRows(
      by: factors, named: "\(weight.name)*\(gamma.name)", parameters: gamma.parameters)
    let foldedBias = Constant(
      name: "\(beta.name)-\(mean.name)", shape: beta.shape,
      parameters: beta.parameters + (bias?.parameters ?? 0)
    ) {
      let (scale, shift, centre) = (try factors(), try beta.values(), try mean.values())
      let start = try bias?.values() ?? [Float](repeating: 0, count: scale.count)
      return scale.indices.map { (start[$0] - centre[$0]) * scale[$0] + shift[$0] }
    }
    return (graph.add(foldedWeight), graph.add(foldedBias))
  }
}

extension Constant {
  /// The constant with each row (slice along the first axis) times its factor.
  func scalingRows(
    by factors: @escaping @Sendable () throws -> [Float], named name: String, parameters: Int
  ) -> Constant {
    let original = self
    return Constant(name: name, shape: shape, parameters: self.parameters + parameters) {
      var values = try original.values()
      let factors = try factors()
      let rowLength = values.count / factors.count
      for (row, factor) in factors.enumerated() {
        for index in row * rowLength..<(row + 1) * rowLength { values[index] *= factor }
      }
      return values
    }
  }
}
