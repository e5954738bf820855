internal import CVectorExtras
internal import Glibc
package import KernelInterface

// Scores are kept transposed, `[key][16 queries]`: the queries are the panel and the keys the rows of
// the product, the softmax runs along vectors of queries without crossing lanes, and the weights of
// the values are read as they lie.
extension AVX2Kernels {
  package static func attention(
    _ arguments: AttentionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let split = a.querySplit
    let head = item / split.parts
    let part = item &- head &* split.parts
    let picture = head / a.heads
    let embedding = a.heads &* a.headWidth
    let column = (head &- picture &* a.heads) &* a.headWidth
    let room = AttentionScratch(a, scratch)

    let rowStep = a.qkv.stride
    let queries = a.qkv.pointer(picture: picture, row: 0) + column
    // Heads of whole panels are read where they lie; others are copied and padded.
    let isWhole = a.headWidth % panelWidth == 0
    let step = isWhole ? rowStep : room.step
    var keys = queries + embedding
    var values = queries + 2 &* embedding
    if !isWhole {
      keys = gatherRows(
        keys, step: rowStep, rows: a.tokens, width: a.headWidth, into: room.keys, step)
      values = gatherRows(
        values, step: rowStep, rows: a.tokens, width: a.headWidth, into: room.values, step)
    }
    if let sizes = a.sizes {
      for key in 0..<a.tokens { room.logSizes[key] = logf(sizes[picture &* a.tokens &+ key]) }
    }

    for tile in split.start(part)..<split.start(part &+ 1) {
      let first = tile &* queryTile
      let count = min(queryTile, a.queries &- first)
      transposeQueries(
        queries + first &* rowStep, step: rowStep, count: count, width: a.headWidth,
        scale: a.scale, into: room.queries)
      multiplyKeys(
        keys, step: step, count: a.tokens, width: a.headWidth, panel: room.queries,
        scores: room.scores)
      softmax(
        room.scores, keys: a.tokens, logSizes: a.sizes == nil ? nil : room.logSizes,
        factors: room.factors)
      weighValues(
        room, values: values, valueStep: step, keys: a.tokens, queries: count, width: a.headWidth,
        output: a.output.pointer(picture: picture, row: first) + column, step: a.output.stride)
      if first == 0, let rows = a.classRows {
        writeProbabilities(room, query: 0, keys: a.tokens, to: rows + head &* a.tokens)
      }
      if let probabilities = a.probabilities {
        for query in 0..<count {
          let row = head &* a.tokens &+ first &+ query
          writeProbabilities(
            room, query: query, keys: a.tokens, to: probabilities + row &* a.tokens)
        }
      }
    }
  }
}

/// Places within a thread's scratch.
private struct AttentionScratch {
  /// Floats from one key or value to the next.
  let step: Int
  /// `[tokens][step]`.
  let keys: UnsafeMutablePointer<Float>
  /// `[tokens][step]`.
  let values: UnsafeMutablePointer<Float>
  /// `[tokens][16]`.
  let scores: UnsafeMutablePointer<Float>
  /// `[headWidth, up to a multiple of 8][16]`.
  let queries: UnsafeMutablePointer<Float>
  /// `[6][16]`.
  let tile: UnsafeMutablePointer<Float>
  /// `[16]`, one over each query's sum.
  let factors: UnsafeMutablePointer<Float>
  /// `[tokens]`.
  let logSizes: UnsafeMutablePointer<Float>

  init(_ a: AttentionArguments, _ scratch: UnsafeMutableRawPointer) {
    step = AttentionArguments.rowStride(headWidth: a.headWidth)
    keys = scratch.assumingMemoryBound(to: Float.self)
    values = keys + a.tokens &* step
    scores = values + a.tokens &* step
    queries = scores + a.tokens &* queryTile
    tile = queries + step &* queryTile
    factors = tile + 6 &* panelWidth
    logSizes = factors + queryTile
  }
}

