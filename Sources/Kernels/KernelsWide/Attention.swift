internal import CLibrary
package import KernelInterface

// Scores are kept transposed, `[key][16 queries]`: the queries are the panel and the keys the rows of
// the product, the softmax runs along vectors of queries without crossing lanes, and the weights of
// the values are read as they lie.
extension WideKernels {
  package static func attention(
    _ arguments: AttentionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    attendToHeads(arguments, item: item, scratch: scratch, prepared: nil)
  }

  /// Attends, in pairs where there are heads that are prepared, see `PairedAttention`.
  static func attendToHeads(
    _ a: AttentionArguments, item: Int, scratch: UnsafeMutableRawPointer,
    prepared: UnsafeMutablePointer<Float>?
  ) {
    let split = a.querySplit
    let (image, h, part) = a.place(item)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let queryCount = min(a.queries, tokens)
    var tile = split.start(part)
    let end = min(split.start(part &+ 1), (queryCount &+ queryTile &- 1) / queryTile)
    guard tile < end else { return }
    let head = image &* a.heads &+ h
    let embedding = a.heads &* a.headWidth
    let column = h &* a.headWidth
    let inPairs = prepared != nil
    let room = AttentionScratch(a, tokens: tokens, inPairs: inPairs, scratch)

    let rowStep = a.qkv.stride
    let queries = a.qkv.pointer(image: image, row: 0) + column
    // Heads of whole panels are read where they lie; others are copied and padded.
    let isWhole = a.headWidth % panelWidth == 0 || inPairs
    let step = isWhole ? rowStep : room.step
    var keys = queries + embedding
    var values = queries + 2 &* embedding
    if !isWhole {
      keys = gatherRows(
        keys, step: rowStep, rows: tokens, width: a.headWidth, into: room.keys, step)
      values = gatherRows(
        values, step: rowStep, rows: tokens, width: a.headWidth, into: room.values, step)
    }
    if let sizes = a.sizes {
      for key in 0..<tokens {
        let size = sizes[image &* a.tokens &+ key]
        // What most tokens are, whose logarithm need not be computed by every item.
        room.logSizes[key] = size == 1 ? 0 : logf(size)
      }
    }

    let bias = a.bias.map {
      PanelBias($0, head: h, image: image, tokens: tokens, of: a.tokens, scratch: room.bias)
    }

    while tile < end {
      let panels = panelsOfTile(
        left: end &- tile, most: inPairs ? TileShape.pairedPanels : TileShape.panels)
      for panel in 0..<panels {
        let first = (tile &+ panel) &* queryTile
        transposeQueries(
          queries + first &* rowStep, step: rowStep, count: min(queryTile, queryCount &- first),
          width: a.headWidth, scale: a.scale, into: room.queries(panel))
        if inPairs {
          scaleQueries(room.queries(panel), width: a.headWidth, terms: room.queryTerms(panel))
        }
      }
      if let prepared {
        multiplyHeads(
          PairedHead(of: a, in: prepared, image: image, head: h), keys: tokens, width: a.headWidth,
          panels: panels, by: room.rightHand,
          terms: room.queryTerms(0), into: room.scores(0))
      } else {
        multiplyRows(
          keys, step: step, count: tokens, width: a.headWidth, panels: panels, by: room.rightHand,
          into: room.scores(0))
      }
      for panel in 0..<panels {
        let first = (tile &+ panel) &* queryTile
        let count = min(queryTile, queryCount &- first)
        let scores = room.scores(panel)
        bias?.add(to: scores, firstQuery: first, queries: count, keys: tokens)
        if a.sizes != nil { addLogSizes(room.logSizes, to: scores, keys: tokens) }
        let output = a.output.pointer(image: image, row: first) + column
        if let prepared {
          let isAdded = bias != nil || a.sizes != nil
          softmaxInPairs(
            scores, keys: tokens,
            highest: isAdded ? largest(scores, keys: tokens) : room.queryTerms(panel).largest,
            factors: room.factors, pairs: room.weightTerms)
          weighValuesInPairs(
            PairedHead(of: a, in: prepared, image: image, head: h), scores, keys: tokens,
            queries: count, width: a.headWidth, tile: room.tile,
            factors: room.factors, pairs: room.weightTerms, output: output, step: a.output.stride)
        } else {
          softmax(scores, keys: tokens, factors: room.factors)
          weighValues(
            room, scores, values: values, valueStep: step, keys: tokens, queries: count,
            width: a.headWidth, output: output, step: a.output.stride)
        }
        if first == 0, let rows = a.classAttention {
          writeProbabilities(
            scores, factor: room.factors[0], query: 0, keys: tokens, to: rows + head &* a.tokens)
        }
        if let probabilities = a.probabilities {
          for query in 0..<count {
            let row = head &* a.tokens &+ first &+ query
            writeProbabilities(
              scores, factor: room.factors[query], query: query, keys: tokens,
              to: probabilities + row &* a.tokens)
          }
        }
      }
      tile &+= panels
    }
  }
}

