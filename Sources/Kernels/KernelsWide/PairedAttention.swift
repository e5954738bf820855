package import KernelInterface

extension WideKernels {
  package static func pairedHeads(_ layer: PairedAttention, item: Int) {
    let a = layer.attention
    let (part, image) = (item / a.images, item % a.images)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let head = PairedHead(of: a, in: layer.heads, image: image, head: part / 2)
    let embedding = a.heads &* a.headWidth
    let queries = a.qkv.pointer(image: image, row: 0) + part / 2 &* a.headWidth
    let keys = queries + embedding
    if part % 2 == 0 {
      prepareKeys(keys, step: a.qkv.stride, count: tokens, width: a.headWidth, in: head)
      lookAtQueries(
        queries, step: a.qkv.stride, count: min(a.queries, tokens), width: a.headWidth,
        scale: a.scale, in: head)
    } else {
      prepareValues(
        keys + embedding, step: a.qkv.stride, count: tokens, width: a.headWidth, in: head)
    }
  }

  package static func pairedAttention(
    _ layer: PairedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = layer.attention
    let (image, head, _) = a.place(item)
    let suits = PairedHead(of: a, in: layer.heads, image: image, head: head).suits
    attendToHeads(
      a, item: item, scratch: scratch, prepared: suits[0] * suits[1] == 1 ? layer.heads : nil)
  }
}

private func prepareKeys(
  _ keys: UnsafePointer<Float>, step: Int, count: Int, width: Int, in head: PairedHead
) {
  head.suits[0] = 1
  for key in 0..<count {
    let row = keys + key &* step
    let sums = sumRow(row, width)
    let meanSquare = sums.squares / Float(width)
    if !isPairingExact(rows: meanSquare, weights: 1) { head.suits[0] = 0 }
    let scale = pairingScale(rows: meanSquare, weights: 1)
    head.keyTerms[2 &* key] = sums.pairs * scale * scale
    head.keyTerms[2 &* key &+ 1] = 1 / scale
    scaleRow(row, into: head.keys + key &* head.width, width: width, scale)
  }
}

/// Says of a head whether a query of it, times `scale`, cannot be brought to the size of keys.
private func lookAtQueries(
  _ queries: UnsafePointer<Float>, step: Int, count: Int, width: Int, scale: Float,
  in head: PairedHead
) {
  for query in 0..<count {
    let squares = sumRow(queries + query &* step, width).squares
    let meanSquare = squares / Float(width) * scale * scale
    if !isPairingExact(rows: meanSquare, weights: 1) { head.suits[0] = 0 }
  }
}

private func prepareValues(
  _ values: UnsafePointer<Float>, step: Int, count: Int, width: Int, in head: PairedHead
) {
  _ = gatherRows(values, step: step, rows: count, width: width, into: head.values, head.width)
  let meanSquare = 1 / Float(count).squareRoot()
  var isAlike = true
  var column = 0
  while column < head.width {
    var (squares, sizes) = (Vector(), Vector())
    var value = head.values + column
    for _ in 0..<count {
      let x = load(value, 0)
      squares.addProduct(x, x)
      sizes += maximum(x, -x)
      value += head.width
    }
    let factors = head.valueFactors + column
    store(squares / splat(Float(count)), factors, 0)
    store(sizes / splat(Float(count)), head.valueTerms + column, 0)
    for lane in 0..<min(lanes, width &- column) {
      let (square, size) = (factors[lane], head.valueTerms[column &+ lane])
      // Zeros are as good as any other number.
      let isZero = square == 0 && size == 0
      if !isZero && !isPairingExact(rows: square, weights: meanSquare) { isAlike = false }
      if square > mostSpread * size * size { isAlike = false }
    }
    let scales = scalesOfLanes(squares, count: count, meanSquare: meanSquare, inverse: factors)
    var key = 0
    for block in 0..<PairedAttention.keyBlocks(tokens: count) {
      let end = min(key &+ PairedAttention.keysTogether, count)
      var pairs = PairTerms()
      value = head.values + (key &* head.width &+ column)
      var isTaken = false
      while key &+ 3 <= end {
        scale(value, step: head.width, by: scales, &pairs, isTaken: isTaken)
        isTaken.toggle()
        value += 3 &* head.width
        key &+= 3
      }
      while key < end {
        store(load(value, 0) * scales, value, 0)
        value += head.width
        key &+= 1
      }
      store(pairs.sum, head.valueTerms + (block &* head.width &+ column), 0)
    }
    column &+= lanes
  }
  head.suits[1] = isAlike ? 1 : 0
}

