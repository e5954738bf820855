import CLibrary
import KernelInterface
import Testing

/// Attention in eight bits on random values.
struct QuantizedAttentionProblem {
  let values: AttentionProblem

  init(_ test: AttentionTests.Case) { values = AttentionProblem(test) }

  init(_ values: AttentionProblem) { self.values = values }

  typealias Result = (output: [Float], classAttention: [Float], probabilities: [Float])

  /// The integers of all heads.
  func quantize(_ products: ByteProducts) -> QuantizedHeads {
    let memory = headMemory(queries: values.test.tokens)
    let layer = QuantizedAttention(
      values.arguments(for: products.implementation.tiles),
      heads: UnsafeMutableRawPointer(memory.pointer))
    run(QuantizedHeadsArguments(layer), products)
    return QuantizedHeads(layer: layer, memory: memory, test: values.test)
  }

  /// - Parameters:
  ///   - queries: the first tokens, without all probabilities; all if nil.
  ///   - unused: for each image the tokens that are not in use.
  func run(
    _ products: ByteProducts, reversed: Bool = false, queries: Int? = nil, unused: [Int32]? = nil
  ) -> Result {
    let test = values.test
    let rows = queries ?? test.tokens
    let embedding = test.heads * test.width
    let output = Buffer<Float>(repeating: -7, count: test.images * rows * embedding)
    let classAttention = Buffer<Float>(repeating: -7, count: test.images * test.heads * test.tokens)
    let probabilities = Buffer<Float>(
      repeating: -7, count: test.images * test.heads * test.tokens * test.tokens)
    let counts = Buffer(unused ?? [])
    var arguments = values.arguments(for: products.implementation.tiles)
    arguments.queries = rows
    arguments.output = OutputRows(output.pointer, imageStride: rows, stride: embedding)
    arguments.classAttention = classAttention.pointer
    if queries == nil { arguments.probabilities = probabilities.pointer }
    arguments.unused = UnusedRows(unused == nil ? nil : counts.constant)
    let memory = headMemory(queries: rows)
    let layer = QuantizedAttention(arguments, heads: UnsafeMutableRawPointer(memory.pointer))
    run(QuantizedHeadsArguments(layer), products, reversed: reversed)
    run(QuantizedAttentionArguments(layer, dot: products.dot), products, reversed: reversed)
    return (output.array, classAttention.array, probabilities.array)
  }

  private func run(
    _ arguments: some KernelArguments, _ products: ByteProducts, reversed: Bool = false
  ) {
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
      arguments.run($0, on: products.implementation.kernels, scratch: $1)
    }
  }

  /// Bytes that are not what anything is by chance.
  private func headMemory(queries: Int) -> Buffer<UInt8> {
    let test = values.test
    let bytes = QuantizedAttention.headBytes(
      tokens: test.tokens, queries: queries, headWidth: test.width)
    return Buffer(repeating: 0xA5, count: test.images * test.heads * bytes)
  }
}

/// What the first kernel left.
struct QuantizedHeads {
  let layer: QuantizedAttention
  let memory: Buffer<UInt8>
  let test: AttentionTests.Case

  func head(_ image: Int, _ head: Int) -> DefinedHead {
    let stored = layer.head(image: image, head: head)
    let (tokens, width) = (test.tokens, test.width)
    var result = DefinedHead()
    result.units = (0..<tokens).map { stored.units[$0] }
    result.widths = (0..<width).map { stored.valueTerms[$0] }
    result.middles = (0..<width).map { stored.valueTerms[stored.extents.width + $0] }
    for t in 0..<tokens {
      result.queries.append(
        (0..<width).map { c in
          let place = ((t / 16 * stored.extents.groups + c / 4) * 16 + t % 16) * 4 + c % 4
          return Int(stored.queries.load(fromByteOffset: place, as: Int8.self))
        })
      result.keys.append((0..<width).map { Int(stored.keys[t * stored.extents.width + $0]) })
      result.values.append(
        (0..<width).map { c in
          let place = ((c / 16 * stored.extents.tokenPairs + t / 2) * 16 + c % 16) * 2 + t % 2
          return Int(stored.values.load(fromByteOffset: 2 * place, as: Int16.self))
        })
    }
    return result
  }
}

/// The integers of a head, by the definition of ``QuantizedAttention``.
struct DefinedHead: Equatable {
  /// `[tokens][width]`.
  var queries: [[Int]] = []
  var keys: [[Int]] = []
  var values: [[Int]] = []
  var units: [Float] = []
  var widths: [Float] = []
  var middles: [Float] = []

  init() {}

  init(_ problem: AttentionProblem, image: Int, head: Int) {
    let test = problem.test
    func value(_ part: Int, _ t: Int, _ c: Int) -> Float {
      let row = (image * test.tokens + t) * problem.rowWidth
      return problem.qkv.array[row + (part * test.heads + head) * test.width + c]
    }
    func unit(_ size: Float, _ count: Float) -> Float {
      let unit = size * (1 / count)
      return unit < .leastNormalMagnitude ? 1 : unit
    }
    func integer(_ value: Float) -> Int { Int(value.rounded(.toNearestOrEven)) }
    let (tokens, channels) = (0..<test.tokens, 0..<test.width)
    let all = (0..<3).map { part in tokens.map { t in channels.map { value(part, t, $0) } } }
    func ends(_ part: Int, _ c: Int) -> (low: Float, high: Float) {
      let column = all[part].map { $0[c] }
      return (column.min() ?? 0, column.max() ?? 0)
    }
    let lows = channels.map { ends(1, $0).low }
    let steps = channels.map { unit(ends(1, $0).high - lows[$0], 255) }
    keys = tokens.map { t in
      channels.map { integer((all[1][t][$0] - lows[$0]) * (1 / steps[$0])) }
    }
    for c in channels {
      let (low, high) = ends(2, c)
      let half = (high - low) * 0.5
      middles.append(low + half)
      widths.append(unit(half, 511))
    }
    values = tokens.map { t in
      channels.map { integer((all[2][t][$0] - middles[$0]) * (1 / widths[$0])) }
    }
    for t in tokens {
      let row = channels.map { all[0][t][$0] * (steps[$0] * (test.scale * 1.442_695_04)) }
      let own = unit(row.map(\.magnitude).max() ?? 0, 127)
      units.append(own)
      queries.append(row.map { integer($0 * (1 / own)) })
    }
  }

  /// Attention with these integers in double precision, and weights that are not rounded.
  func attention(sizes: [Float]?) -> (output: [Double], probabilities: [Double]) {
    var (output, probabilities): ([Double], [Double]) = ([], [])
    for (query, unit) in zip(queries, units) {
      var row = keys.indices.map { key in
        Double(zip(query, keys[key]).reduce(0) { $0 + $1.0 * $1.1 }) * Double(unit)
          + (sizes.map { log2(Double($0[key])) } ?? 0)
      }
      let largest = row.max() ?? 0
      row = row.map { exp2($0 - largest) }
      let sum = row.reduce(0, +)
      row = row.map { $0 / sum }
      probabilities += row
      for c in widths.indices {
        let mean = values.indices.reduce(0.0) { $0 + row[$1] * Double(values[$1][c]) }
        output.append(Double(middles[c]) + Double(widths[c]) * mean)
      }
    }
    return (output, probabilities)
  }
}