/// Places within a thread's scratch, for the tokens of an image that are in use.
private struct AttentionScratch {
  /// Floats from one key or value to the next.
  let step: Int
  /// `[tokens][step]`; not there in pairs.
  let keys: UnsafeMutablePointer<Float>
  /// `[tokens][step]`; not there in pairs.
  let values: UnsafeMutablePointer<Float>
  /// `[panels][tokens][16]`.
  private let scores: UnsafeMutablePointer<Float>
  /// `[panels][headWidth, up to a multiple of 16][16]`.
  private let queries: UnsafeMutablePointer<Float>
  /// `[panels][3][16]`, see `QueryTerms`; there in pairs alone.
  private let queryTerms: UnsafeMutablePointer<Float>
  /// `[keyBlocks][16]`, the sums of products of pairs of each query's weights; there in pairs alone.
  let weightTerms: UnsafeMutablePointer<Float>
  /// `[queries][vectors][16]` of a tile of values, in pairs of 16 queries.
  let tile: UnsafeMutablePointer<Float>
  /// `[16]`, one over each query's sum.
  let factors: UnsafeMutablePointer<Float>
  /// `[tokens]`.
  let logSizes: UnsafeMutablePointer<Float>
  /// A head's bias, aligned to a cache line.
  let bias: UnsafeMutablePointer<Float>
  private let tokens: Int

  init(
    _ a: AttentionArguments, tokens: Int, inPairs: Bool, _ scratch: UnsafeMutableRawPointer
  ) {
    step = AttentionArguments.rowStride(headWidth: a.headWidth)
    self.tokens = tokens
    keys = scratch.assumingMemoryBound(to: Float.self)
    values = keys + (inPairs ? 0 : tokens &* step)
    scores = values + (inPairs ? 0 : tokens &* step)
    queries = scores + TileShape.panels &* tokens &* queryTile
    queryTerms = queries + TileShape.panels &* step &* queryTile
    weightTerms = queryTerms + (inPairs ? 3 &* TileShape.panels &* queryTile : 0)
    tile = weightTerms + (inPairs ? PairedAttention.keyBlocks(tokens: tokens) &* queryTile : 0)
    factors =
      tile
      + (inPairs ? queryTile &* step : TileShape.queries &* TileShape.vectors &* lanes)
    logSizes = factors + queryTile
    bias = logSizes + wholeLines(tokens)
  }

  /// `[tokens][16]`: the scores of one panel of queries.
  @inline(__always)
  func scores(_ panel: Int) -> UnsafeMutablePointer<Float> {
    scores + panel &* tokens &* queryTile
  }

  /// `[headWidth][16]`: one panel of queries.
  @inline(__always)
  func queries(_ panel: Int) -> UnsafeMutablePointer<Float> {
    queries + panel &* step &* queryTile
  }

  /// The terms of one panel of queries.
  @inline(__always)
  func queryTerms(_ panel: Int) -> QueryTerms {
    QueryTerms(start: queryTerms + 3 &* panel &* queryTile)
  }

  /// The panels as a right-hand side.
  @inline(__always)
  var rightHand: RightHand<Binary32> {
    RightHand(
      start: UnsafeRawPointer(queries), panelBytes: step &* queryTile &* 4,
      ahead: UnsafeRawPointer(queries))
  }
}