/// The most that the mean square of a channel's values may be times the square of their mean size; of normal numbers it
/// is 1.6. Where one of 257 is 30 times the others it is 4, where it is 100 times that 21.
private let mostSpread: Float = 12

/// Scales a vector of three values, of which the first two are a pair.
@inline(__always)
private func scale(
  _ values: UnsafeMutablePointer<Float>, step: Int, by scales: Vector, _ pairs: inout PairTerms,
  isTaken: Bool
) {
  let (first, second) = (load(values, 0) * scales, load(values, step) * scales)
  store(first, values, 0)
  store(second, values, step)
  store(load(values, 2 &* step) * scales, values, 2 &* step)
  pairs.add(first, second, isTaken: isTaken)
}

/// The powers of two that bring mean squares, of `count` squares each, next to `meanSquare`, and one over them.
private func scalesOfLanes(
  _ squares: Vector, count: Int, meanSquare: Float, inverse: UnsafeMutablePointer<Float>
) -> Vector {
  store(squares / splat(Float(count)), inverse, 0)
  for lane in 0..<lanes { inverse[lane] = pairingScale(rows: inverse[lane], weights: meanSquare) }
  let scales = load(inverse, 0)
  store(splat(1) / scales, inverse, 0)
  return scales
}

/// The sum of the products of pairs of keys, every other one taken away.
struct PairTerms {
  var sum = Vector()

  @inline(__always)
  mutating func add(_ first: Vector, _ second: Vector, isTaken: Bool) {
    sum.addProduct(isTaken ? -first : first, second)
  }
}

/// What belongs to each query of a panel, `[3][16]`.
struct QueryTerms {
  let start: UnsafeMutablePointer<Float>

  /// The sums of products of a query's pairs.
  @inline(__always)
  var pairs: Vector { load(start, 0) }

  /// By what its sums are multiplied.
  @inline(__always)
  var factors: Vector { load(start, lanes) }

  /// The largest score so far.
  @inline(__always)
  var largest: Vector {
    get { load(start, 2 &* lanes) }
    nonmutating set { store(newValue, start, 2 &* lanes) }
  }
}

/// Scales a panel of queries, `[width][16]`, and writes its terms.
func scaleQueries(_ panel: UnsafeMutablePointer<Float>, width: Int, terms: QueryTerms) {
  var squares = Vector()
  for i in 0..<width {
    let x = load(panel, i &* lanes)
    squares.addProduct(x, x)
  }
  let scales = scalesOfLanes(squares, count: width, meanSquare: 1, inverse: terms.start + lanes)
  var pairs = Vector()
  for i in 0..<width / 3 {
    pairs.addProduct(load(panel, 3 &* i &* lanes), load(panel, (3 &* i &+ 1) &* lanes))
  }
  store(pairs * scales * scales, terms.start, 0)
  terms.largest = splat(-.infinity)
  for i in 0..<width { store(load(panel, i &* lanes) * scales, panel, i &* lanes) }
}

/// `scores[panel][key][lane] = key . query`, of at most a tile's panels of queries.
/// - Parameters:
///   - panels: `[panels][width of the head][16]`, scaled.
///   - terms: the first panel's; those of others follow.
@inline(never)
func multiplyHeads(
  _ head: PairedHead, keys: Int, width: Int, panels: Int, by queries: RightHand<Binary32>,
  terms: QueryTerms, into scores: UnsafeMutablePointer<Float>
) {
  let left = LeftHand(
    start: UnsafePointer(head.keys), step: head.width, segments: 1, length: width, segmentStep: 0)
  let heights = TileHeights(keys, most: TileShape.pairedRows)
  var key = 0
  for index in 0..<heights.count {
    let height = heights[index]
    let place = Sums(
      start: scores + key &* queryTile, step: keys &* queryTile, resumes: false)
    TileShape.multiplyPairs(
      height: height, panels: panels, left, left.start + key &* head.width, queries, place)
    let keyTerms = head.keyTerms + 2 &* key
    for panel in 0..<panels {
      let sums = place.start + panel &* place.step
      let terms = QueryTerms(start: terms.start + 3 &* panel &* lanes)
      let (pairs, factors) = (terms.pairs, terms.factors)
      var largest = terms.largest
      for row in 0..<height {
        let factor = splat(keyTerms[2 &* row &+ 1]) * factors
        let sum = load(sums, row &* queryTile) - splat(keyTerms[2 &* row]) - pairs
        let score = sum * factor
        store(score, sums, row &* queryTile)
        largest = maximum(largest, score)
      }
      terms.largest = largest
    }
    key &+= height
  }
}

