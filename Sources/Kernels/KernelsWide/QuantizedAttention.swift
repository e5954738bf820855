internal import CLibrary
package import KernelInterface

// Scores are kept transposed, as those of attention in float32 are. The weights of two keys lie side by side for each
// of 16 queries, which is how a tile reads them as rows.
extension WideKernels {
  package static func quantizedAttention(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    attend(WidenedProduct.self, layer, item: item, scratch)
  }
}

@inline(never)
func attend<Product: ByteProduct>(
  _: Product.Type, _ layer: QuantizedAttention, item: Int, _ scratch: UnsafeMutableRawPointer
) {
  let a = layer.attention
  let split = a.querySplit
  let (image, h, part) = a.place(item)
  let tokens = a.unused.used(of: a.tokens, image: image)
  let queryCount = min(a.queries, tokens)
  var tile = split.start(part)
  let end = min(split.start(part &+ 1), (queryCount &+ queryTile &- 1) / queryTile)
  guard tile < end else { return }
  let head = HeadOperands(Product.self, layer, image: image, head: h, tokens: tokens, scratch)
  let largestWeight = Float(QuantizedAttention.largestWeight(tokens: tokens))
  let logSizes = a.sizes.map {
    logarithms($0 + image &* a.tokens, tokens, into: head.logSizes)
  }

  while tile < end {
    let panels = panelsOfTile(left: end &- tile, most: TileShape.quantizedPanels)
    multiplyKeys(Product.self, head, firstPanel: tile, panels: panels)
    for panel in 0..<panels {
      let first = (tile &+ panel) &* queryTile
      let count = min(queryTile, queryCount &- first)
      let scores = head.scores(panel)
      let units = load(head.units, first)
      if let logSizes { addSizes(scores, keys: tokens, units: units, logSizes) }
      let scale = logSizes == nil ? units : splat(1) + units * splat(0)
      let highest = largest(scores, keys: tokens)
      let factors = weigh(
        scores, keys: tokens, highest: highest, scale: scale, largest: largestWeight,
        into: head.weights)
      sumValues(
        Product.Pairs.self, head, queries: count, factors: factors,
        output: a.output.pointer(image: image, row: first) + h &* a.headWidth,
        step: a.output.stride, columns: a.headWidth)
      let row = (image &* a.heads &+ h) &* a.tokens
      let isAsked = a.probabilities != nil || (first == 0 && a.classAttention != nil)
      guard isAsked else { continue }
      let probabilities = exponentials(scores, keys: tokens, highest: highest, scale: scale)
      if first == 0, let rows = a.classAttention {
        writeProbabilities(
          scores, factor: probabilities[0], query: 0, keys: tokens, to: rows + row)
      }
      if let rows = a.probabilities {
        for query in 0..<count {
          writeProbabilities(
            scores, factor: probabilities[query], query: query, keys: tokens,
            to: rows + (row &+ first &+ query) * a.tokens)
        }
      }
    }
    tile &+= panels
  }
}

/// A head as it is multiplied, and places within a thread's scratch.
private struct HeadOperands {
  /// Keys, as rows.
  let keys: ByteRows
  let tokens: Int
  /// The first panel of queries.
  let queries: UnsafeRawPointer
  /// Bytes of a panel of queries, before they are widened.
  let queryBytes: Int
  let queryGroups: Int
  let units: UnsafePointer<Float>
  /// The first panel of values.
  let values: UnsafeRawPointer
  let valuePanels: Int
  /// Bytes of a panel of values.
  let valueBytes: Int
  /// Pairs of tokens in use.
  let pairs: Int
  /// `[width]`.
  let widths: UnsafePointer<Float>
  let middles: UnsafePointer<Float>

  /// `[panels][tokens][16]`.
  private let scoreSums: UnsafeMutablePointer<Float>
  /// `[panels][16][16]`, the sums of a tile of values.
  let sums: UnsafeMutablePointer<Float>
  /// `[tokens]`.
  let logSizes: UnsafeMutablePointer<Float>
  /// `[pairs][16][2]`, 16 bits each.
  let weights: UnsafeMutableRawPointer
  /// Room for what is widened of queries.
  let widenedQueries: UnsafeMutableRawPointer

