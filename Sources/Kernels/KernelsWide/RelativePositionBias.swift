internal import KernelInterface

/// One head's relative position bias, as it is added to a panel of scores, `[key][16 queries]`.
///
/// The entries of a key and of queries side by side in a row of the grid lie side by side too. So a panel's row for a key is
/// put together of a few whole vectors, one for each run of such queries, each from the run's first lane on: what it
/// writes beyond its run is written again by the next one, or by the next key's first.
struct PanelBias {
  /// The entry of a patch and itself, in a copy that has room for a vector behind the last.
  private let centre: UnsafeMutablePointer<Float>

  /// Two vectors: what a prefix token as query has for patches, and zeros.
  private let constants: UnsafeMutablePointer<Float>

  /// Entries of a patch and a prefix token as key, and of that and itself.
  private let toPrefix: (ofPatch: Float, ofItself: Float)

  /// `[tokens]`.
  private let places: UnsafeMutablePointer<Int32>

  /// `[tokens + 1][16]`, a panel's bias.
  private let rows: UnsafeMutablePointer<Float>

  /// `[16]` each, of the panel's runs: where entries for a key at place 0 begin, whether they differ from key to key, -1
  /// or 0, and the first lane.
  private let starts: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  private let moves: UnsafeMutablePointer<Int>
  private let firstLanes: UnsafeMutablePointer<Int>

  init(
    _ bias: RelativePositionBias, head: Int, image: Int, tokens: Int, of allTokens: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let grid = bias.grid
    let own = bias.table + head &* grid.entries
    // Pointers first, which must be aligned.
    let runs = UnsafeMutableRawPointer(scratch)
    starts = runs.assumingMemoryBound(to: UnsafeMutablePointer<Float>.self)
    moves = (runs + 128).assumingMemoryBound(to: Int.self)
    firstLanes = (runs + 256).assumingMemoryBound(to: Int.self)
    constants = scratch + 96
    rows = constants + 2 &* queryTile
    let entries = rows + (allTokens &+ 1) &* queryTile
    copy(own, entries, grid.patchEntries)
    clear(entries + grid.patchEntries, queryTile)
    centre = entries + grid.centre
    places = UnsafeMutableRawPointer(entries + (grid.patchEntries &+ queryTile))
      .assumingMemoryBound(to: Int32.self)
    bias.writePlaces(image: image, tokens: tokens, of: allTokens, to: places)
    let behind = own + grid.patchEntries
    store(splat(grid.prefix == 0 ? 0 : behind[0]), constants, 0)
    store(Vector(), constants, queryTile)
    toPrefix = grid.prefix == 0 ? (0, 0) : (behind[1], behind[2])
  }

  /// Adds the bias of `count` queries from `first` on to their scores.
  @inline(never)
  func add(
    to scores: UnsafeMutablePointer<Float>, firstQuery first: Int, queries count: Int, keys: Int
  ) {
    let (runs, prefix) = findRuns(places + first, count: count)
    for key in 0..<keys {
      let place = Int(places[key])
      let row = rows + key &* queryTile
      if place < 0 {
        store(place == Int(RelativePositionBias.prefixPlace) ? prefix : Vector(), row, 0)
        continue
      }
      for run in 0..<runs {
        store(load(starts[run] - place & moves[run], 0), row, firstLanes[run])
      }
    }
    for key in 0..<keys {
      let score = load(scores, key &* queryTile) + load(rows, key &* queryTile)
      store(score, scores, key &* queryTile)
    }
  }

  /// The runs of a panel's queries.
  /// - Returns: how many there are, and what the queries have for a prefix token as key.
  private func findRuns(
    _ places: UnsafePointer<Int32>, count: Int
  ) -> (runs: Int, prefix: Vector) {
    var prefix = Vector()
    var runs = 0
    // The place that the next lane of a run would have.
    var next = -1
    for lane in 0..<count {
      let place = Int(places[lane])
      let isPrefix = place == Int(RelativePositionBias.prefixPlace)
      if place >= 0 { prefix[lane] = toPrefix.ofPatch }
      if isPrefix { prefix[lane] = toPrefix.ofItself }
      if place < 0 || place != next {
        starts[runs] = place >= 0 ? centre + place : isPrefix ? constants : constants + queryTile
        moves[runs] = place >= 0 ? -1 : 0
        firstLanes[runs] = lane
        runs &+= 1
      }
      next = place < 0 ? -1 : place &+ 1
    }
    return (runs, prefix)
  }
}