/// Replaces scores by `e^(score - highest)` for each of the 16 queries, and sums the products of pairs of these.
/// - Parameters:
///   - highest: the largest score of each.
///   - factors: receives `[16]`, one over each query's sum.
///   - pairs: receives `[keyBlocks][16]`.
@inline(never)
func softmaxInPairs(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, highest: Vector,
  factors: UnsafeMutablePointer<Float>, pairs: UnsafeMutablePointer<Float>
) {
  var sum = Vector()
  var key = 0
  for block in 0..<PairedAttention.keyBlocks(tokens: keys) {
    let end = min(key &+ PairedAttention.keysTogether, keys)
    var terms = PairTerms()
    var score = scores + key &* queryTile
    var isTaken = false
    while key &+ 3 <= end {
      weigh(score, less: highest, &sum, &terms, isTaken: isTaken)
      isTaken.toggle()
      score += 3 &* queryTile
      key &+= 3
    }
    while key < end {
      _ = weight(score, less: highest, &sum)
      score += queryTile
      key &+= 1
    }
    store(terms.sum, pairs, block &* queryTile)
  }
  store(splat(1) / sum, factors, 0)
}

/// The weights of three keys, of which the first two are a pair.
@inline(__always)
private func weigh(
  _ scores: UnsafeMutablePointer<Float>, less highest: Vector, _ sum: inout Vector,
  _ pairs: inout PairTerms, isTaken: Bool
) {
  let first = weight(scores, less: highest, &sum)
  let second = weight(scores + queryTile, less: highest, &sum)
  _ = weight(scores + 2 &* queryTile, less: highest, &sum)
  pairs.add(first, second, isTaken: isTaken)
}

@inline(__always)
private func weight(
  _ score: UnsafeMutablePointer<Float>, less highest: Vector, _ sum: inout Vector
) -> Vector {
  let weight = powerOfTwo((load(score, 0) - highest) * splat(1.442_695_04))
  store(weight, score, 0)
  sum += weight
  return weight
}

/// `output[query] = factor * sum over keys of weight * value`.
/// - Parameters:
///   - scores: `[keys][16]`, the weights of a panel of queries.
///   - tile: room for `[queries][vectors][16]`.
///   - factors: `[16]`, by what the sums of each query are multiplied.
///   - pairs: `[keyBlocks][16]`, the sums of products of pairs of its weights.
@inline(never)
func weighValuesInPairs(
  _ head: PairedHead, _ scores: UnsafePointer<Float>, keys: Int, queries: Int, width: Int,
  tile: UnsafeMutablePointer<Float>, factors: UnsafePointer<Float>, pairs: UnsafePointer<Float>,
  output: UnsafeMutablePointer<Float>, step: Int
) {
  let heights = TileHeights(queries, most: TileShape.pairedQueries)
  var column = 0
  while column < width {
    let vectors = min(TileShape.vectors, (width &- column &+ lanes &- 1) / lanes)
    for block in 0..<PairedAttention.keyBlocks(tokens: keys) {
      let key = block &* PairedAttention.keysTogether
      let count = min(PairedAttention.keysTogether, keys &- key)
      var query = 0
      for index in 0..<heights.count {
        let height = heights[index]
        TileShape.sumPairedValues(
          height: height, vectors: vectors, scores + (key &* queryTile &+ query),
          head.values + (key &* head.width &+ column), step: head.width, keys: count,
          PairedValueTerms(
            queries: pairs + (block &* queryTile &+ query),
            columns: UnsafePointer(head.valueTerms + (block &* head.width &+ column))),
          tile + query &* vectors &* lanes, block > 0)
        query &+= height
      }
    }
    let columns = min(vectors &* lanes, width &- column)
    let columnFactors = head.valueFactors + column
    for query in 0..<queries {
      let sums = tile + query &* vectors &* lanes
      let place = output + query &* step + column
      var c = 0
      while c &+ lanes <= columns {
        store(load(sums, c) * (load(columnFactors, c) * splat(factors[query])), place, c)
        c &+= lanes
      }
      while c < columns {
        place[c] = sums[c] * (columnFactors[c] * factors[query])
        c &+= 1
      }
    }
    column &+= columns
  }
}