  init<Product: ByteProduct>(
    _: Product.Type, _ layer: QuantizedAttention, image: Int, head: Int, tokens: Int,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let a = layer.attention
    let head = layer.head(image: image, head: head)
    let extents = head.extents
    let panel = 4 &* panelWidth
    self.tokens = tokens
    scoreSums = scratch.assumingMemoryBound(to: Float.self)
    sums = scoreSums + TileShape.quantizedPanels &* tokens &* queryTile
    logSizes = sums + TileShape.quantizedPanels &* queryTile &* panelWidth
    weights = UnsafeMutableRawPointer(logSizes + wholeLines(a.tokens))
    pairs = (tokens &+ 1) / 2
    queryGroups = extents.groups
    queryBytes = extents.groups &* panel
    queries = UnsafeRawPointer(head.queries)
    units = UnsafePointer(head.units)
    values = UnsafeRawPointer(head.values)
    valuePanels = extents.width / panelWidth
    valueBytes = extents.tokenPairs &* panel
    widths = UnsafePointer(head.valueTerms)
    middles = UnsafePointer(head.valueTerms) + extents.width
    widenedQueries = weights + extents.tokenPairs &* panel
    guard !Product.takesBytes else {
      keys = ByteRows(
        start: UnsafeRawPointer(head.keys), step: extents.width, groupStep: 4,
        groups: extents.groups)
      return
    }
    let widenedKeys = widenedQueries + 2 &* TileShape.quantizedPanels &* queryBytes
    for token in 0..<tokens {
      widenRow(
        head.keys + token &* extents.width, extents.groups,
        into: widenedKeys + 2 &* token &* extents.width)
    }
    keys = ByteRows(
      start: UnsafeRawPointer(widenedKeys), step: 2 &* extents.width, groupStep: 8,
      groups: extents.groups)
  }

  /// `[tokens][16]`: the scores of one panel of queries.
  @inline(__always)
  func scores(_ panel: Int) -> UnsafeMutablePointer<Float> {
    scoreSums + panel &* tokens &* queryTile
  }
}

/// The scores of some panels of queries, as sums of integers.
@inline(never)
private func multiplyKeys<Product: ByteProduct>(
  _: Product.Type, _ head: HeadOperands, firstPanel: Int, panels: Int
) {
  var start = head.queries + firstPanel &* head.queryBytes
  if !Product.takesBytes {
    for panel in 0..<panels {
      widenPanel(
        start + panel &* head.queryBytes, head.queryGroups,
        into: head.widenedQueries + 2 &* panel &* head.queryBytes)
    }
    start = UnsafeRawPointer(head.widenedQueries)
  }
  let right = BytePanels(
    start: start, panelBytes: (Product.takesBytes ? 1 : 2) &* head.queryBytes, ahead: start)
  let heights = TileHeights(head.tokens, most: Product.rows(panels: panels))
  var left = head.keys
  var place = head.scores(0)
  for index in 0..<heights.count {
    let height = heights[index]
    TileShape.multiplyQuantized(
      Product.self, height: height, panels: panels, left, right,
      PlainSum(products: place, step: head.tokens &* queryTile))
    left.start += height &* left.step
    place += height &* panelWidth
  }
}

/// `output[query] = middle + width * (factor * sum over keys of weight * value)`.
@inline(never)
private func sumValues<Pairs: ByteProduct>(
  _: Pairs.Type, _ head: HeadOperands, queries: Int, factors: Vector,
  output: UnsafeMutablePointer<Float>, step: Int, columns: Int
) {
  let left = ByteRows(
    start: UnsafeRawPointer(head.weights), step: 4, groupStep: 4 &* panelWidth, groups: head.pairs)
  let sums = head.sums
  var panel = 0
  while panel < head.valuePanels {
    let panels = panelsOfTile(left: head.valuePanels &- panel, most: TileShape.quantizedPanels)
    let start = head.values + panel &* head.valueBytes
    let right = BytePanels(start: start, panelBytes: head.valueBytes, ahead: start)
    let heights = TileHeights(queries, most: Pairs.rows(panels: panels))
    var (rows, query) = (left, 0)
    for index in 0..<heights.count {
      let height = heights[index]
      TileShape.multiplyQuantized(
        Pairs.self, height: height, panels: panels, rows, right,
        PlainSum(products: sums, step: height &* panelWidth))
      for next in 0..<panels {
        let column = (panel &+ next) &* panelWidth
        let (width, middle) = (load(head.widths, column), load(head.middles, column))
        for r in 0..<height {
          let sum = load(sums, (next &* height &+ r) &* panelWidth)
          let value = multiplyAdd(sum * splat(factors[query &+ r]), width, middle)
          let place = output + ((query &+ r) &* step &+ column)
          if column &+ lanes <= columns {
            store(value, place, 0)
          } else {
            for c in 0..<max(0, columns &- column) { place[c] = value[c] }
          }
        }
      }
      query &+= height
      rows.start += height &* rows.step
    }
    panel &+= panels
  }
}

