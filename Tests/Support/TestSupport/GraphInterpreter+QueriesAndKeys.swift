internal import ModelGraph

extension GraphInterpreter {
  func headNorm(_ norm: HeadNorm, _ qkv: [Double]) throws -> [Double] {
    let (d, width) = (norm.headWidth, norm.heads * norm.headWidth)
    let queries = try normalise(qkv, width: d, norm.queryNorm)
    let keys = try normalise(qkv, width: d, norm.keyNorm)
    return qkv.indices.map { index in
      switch index % (3 * width) / width {
      case 0: queries[index]
      case 1: keys[index]
      default: qkv[index]
      }
    }
  }

  func rotate(
    _ rotary: RotaryEmbedding, _ node: Graph.Node, _ operands: [[Double]]
  ) throws -> [Double] {
    let (d, half) = (rotary.headWidth, rotary.headWidth / 2)
    let (tokens, width) = extents(node.inputs[0])
    let table = try constant(rotary.table)
    let tableHeads = graph.constant(rotary.table).shape[1]
    var result = operands[0]
    for token in rotary.prefix..<tokens {
      let patch = token - rotary.prefix
      let position = rotary.hasPatchIndices ? Int(operands[1][patch]) : patch
      guard position >= 0 else { continue }
      for head in 0..<2 * rotary.heads {
        let angles = (position * tableHeads + head % tableHeads) * d
        let first = token * width + head * d
        for i in 0..<half {
          let (x, y) = (operands[0][first + i], operands[0][first + half + i])
          let (cosine, sine) = (table[angles + i], table[angles + half + i])
          result[first + i] = x * cosine - y * sine
          result[first + half + i] = y * cosine + x * sine
        }
      }
    }
    return result
  }
}