/// What is taken from the sums of a tile: the sums of products of the pairs of weights, and of values.
struct PairedValueTerms {
  /// `[queries]`.
  let queries: UnsafePointer<Float>

  /// `[vectors][16]`.
  let columns: UnsafePointer<Float>
}

/// As `ValueTile`, with the first two of each three keys as a pair: see `PairedAttention`.
enum PairedValueTile<let queries: Int, let vectors: Int> {
  private typealias Row = InlineArray<vectors, Vector>
  private typealias Tile = InlineArray<queries, Row>

  /// - Parameters:
  ///   - weights: `[keys][16]`, queries along the columns, from the first of three keys on.
  ///   - values: the first key's, `step` elements from one key's to the next.
  ///   - terms: those of all pairs of these keys.
  ///   - tile: receives `[queries][vectors][16]`.
  ///   - resumes: whether sums begin at what is there already, in place of zero.
  @inline(never)
  static func sum(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
    _ terms: PairedValueTerms, _ tile: UnsafeMutablePointer<Float>, _ resumes: Bool
  ) {
    var sums = Tile { _ in Row { _ in Vector() } }
    if resumes {
      for q in 0..<queries {
        for c in 0..<vectors { sums[q][c] = load(tile, (q &* vectors &+ c) &* lanes) }
      }
    }
    for q in 0..<queries {
      let pairs = broadcast(terms.queries + q)
      for c in 0..<vectors { sums[q][c] = sums[q][c] - load(terms.columns, c &* lanes) - pairs }
    }
    var (p, v) = (weights, values)
    let rest = keys % 6
    for _ in 0..<keys / 6 {
      addThree(p, v, step: step, to: &sums)
      p += 3 &* queryTile
      v += 3 &* step
      // The pair whose terms are taken away.
      let first = Row { load(v, $0 &* lanes) }
      let second = Row { load(v, step &+ $0 &* lanes) }
      for q in 0..<queries {
        let (a, b) = (broadcast(p + q), broadcast(p + (queryTile &+ q)))
        for c in 0..<vectors { accumulate(a - second[c], first[c] - b, into: &sums[q][c]) }
      }
      add(p + 2 &* queryTile, v + 2 &* step, to: &sums)
      p += 3 &* queryTile
      v += 3 &* step
    }
    if rest >= 3 {
      addThree(p, v, step: step, to: &sums)
      p += 3 &* queryTile
      v += 3 &* step
    }
    for _ in 0..<rest % 3 {
      add(p, v, to: &sums)
      p += queryTile
      v += step
    }
    for q in 0..<queries {
      for c in 0..<vectors { store(sums[q][c], tile, (q &* vectors &+ c) &* lanes) }
    }
  }

  /// A pair of keys and one.
  @inline(__always)
  private static func addThree(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, to sums: inout Tile
  ) {
    let first = Row { load(values, $0 &* lanes) }
    let second = Row { load(values, step &+ $0 &* lanes) }
    for q in 0..<queries {
      let (a, b) = (broadcast(weights + q), broadcast(weights + (queryTile &+ q)))
      for c in 0..<vectors { accumulate(a + second[c], b + first[c], into: &sums[q][c]) }
    }
    add(weights + 2 &* queryTile, values + 2 &* step, to: &sums)
  }

  /// One key.
  @inline(__always)
  private static func add(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, to sums: inout Tile
  ) {
    let columns = Row { load(values, $0 &* lanes) }
    for q in 0..<queries {
      let weight = broadcast(weights + q)
      for c in 0..<vectors { accumulate(weight, columns[c], into: &sums[q][c]) }
    }
  }
}