/// Logarithms to base 2 of how many patches tokens stand for.
@inline(never)
private func logarithms(
  _ sizes: UnsafePointer<Float>, _ tokens: Int, into logSizes: UnsafeMutablePointer<Float>
) -> UnsafePointer<Float> {
  for key in 0..<tokens {
    // What most tokens are, whose logarithm need not be computed by every item.
    logSizes[key] = sizes[key] == 1 ? 0 : log2f(sizes[key])
  }
  return UnsafePointer(logSizes)
}

/// Scores with the logarithms of sizes.
@inline(never)
private func addSizes(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, units: Vector, _ logSizes: UnsafePointer<Float>
) {
  for key in 0..<keys {
    let score = multiplyAdd(load(scores, key &* queryTile), units, splat(logSizes[key]))
    store(score, scores, key &* queryTile)
  }
}

/// Writes `largest * 2^((score - highest) * scale)` as integers, for each of the 16 queries and of two keys side by
/// side.
/// - Returns: one over each query's sum.
@inline(never)
private func weigh(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, highest: Vector, scale: Vector, largest: Float,
  into weights: UnsafeMutableRawPointer
) -> Vector {
  let power = PowerOfTwo(largest)
  var sum = Lanes()
  @inline(__always)
  func weight(_ key: Int) -> Lanes {
    let weight = integers(power((load(scores, key &* queryTile) - highest) * scale))
    sum = sum &+ weight
    return weight
  }
  var (key, place) = (0, weights)
  while key &+ 2 <= keys {
    place.storeBytes(of: weight(key) | weight(key &+ 1) &<< 16, as: Lanes.self)
    place += 4 &* panelWidth
    key &+= 2
  }
  if key < keys { place.storeBytes(of: weight(key), as: Lanes.self) }
  // No number where the queries or keys are none.
  return splat(1) / floats(sum) + scale * splat(0)
}

/// `largest * 2^x` for x up to 0, within 1.1e-4 of itself, `largest` itself for 0.
private struct PowerOfTwo {
  private let cubic, square, linear, largest: Vector

  @inline(__always)
  init(_ largest: Float) {
    cubic = splat(0.055_008_93 * largest)
    square = splat(0.242_210_97 * largest)
    linear = splat(0.693_282_93 * largest)
    self.largest = splat(largest)
  }

  @inline(__always)
  func callAsFunction(_ argument: Vector) -> Vector {
    let x = maximum(splat(-30), argument)
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, kept in the low bits.
    let shifted = x + splat(12_582_912)
    let r = x - (shifted - splat(12_582_912))
    var p = multiplyAdd(cubic, r, square)
    p = multiplyAdd(p, r, linear)
    p = multiplyAdd(p, r, largest)
    // The integer goes to the exponent field.
    let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
    return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Vector.self)
  }
}

/// Replaces scores by `2^((score - highest) * scale)` for each of the 16 queries.
/// - Returns: one over each query's sum.
@inline(never)
private func exponentials(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, highest: Vector, scale: Vector
) -> Vector {
  var sum = Vector()
  let natural = scale * splat(0.693_147_18)
  for key in 0..<keys {
    let weight = exponential((load(scores, key &* queryTile) - highest) * natural)
    store(weight, scores, key &* queryTile)
    sum += weight
  }
  return splat(1) / sum
}
