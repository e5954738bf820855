package import KernelInterface

extension WideKernels {
  package static func pairedHeads(_ layer: PairedAttention, item: Int) {
    let a = layer.attention
    let (part, image) = (item / a.images, item % a.images)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let head = PairedHead(of: a, in: layer.heads, image: image, head: part / 2)
    let embedding = a.heads &* a.headWidth
    let keys = a.qkv.pointer(image: image, row: 0) + (embedding &+ part / 2 &* a.headWidth)
    if part % 2 == 0 {
      prepareKeys(keys, step: a.qkv.stride, count: tokens, width: a.headWidth, in: head)
    } else {
      prepareValues(
        keys + embedding, step: a.qkv.stride, count: tokens, width: a.headWidth, in: head)
    }
  }

  package static func pairedAttention(
    _ layer: PairedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    attendToHeads(layer.attention, item: item, scratch: scratch, prepared: layer.heads)
  }
}

private func prepareKeys(
  _ keys: UnsafePointer<Float>, step: Int, count: Int, width: Int, in head: PairedHead
) {
  for key in 0..<count {
    let row = keys + key &* step
    let sums = sumRow(row, width)
    let scale = pairingScale(rows: sums.squares / Float(width), weights: 1)
    head.keyTerms[2 &* key] = sums.pairs * scale * scale
    head.keyTerms[2 &* key &+ 1] = 1 / scale
    scaleRow(row, into: head.keys + key &* head.width, width: width, scale)
  }
}

private func prepareValues(
  _ values: UnsafePointer<Float>, step: Int, count: Int, width: Int, in head: PairedHead
) {
  _ = gatherRows(values, step: step, rows: count, width: width, into: head.values, head.width)
  let meanSquare = 1 / Float(count).squareRoot()
  var column = 0
  while column < head.width {
    var squares = Vector()
    var value = head.values + column
    for _ in 0..<count {
      let x = load(value, 0)
      squares.addProduct(x, x)
      value += head.width
    }
    let (terms, factors) = (head.valueTerms + column, head.valueTerms + (head.width &+ column))
    let scales = scalesOfLanes(squares, count: count, meanSquare: meanSquare, inverse: factors)
    value = head.values + column
    var pairs = PairTerms()
    let rest = count % 6
    for _ in 0..<count / 6 {
      scale(value, step: head.width, by: scales, &pairs, isTaken: false)
      value += 3 &* head.width
      scale(value, step: head.width, by: scales, &pairs, isTaken: true)
      value += 3 &* head.width
    }
    if rest >= 3 {
      scale(value, step: head.width, by: scales, &pairs, isTaken: false)
      value += 3 &* head.width
    }
    for _ in 0..<rest % 3 {
      store(load(value, 0) * scales, value, 0)
      value += head.width
    }
    store(pairs.sum, terms, 0)
    column &+= lanes
  }
}

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
///   - pairs: receives `[16]`.
@inline(never)
func softmaxInPairs(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, highest: Vector,
  factors: UnsafeMutablePointer<Float>, pairs: UnsafeMutablePointer<Float>
) {
  var sum = Vector()
  var terms = PairTerms()
  var score = scores
  let rest = keys % 6
  for _ in 0..<keys / 6 {
    weigh(score, less: highest, &sum, &terms, isTaken: false)
    score += 3 &* queryTile
    weigh(score, less: highest, &sum, &terms, isTaken: true)
    score += 3 &* queryTile
  }
  if rest >= 3 {
    weigh(score, less: highest, &sum, &terms, isTaken: false)
    score += 3 &* queryTile
  }
  for _ in 0..<rest % 3 {
    _ = weight(score, less: highest, &sum)
    score += queryTile
  }
  store(splat(1) / sum, factors, 0)
  store(terms.sum, pairs, 0)
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
///   - pairs: `[16]`, the sums of products of pairs of its weights.
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
    // As many values and weights as stay in the first-level cache for all queries.
    var key = 0
    while key < keys {
      let count = min(keysTogether, keys &- key)
      var query = 0
      for index in 0..<heights.count {
        let height = heights[index]
        TileShape.sumPairedValues(
          height: height, vectors: vectors, scores + (key &* queryTile &+ query),
          head.values + (key &* head.width &+ column), step: head.width, keys: count,
          tile + query &* vectors &* lanes, key > 0)
        query &+= height
      }
      key &+= count
    }
    let columns = min(vectors &* lanes, width &- column)
    let terms = head.valueTerms + column
    for query in 0..<queries {
      let sums = tile + query &* vectors &* lanes
      let place = output + query &* step + column
      var c = 0
      while c &+ lanes <= columns {
        let sum = load(sums, c) - load(terms, c) - splat(pairs[query])
        store(sum * (load(terms, head.width &+ c) * splat(factors[query])), place, c)
        c &+= lanes
      }
      while c < columns {
        let sum = sums[c] - terms[c] - pairs[query]
        place[c] = sum * (terms[head.width &+ c] * factors[query])
        c &+= 1
      }
    }
    column &+= columns
  }
}

/// The most keys whose values are summed before the next ones: a multiple of 6, so that pairs begin anew.
@inline(__always)
private var keysTogether: Int { 78 }

/// As `ValueTile`, with the first two of each three keys as a pair: see `PairedAttention`. What is summed lacks the terms
/// of queries and channels.
enum PairedValueTile<let queries: Int, let vectors: Int> {
  private typealias Row = InlineArray<vectors, Vector>
  private typealias Tile = InlineArray<queries, Row>

  /// - Parameters:
  ///   - weights: `[keys][16]`, queries along the columns, from the first of three keys on.
  ///   - values: the first key's, `step` elements from one key's to the next.
  ///   - tile: receives `[queries][vectors][16]`.
  ///   - resumes: whether sums begin at what is there already, in place of zero.
  @inline(never)
  static func sum(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
    _ tile: UnsafeMutablePointer<Float>, _ resumes: Bool
  ) {
    var sums = Tile { _ in Row { _ in Vector() } }
    if resumes {
      for q in 0..<queries {
        for c in 0..<vectors { sums[q][c] = load(tile, (q &* vectors &+ c) &* lanes) }
      }
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
