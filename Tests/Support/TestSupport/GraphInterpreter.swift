internal import CLibrary
internal import ModelFacts
package import ModelGraph

/// Evaluates a graph node by node in double precision, the way the ops are defined: the reference
/// that compiled plans are compared with.
package struct GraphInterpreter {
  let graph: Graph
  private var values: [[Double]]

  /// Tokens of the probabilities that the current node reads.
  private(set) var probabilityTokens = 0

  private init(_ graph: Graph) {
    self.graph = graph
    values = .init(repeating: [], count: graph.types.count)
  }

  /// The graph's first output for one image, `[channels, height, width]`.
  package static func run(_ graph: Graph, image: ArraySlice<Float>) throws -> [Double] {
    try outputs(of: graph, image: image)[0]
  }

  /// All of the graph's outputs for one image.
  package static func outputs(of graph: Graph, image: ArraySlice<Float>) throws -> [[Double]] {
    var interpreter = GraphInterpreter(graph)
    for node in graph.nodes {
      interpreter.probabilityTokens = node.inputs.first.map { interpreter.extents($0).count } ?? 0
      let results = try interpreter.evaluate(node, image: image)
      for (value, result) in zip(node.outputs, results) {
        interpreter.values[value.index] = result
      }
    }
    return graph.outputs.map { interpreter.values[$0.value.index] }
  }

  func constant(_ id: ConstantID) throws -> [Double] {
    try graph.constant(id).values().map { Double($0) }
  }

  /// Rows and columns of a value, as many as this image has: what is not in use is not there.
  func extents(_ value: ValueID) -> (count: Int, width: Int) {
    switch graph.type(value) {
    case .rows(let count, let width, nil): (count, width)
    case .rows(let count, let width, let unused?):
      switch unused.axis {
      case .rows: (values[value.index].count / width, width)
      case .columns: (count, values[value.index].count / count)
      }
    case .map(let channels, let height, let width): (height * width, channels)
    default: (1, graph.type(value).elementCount)
    }
  }

  private func evaluate(_ node: Graph.Node, image: ArraySlice<Float>) throws -> [[Double]] {
    let operands = node.inputs.map { values[$0.index] }
    switch node.op {
    case .image: return [image.map { Double($0) }]
    case .convolution(let convolution): return [try convolve(convolution, node, operands[0])]
    case .batchNorm(let norm):
      let (weight, bias) = (try constant(norm.weight), try constant(norm.bias))
      let (mean, variance) = (try constant(norm.mean), try constant(norm.variance))
      let channels = weight.count
      return [
        operands[0].enumerated().map { index, value in
          let c = index % channels
          return (value - mean[c]) / sqrt(variance[c] + Double(norm.epsilon)) * weight[c] + bias[c]
        }
      ]
    case .activation(let activation): return [operands[0].map { activate($0, activation.kind) }]
    case .flatten: return [operands[0]]
    case .prepend(let prepend): return [try constant(prepend.rows) + operands[0]]
    case .concatenate: return [operands.flatMap(\.self)]
    case .addPositions(let add): return [zip(operands[0], try constant(add.table)).map(+)]
    case .layerNorm(let norm):
      return [try normalise(operands[0], width: extents(node.inputs[0]).width, norm)]
    case .linear(let linear):
      return [try multiply(linear, operands, width: extents(node.inputs[0]).width)]
    case .attention(let attention): return attend(attention, node, operands)
    case .biasedAttention(let biased):
      return attend(biased.attention, node, operands, bias: try bias(of: biased, node, operands))
    case .rmsNorm(let norm): return [try rmsNormalise(operands[0], norm)]
    case .add: return [zip(operands[0], operands[1]).map(+)]
    case .scaleColumns(let scale):
      let factors = try constant(scale.factors)
      return [operands[0].enumerated().map { $1 * factors[$0 % factors.count] }]
    case .scale(let scale): return [operands[0].map { $0 * Double(scale.factor) }]
    case .slice(let slice):
      let width = extents(node.inputs[0]).width
      let end = min((slice.first + slice.count) * width, operands[0].count)
      return [Array(operands[0][slice.first * width..<end])]
    case .combine(let combine):
      return [
        zip(operands[0], operands[1]).map {
          Double(combine.alpha) * $0 + Double(combine.beta) * $1
        }
      ]
    case .reduceMax:
      return [columnMaxima(operands[0][...], width: extents(node.inputs[0]).width)]
    case .reduceMean(let mean): return [reduceMean(mean, node, operands)]
    case .attentionPool(let pool): return [try attentionPool(pool, node, operands)]
    case .headNorm(let norm): return [try headNorm(norm, operands[0])]
    case .rotaryEmbedding(let rotary): return [try rotate(rotary, node, operands)]
    case .gatedActivation(let gated):
      let width = extents(node.inputs[0]).width / 2
      return [
        (0..<operands[0].count / 2).map { index in
          let gate = index / width * 2 * width + index % width
          return activate(operands[0][gate], gated.activation) * operands[0][gate + width]
        }
      ]
    case .unitSizes(let tokens): return [[Double](repeating: 1, count: tokens.count)]
    case .patchIndices(let tokens): return [(0..<tokens.count).map(Double.init)]
    case .score(let score): return [self.score(score, node, operands[0])]
    case .partition(let partition): return self.partition(partition, operands)
    case .assign(let assign): return [self.assign(assign, node, operands)]
    case .bipartiteAssign(let assign): return bipartiteAssign(assign, node, operands[0])
    case .nearestAssign(let assign): return nearestAssign(assign, node, operands[0])
    case .greedyPartition(let partition): return greedyPartition(partition, node, operands)
    case .gather(let gather): return self.gather(gather, node, operands)
    case .normScore(let score): return [normScore(score, node, operands)]
    case .halfMean: return [halfMean(node, operands[0])]
    case .keepScore:
      return [
        stride(from: 0, to: operands[0].count, by: 2).map { operands[0][$0] - operands[0][$0 + 1] }
      ]
    case .policyPartition(let partition): return policyPartition(partition, operands)
    case .pick: return [operands[1].map { operands[0][Int($0)] }]
    case .restore(let restore): return [self.restore(restore, node, operands)]
    case .select(let select): return self.select(select, operands[0])
    case .halt(let halt): return self.halt(halt, node, operands)
    case .accumulate(let sum): return [accumulate(sum, node, operands)]
    case .headMean(let mean): return [headMean(mean, node, operands[0])]
    case .headLinear(let linear):
      var one = Linear(weight: linear.weight, bias: linear.bias)
      (one.norm, one.activation) = (linear.norm, linear.activation)
      let width = extents(node.inputs[0]).width / linear.heads
      return [try multiply(one, operands, width: width)]
    case .headHalfMean(let mean): return [headHalfMean(mean, node, operands[0])]
    case .headVote(let vote): return headVote(vote, operands)
    case .packagePartition(let partition): return packagePartition(partition, operands[0])
    case .patchMax(let largest):
      let width = extents(node.inputs[0]).width
      return [columnMaxima(operands[0].dropLast(largest.packages * width), width: width)]
    case .avgPool2x2: return [averagePooled(node, operands[0])]
    case .gridAvgPool(let grid): return [try down(grid, node, operands[0])]
    case .gridUpsample(let grid): return [up(grid, node, operands)]
    case .depthwise(let depthwise): return [try depthwiseConvolve(depthwise, node, operands[0])]
    case .multiplyAdd:
      return [operands[0].indices.map { operands[0][$0] + operands[1][$0] * operands[2][$0] }]
    }
  }

  // MARK: - Layers

  private func activate(_ x: Double, _ kind: Activation) -> Double {
    switch kind {
    case .none: x
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case .relu: max(x, 0)
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .quickGelu: x / (1 + exp(-1.702 * x))
    case .silu: x / (1 + exp(-x))
    case .tanh: tanh(x)
    }
  }

  func normalise(_ x: [Double], width: Int, _ norm: Norm) throws -> [Double] {
    let (weight, bias) = (try constant(norm.weight), try constant(norm.bias))
    var result = x
    for start in stride(from: 0, to: x.count, by: width) {
      let row = x[start..<start + width]
      let mean = row.reduce(0, +) / Double(width)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for column in 0..<width {
        result[start + column] =
          (x[start + column] - mean) / sqrt(variance + Double(norm.epsilon)) * weight[column]
          + bias[column]
      }
    }
    return result
  }

  private func rmsNormalise(_ x: [Double], _ norm: RMSNorm) throws -> [Double] {
    let weight = try constant(norm.weight)
    return stride(from: 0, to: x.count, by: weight.count).flatMap { start in
      let row = x[start..<start + weight.count]
      let mean = row.reduce(0) { $0 + $1 * $1 } / Double(weight.count)
      return zip(row, weight).map { $0 / sqrt(mean + Double(norm.epsilon)) * $1 }
    }
  }

  /// The largest value of each column, 0 without rows.
  private func columnMaxima(_ rows: ArraySlice<Double>, width: Int) -> [Double] {
    (0..<width).map { column in
      stride(from: column, to: rows.count, by: width).map { rows[$0] }.max() ?? 0
    }
  }

  private func multiply(_ linear: Linear, _ operands: [[Double]], width: Int) throws -> [Double] {
    let count = operands[0].count / width
    let x = try linear.norm.map { try normalise(operands[0], width: width, $0) } ?? operands[0]
    let weight = try constant(linear.weight)
    let outputs = weight.count / width
    let bias = try linear.bias.map(constant) ?? [Double](repeating: 0, count: outputs)
    var result: [Double] = []
    for row in 0..<count {
      for output in 0..<outputs {
        var sum = bias[output]
        for k in 0..<width { sum += x[row * width + k] * weight[output * width + k] }
        sum = activate(sum, linear.activation)
        if linear.hasResidual { sum += operands[1][row * outputs + output] }
        result.append(sum)
      }
    }
    return result
  }

  private func convolve(_ convolution: Convolution, _ node: Graph.Node, _ x: [Double]) throws
    -> [Double]
  {
    let isImage: Bool
    let (channels, height, width): (Int, Int, Int)
    switch graph.type(node.inputs[0]) {
    case .image(let c, let h, let w): (isImage, channels, height, width) = (true, c, h, w)
    case .map(let c, let h, let w): (isImage, channels, height, width) = (false, c, h, w)
    default: preconditionFailure("an image or a map")
    }
    guard case .map(let outputs, let outHeight, let outWidth) = graph.type(node.outputs[0]) else {
      preconditionFailure("a map")
    }
    let weight = try constant(convolution.weight)
    let bias = try convolution.bias.map(constant)
    let table = try convolution.table.map(constant)
    let (kh, kw) = (convolution.kernelHeight, convolution.kernelWidth)
    var result: [Double] = []
    for y in 0..<outHeight {
      for x0 in 0..<outWidth {
        for output in 0..<outputs {
          var sum = bias?[output] ?? 0
          for c in 0..<channels {
            for ky in 0..<kh {
              for kx in 0..<kw {
                let (sy, sx) = (
                  y * convolution.strideHeight + ky - convolution.padding,
                  x0 * convolution.strideWidth + kx - convolution.padding
                )
                guard (0..<height).contains(sy), (0..<width).contains(sx) else { continue }
                let index =
                  isImage ? (c * height + sy) * width + sx : (sy * width + sx) * channels + c
                sum += x[index] * weight[((output * channels + c) * kh + ky) * kw + kx]
              }
            }
          }
          sum = activate(sum, convolution.activation)
          if let table { sum += table[(y * outWidth + x0) * outputs + output] }
          result.append(sum)
        }
      }
    }
    return result
  }

  private func attend(
    _ attention: Attention, _ node: Graph.Node, _ operands: [[Double]],
    bias: ((_ head: Int, _ query: Int, _ key: Int) -> Double)? = nil
  ) -> [[Double]] {
    let (tokens, width) = extents(node.inputs[0])
    let (heads, d) = (attention.heads, attention.headWidth)
    let queries = attention.queries == 0 ? tokens : min(attention.queries, tokens)
    let qkv = operands[0]
    var output = [Double](repeating: 0, count: queries * heads * d)
    var probabilities = [Double](repeating: 0, count: heads * tokens * tokens)
    for h in 0..<heads {
      for t in 0..<queries {
        var scores = (0..<tokens).map { key -> Double in
          let (queryStart, keyStart) = (t * width + h * d, key * width + (heads + h) * d)
          let product = (0..<d).reduce(0.0) { (sum: Double, c: Int) -> Double in
            sum + qkv[queryStart + c] * qkv[keyStart + c]
          }
          return product * Double(attention.scale)
            + (attention.isSizeAware ? log(operands[1][key]) : 0)
            + (bias?(h, t, key) ?? 0)
        }
        let top = scores.max() ?? 0
        scores = scores.map { exp($0 - top) }
        let total = scores.reduce(0, +)
        for key in 0..<tokens {
          let share = scores[key] / total
          probabilities[(h * tokens + t) * tokens + key] = share
          for c in 0..<d {
            output[(t * heads + h) * d + c] += share * qkv[key * width + (2 * heads + h) * d + c]
          }
        }
      }
    }
    var results = [output]
    if attention.keepsClassAttention {
      results.append(
        (0..<heads).flatMap { h in
          probabilities[h * tokens * tokens..<h * tokens * tokens + tokens]
        })
    }
    if attention.keepsProbabilities { results.append(probabilities) }
    return results
  }

  // MARK: - Grids

  private func averagePooled(_ node: Graph.Node, _ x: [Double]) -> [Double] {
    guard case .image(let channels, let height, let width) = graph.type(node.inputs[0]) else {
      preconditionFailure("an image")
    }
    var result: [Double] = []
    for c in 0..<channels {
      for y in 0..<height / 2 {
        for x0 in 0..<width / 2 {
          let base = (c * height + 2 * y) * width + 2 * x0
          result.append((x[base] + x[base + 1] + x[base + width] + x[base + width + 1]) / 4)
        }
      }
    }
    return result
  }

  private func down(_ grid: GridAvgPool, _ node: Graph.Node, _ operand: [Double]) throws -> [Double]
  {
    let width = extents(node.inputs[0]).width
    let x = try grid.norm.map { try normalise(operand, width: width, $0) } ?? operand
    var result = Array(x[..<(grid.prefix * width)])
    for row in 0..<grid.height / 2 {
      for column in 0..<grid.width / 2 {
        for c in 0..<width {
          var sum = 0.0
          for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let token = grid.prefix + (2 * row + dy) * grid.width + 2 * column + dx
            sum += x[token * width + c]
          }
          result.append(sum / 4)
        }
      }
    }
    return result
  }

  private func up(_ grid: GridUpsample, _ node: Graph.Node, _ operands: [[Double]]) -> [Double] {
    let width = extents(node.inputs[0]).width
    var result = Array(operands[0][..<(grid.prefix * width)])
    for row in 0..<grid.height * 2 {
      for column in 0..<grid.width * 2 {
        let token = grid.prefix + row / 2 * grid.width + column / 2
        result += operands[0][token * width..<(token + 1) * width]
      }
    }
    return grid.hasResidual ? zip(result, operands[1]).map(+) : result
  }

  private func depthwiseConvolve(_ depthwise: Depthwise, _ node: Graph.Node, _ x: [Double]) throws
    -> [Double]
  {
    let channels = extents(node.inputs[0]).width
    let (weight, bias) = (try constant(depthwise.weight), try constant(depthwise.bias))
    let kernel = depthwise.kernel
    var result: [Double] = []
    for y in 0..<depthwise.height {
      for x0 in 0..<depthwise.width {
        for c in 0..<channels {
          var sum = bias[c]
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let sy = y + ky * depthwise.dilation - depthwise.padding
              let sx = x0 + kx * depthwise.dilation - depthwise.padding
              guard (0..<depthwise.height).contains(sy), (0..<depthwise.width).contains(sx) else {
                continue
              }
              sum +=
                x[(sy * depthwise.width + sx) * channels + c]
                * weight[(c * kernel + ky) * kernel + kx]
            }
          }
          if depthwise.addsOperand { sum += x[(y * depthwise.width + x0) * channels + c] }
          result.append(sum)
        }
      }
    }
    return result
  }
}