/// Gathers rows that lie far apart; columns up to the next multiple of 16 become zero.
private func gatherRows(
  _ source: UnsafePointer<Float>, step: Int, rows: Int, width: Int,
  into copy: UnsafeMutablePointer<Float>, _ copyStep: Int
) -> UnsafePointer<Float> {
  let whole = width & ~7
  let padded = (width &+ 15) & ~15
  var (from, to) = (source, copy)
  for _ in 0..<rows {
    var c = 0
    while c < whole {
      store(load(from, c), to, c)
      c &+= 8
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
  var firstColumn = 0
  if count == queryTile {
    while firstColumn &+ 8 <= width {
      let to = panel + firstColumn &* 16
      cve_transpose8(queries + firstColumn, step, to, 16)
      cve_transpose8(queries + 8 &* step + firstColumn, step, to + 8, 16)
      firstColumn &+= 8
    }
  }
  for c in firstColumn..<max(firstColumn, width) {
    for q in 0..<16 { panel[c &* 16 &+ q] = q < count ? queries[q &* step &+ c] : 0 }
  }
  let factor = splat(scale)
  for i in 0..<2 &* width { store(load(panel, i &* 8) * factor, panel, i &* 8) }
}

/// `scores[key][query] = key . query`.
@inline(never)
private func multiplyKeys(
  _ keys: UnsafePointer<Float>, step: Int, count: Int, width: Int,
  panel: UnsafeMutablePointer<Float>, scores: UnsafeMutablePointer<Float>
) {
  let left = LeftHand(start: keys, step: step, segments: 1, length: width, segmentStep: 0)
  let weights = UnsafeRawPointer(panel)
  let tiles = (count &+ 5) / 6
  let low = count / tiles
  let taller = count &- low &* tiles
  var key = 0
  for index in 0..<tiles {
    let height = index < taller ? low &+ 1 : low
    let row = keys + key &* step
    let place = scores + key &* 16
    switch height {
    case 6: tile6(left, row, weights, half: false, resumes: false, place)
    case 5: tile5(left, row, weights, half: false, resumes: false, place)
    case 4: tile4(left, row, weights, half: false, resumes: false, place)
    case 3: tile3(left, row, weights, half: false, resumes: false, place)
    case 2: tile2(left, row, weights, half: false, resumes: false, place)
    default: tile1(left, row, weights, half: false, resumes: false, place)
    }
    key &+= height
  }
}

/// Replaces scores by `e^(score - largest)` for each of the 16 queries.
@inline(never)
private func softmax(
  _ scores: UnsafeMutablePointer<Float>, keys: Int, logSizes: UnsafeMutablePointer<Float>?,
  factors: UnsafeMutablePointer<Float>
) {
  var (highLow, highHigh) = (splat(-.infinity), splat(-.infinity))
  if let logSizes {
    for key in 0..<keys {
      let low = load(scores, key &* 16) + splat(logSizes[key])
      let high = load(scores, key &* 16 &+ 8) + splat(logSizes[key])
      store(low, scores, key &* 16)
      store(high, scores, key &* 16 &+ 8)
      highLow = cve_max(highLow, low)
      highHigh = cve_max(highHigh, high)
    }
  } else {
    for key in 0..<keys {
      highLow = cve_max(highLow, load(scores, key &* 16))
      highHigh = cve_max(highHigh, load(scores, key &* 16 &+ 8))
    }
  }
  var (sumLow, sumHigh) = (Vector(), Vector())
  for key in 0..<keys {
    let low = exponential(load(scores, key &* 16) - highLow)
    let high = exponential(load(scores, key &* 16 &+ 8) - highHigh)
    store(low, scores, key &* 16)
    store(high, scores, key &* 16 &+ 8)
    sumLow += low
    sumHigh += high
  }
  store(splat(1) / sumLow, factors, 0)
  store(splat(1) / sumHigh, factors, 8)
}

/// `output[query] = factor * sum over keys of weight * value`.
@inline(never)
private func weighValues(
  _ room: AttentionScratch, values: UnsafePointer<Float>, valueStep: Int, keys: Int, queries: Int,
  width: Int,
  output: UnsafeMutablePointer<Float>, step: Int
) {
  let tiles = (queries &+ 5) / 6
  let low = queries / tiles
  let taller = queries &- low &* tiles
  var column = 0
  while column < width {
    let columns = min(16, width &- column)
    var query = 0
    for index in 0..<tiles {
      let height = index < taller ? low &+ 1 : low
      let weights = UnsafePointer(room.scores + query)
      let v = values + column
      let tile = room.tile
      switch height {
      case 6: valueTile6(weights, v, step: valueStep, keys: keys, tile)
      case 5: valueTile5(weights, v, step: valueStep, keys: keys, tile)
      case 4: valueTile4(weights, v, step: valueStep, keys: keys, tile)
      case 3: valueTile3(weights, v, step: valueStep, keys: keys, tile)
      case 2: valueTile2(weights, v, step: valueStep, keys: keys, tile)
      default: valueTile1(weights, v, step: valueStep, keys: keys, tile)
      }
      for r in 0..<height {
        let factor = splat(room.factors[query &+ r])
        let place = output + (query &+ r) &* step + column
        if columns == 16 {
          store(load(tile, r &* 16) * factor, place, 0)
          store(load(tile, r &* 16 &+ 8) * factor, place, 8)
        } else {
          for c in 0..<columns { place[c] = tile[r &* 16 &+ c] * factor[0] }
        }
      }
      query &+= height
    }
    column &+= 16
  }
}

/// One query's probabilities.
private func writeProbabilities(
  _ room: AttentionScratch, query: Int, keys: Int, to row: UnsafeMutablePointer<Float>
) {
  let factor = room.factors[query]
  for key in 0..<keys { row[key] = room.scores[key &* 16 &+ query] * factor }
}
