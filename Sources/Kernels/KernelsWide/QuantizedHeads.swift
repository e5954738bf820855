package import KernelInterface

extension WideKernels {
  package static func quantizeHeads(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = layer.attention
    let (h, image) = item.quotientAndRemainder(dividingBy: a.images)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let head = layer.head(image: image, head: h)
    let width = head.extents.width
    let factors = scratch.assumingMemoryBound(to: Float.self)
    let row = factors + width
    let bytes = UnsafeMutableRawPointer(row + width).assumingMemoryBound(to: UInt8.self)
    let gathered = row + (width &+ panelWidth / 4 &* width)

    let embedding = a.heads &* a.headWidth
    let first = a.qkv.pointer(image: image, row: 0) + h &* a.headWidth
    // Heads of whole vectors are read where they lie; others are copied and padded.
    let isWhole = a.headWidth == width
    let step = isWhole ? a.qkv.stride : width
    func part(_ index: Int) -> UnsafePointer<Float> {
      let start = first + index &* embedding
      return isWhole
        ? start
        : gatherRows(
          start, step: a.qkv.stride, rows: tokens, width: a.headWidth,
          into: gathered + index &* a.tokens &* width, width)
    }
    let (queries, keys, values) = (part(0), part(1), part(2))
    var column = 0
    while column < width {
      let place = ChannelPlace(head, column: column)
      let factor = a.scale * 1.442_695_04
      // Rows lie far apart, where columns of several would compete for a few sets of a cache.
      if column &+ 4 &* lanes <= width {
        Channels<4>.quantizeKeys(
          keys + column, step: step, tokens, place, factor: factor, into: factors + column)
        Channels<4>.quantizeValues(values + column, step: step, tokens, place)
        column &+= 4 &* lanes
      } else {
        Channels<1>.quantizeKeys(
          keys + column, step: step, tokens, place, factor: factor, into: factors + column)
        Channels<1>.quantizeValues(values + column, step: step, tokens, place)
        column &+= lanes
      }
    }
    let count = min(a.queries, tokens)
    var query = 0
    while query < count {
      quantizeQueries(
        queries + query &* step, step: step, count: min(queryTile, count &- query), factors,
        row: row, bytes: bytes, width: width, groups: head.extents.groups,
        into: head.queries + query &* head.extents.groups &* 4, units: head.units + query)
      query &+= queryTile
    }
  }
}

/// Where the channels of a head from one on go.
private struct ChannelPlace {
  let keys: UnsafeMutablePointer<UInt8>
  let keyStep: Int
  /// The first panel.
  let values: UnsafeMutableRawPointer
  let panelBytes: Int
  let widths: UnsafeMutablePointer<Float>
  let middles: UnsafeMutablePointer<Float>

  init(_ head: QuantizedHead, column: Int) {
    keys = head.keys + column
    keyStep = head.extents.width
    panelBytes = head.extents.tokenPairs &* 4 &* panelWidth
    values = head.values + column / panelWidth &* panelBytes
    widths = head.valueTerms + column
    middles = widths + head.extents.width
  }
}

/// A step that is no zero.
@inline(__always)
private func unit(_ size: Vector, of count: Float) -> Vector {
  var unit = size * splat(1 / count)
  unit.replace(with: splat(1), where: unit .< splat(Float.leastNormalMagnitude))
  return unit
}

/// Channels of keys and values, `vectors` times 16 of them.
private enum Channels<let vectors: Int> {
  private typealias Row = InlineArray<vectors, Vector>

  /// Of each channel the least number and how far above it the largest is, NaN where a number or that is not finite.
  @inline(__always)
  private static func ends(
    _ rows: UnsafePointer<Float>, step: Int, _ count: Int
  ) -> (low: Row, range: Row) {
    var low = Row { load(rows, $0 &* lanes) }
    var high = low
    // Stays zero as long as numbers are finite.
    var zeros = Row { _ in Vector() }
    for t in 0..<count {
      for v in 0..<vectors {
        let x = load(rows, t &* step &+ v &* lanes)
        low[v] = minimum(x, low[v])
        high[v] = maximum(x, high[v])
        zeros[v].addProduct(x, splat(0))
      }
    }
    // An infinite distance too.
    let range = Row { (high[$0] - low[$0] + zeros[$0]) }
    return (low, Row { range[$0] + range[$0] * splat(0) })
  }

