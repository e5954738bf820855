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

  /// What a head's score of two tokens has added for where their patches lie to each other.
  func bias(
    of biased: BiasedAttention, _ node: Graph.Node, _ operands: [[Double]]
  ) throws -> (_ head: Int, _ query: Int, _ key: Int) -> Double {
    let table = try constant(biased.table)
    let (height, width, prefix) = (biased.gridHeight, biased.gridWidth, biased.prefix)
    let entries = graph.constant(biased.table).shape[1]
    let indices = biased.hasPatchIndices ? operands[operands.count - 1].map(Int.init) : nil
    func patch(_ token: Int) -> Int? {
      token < prefix ? nil : indices?[token - prefix] ?? token - prefix
    }
    return { head, query, key in
      let entry: Int
      switch (patch(query), patch(key)) {
      case (let q?, let k?):
        if q < 0 || k < 0 { return 0 }
        let (dy, dx) = (q / width - k / width, q % width - k % width)
        entry = (dy + height - 1) * (2 * width - 1) + dx + width - 1
      case (nil, let k?):
        if k < 0 { return 0 }
        entry = entries - 3
      case (let q?, nil):
        if q < 0 { return 0 }
        entry = entries - 2
      case (nil, nil): entry = entries - 1
      }
      return table[head * entries + entry]
    }
  }
}