/// Gathers rows that lie far apart; columns up to the next multiple of 16 become zero.
func gatherRows(
  _ source: UnsafePointer<Float>, step: Int, rows: Int, width: Int,
  into copy: UnsafeMutablePointer<Float>, _ copyStep: Int
) -> UnsafePointer<Float> {
  let padded = (width &+ lanes &- 1) / lanes &* lanes
  var (from, to) = (source, copy)
  for _ in 0..<rows {
    var c = 0
    while c &+ lanes <= width {
      store(load(from, c), to, c)
      c &+= lanes
    }
    while c < padded {
      to[c] = c < width ? from[c] : 0
      c &+= 1
    }
    from += step
    to += copyStep
  }
  return UnsafePointer(copy)
}

/// Writes up to 16 queries, scaled, as a panel `[width][16]`; lanes without a query become zero.
private func transposeQueries(
  _ queries: UnsafePointer<Float>, step: Int, count: Int, width: Int, scale: Float,
  into panel: UnsafeMutablePointer<Float>
) {
  transposeRows(queries, step: step, count: count, width: width, into: panel)
  let factor = splat(scale)
  for i in 0..<width { store(load(panel, i &* lanes) * factor, panel, i &* lanes) }
}

/// Adds the logarithm of its size to each key's scores.
private func addLogSizes(
  _ logSizes: UnsafePointer<Float>, to scores: UnsafeMutablePointer<Float>, keys: Int
) {
  for key in 0..<keys {
    let score = load(scores, key &* queryTile) + splat(logSizes[key])
    store(score, scores, key &* queryTile)
  }
}

/// Replaces scores by `e^(score - largest)` for each of the 16 queries.
@inline(never)
private func softmax(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, factors: UnsafeMutablePointer<Float>
) {
  let highest = largest(scores, keys: keys)
  var sum = Vector()
  for key in 0..<keys {
    let weight = exponential(load(scores, key &* queryTile) - highest)
    store(weight, scores, key &* queryTile)
    sum += weight
  }
  store(splat(1) / sum, factors, 0)
}

/// The largest score of each of the 16 queries, by four maxima that do not wait for each other.
@inline(__always)
func largest(_ scores: UnsafeMutablePointer<Float>, keys: Int) -> Vector {
  var highest = InlineArray<4, Vector> { _ in splat(-.infinity) }
  let whole = keys & ~3
  var key = 0
  while key < whole {
    for i in 0..<4 {
      highest[i] = maximum(highest[i], load(scores, (key &+ i) &* queryTile))
    }
    key &+= 4
  }
  while key < keys {
    highest[0] = maximum(highest[0], load(scores, key &* queryTile))
    key &+= 1
  }
  return maximum(maximum(highest[0], highest[1]), maximum(highest[2], highest[3]))
}

/// `output[query] = factor * sum over keys of weight * value`.
@inline(never)
private func weighValues(
  _ room: AttentionScratch, _ scores: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>,
  valueStep: Int, keys: Int, queries: Int, width: Int, output: UnsafeMutablePointer<Float>,
  step: Int
) {
  let heights = TileHeights(queries, most: TileShape.queries)
  let tile = room.tile
  var column = 0
  while column < width {
    let vectors = min(TileShape.vectors, (width &- column &+ lanes &- 1) / lanes)
    let columns = min(vectors &* lanes, width &- column)
    var query = 0
    for index in 0..<heights.count {
      let height = heights[index]
      TileShape.sumValues(
        height: height, vectors: vectors, UnsafePointer(scores + query), values + column,
        step: valueStep, keys: keys, tile)
      for q in 0..<height {
        let factor = room.factors[query &+ q]
        let sums = tile + q &* vectors &* lanes
        let place = output + (query &+ q) &* step + column
        var c = 0
        while c &+ lanes <= columns {
          store(load(sums, c) * splat(factor), place, c)
          c &+= lanes
        }
        while c < columns {
          place[c] = sums[c] * factor
          c &+= 1
        }
      }
      query &+= height
    }
    column &+= columns
  }
}

/// One query's probabilities.
func writeProbabilities(
  _ scores: UnsafeMutablePointer<Float>, factor: Float, query: Int, keys: Int,
  to row: UnsafeMutablePointer<Float>
) {
  for key in 0..<keys { row[key] = scores[key &* queryTile &+ query] * factor }
}