  /// Quantizes keys, each channel between its own ends, and writes their steps times a factor.
  @inline(never)
  static func quantizeKeys(
    _ keys: UnsafePointer<Float>, step: Int, _ tokens: Int, _ place: ChannelPlace, factor: Float,
    into factors: UnsafeMutablePointer<Float>
  ) {
    let (low, range) = ends(keys, step: step, tokens)
    let steps = Row { unit(range[$0], of: 255) }
    let inverse = Row { splat(1) / steps[$0] }
    for v in 0..<vectors { store(steps[v] * splat(factor), factors, v &* lanes) }
    for t in 0..<tokens {
      for v in 0..<vectors {
        let x = load(keys, t &* step &+ v &* lanes)
        storeBytes(
          integers((x - low[v]) * inverse[v]), place.keys + (t &* place.keyStep &+ v &* lanes))
      }
    }
  }

  /// Quantizes values, as panels of pairs of tokens.
  @inline(never)
  static func quantizeValues(
    _ values: UnsafePointer<Float>, step: Int, _ tokens: Int, _ place: ChannelPlace
  ) {
    let (low, range) = ends(values, step: step, tokens)
    let half = Row { range[$0] * splat(0.5) }
    let middle = Row { low[$0] + half[$0] }
    let width = Row { unit(half[$0], of: Float(511)) }
    let inverse = Row { splat(1) / width[$0] }
    for v in 0..<vectors {
      store(width[v], place.widths, v &* lanes)
      store(middle[v], place.middles, v &* lanes)
    }
    @inline(__always)
    func integer(_ token: Int, _ v: Int) -> Lanes {
      integers((load(values, token &* step &+ v &* lanes) - middle[v]) * inverse[v])
    }
    var (token, pair) = (0, place.values)
    while token < tokens {
      for v in 0..<vectors {
        var two = integer(token, v) & 0xFFFF
        if token &+ 1 < tokens { two |= integer(token &+ 1, v) &<< 16 }
        pair.storeBytes(of: two, toByteOffset: v &* place.panelBytes, as: Lanes.self)
      }
      pair += 4 &* panelWidth
      token &+= 2
    }
  }
}

/// Quantizes up to 16 queries, as a panel of groups of four channels.
@inline(never)
private func quantizeQueries(
  _ queries: UnsafePointer<Float>, step: Int, count: Int, _ factors: UnsafePointer<Float>,
  row: UnsafeMutablePointer<Float>, bytes: UnsafeMutablePointer<UInt8>, width: Int, groups: Int,
  into panel: UnsafeMutableRawPointer, units: UnsafeMutablePointer<Float>
) {
  for q in 0..<count {
    let query = queries + q &* step
    var (largest, zeros) = (Vector(), Vector())
    var column = 0
    while column < width {
      let x = load(query, column) * load(factors, column)
      store(x, row, column)
      largest = maximum(maximum(x, -x), largest)
      zeros.addProduct(x, splat(0))
      column &+= lanes
    }
    var unit = (highest(largest) + total(zeros)) * (1 / 127)
    if unit < Float.leastNormalMagnitude { unit = 1 }
    units[q] = unit
    let inverse = splat(1 / unit)
    column = 0
    while column < width {
      storeBytes(integers(load(row, column) * inverse), bytes + (q &* width &+ column))
      column &+= lanes
    }
  }
  for q in count..<max(count, panelWidth) { units[q] = 1 }
  // Four bytes move as a float does.
  transposeRows(
    UnsafeRawPointer(bytes).assumingMemoryBound(to: Float.self), step: width / 4, count: count,
    width: groups, into: panel.assumingMemoryBound(to: Float.self))
}
