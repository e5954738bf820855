internal import KernelInterface

/// One head's relative position bias, as it is added to a panel of scores, `[key][16 queries]`.
///
/// The entries of a key and of queries side by side in a row of the grid lie side by side too. So a panel's vector for a
/// key is put together of a few loads, one for each run of such queries, at places that differ from key to key by
/// the key's own.
struct PanelBias {
  /// The entry of a patch and itself, with 16 floats of room on both sides of the patches' entries.
  private let centre: UnsafeMutablePointer<Float>

  /// `[tokens]`.
  private let places: UnsafeMutablePointer<Int32>

  /// Entries of a prefix token: of it and a patch, of a patch and it, of it and itself.
  private let prefixed: (query: Float, key: Float, both: Float)

  init(
    _ bias: RelativePositionBias, head: Int, image: Int, tokens: Int, of allTokens: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let grid = bias.grid
    let own = bias.table + head &* grid.entries
    let entries = scratch + queryTile
    clear(scratch, queryTile)
    copy(own, entries, grid.patchEntries)
    clear(entries + grid.patchEntries, queryTile)
    centre = entries + grid.centre
    let end = scratch + wholeLines(grid.patchEntries &+ 2 &* queryTile)
    places = UnsafeMutableRawPointer(end).assumingMemoryBound(to: Int32.self)
    bias.writePlaces(image: image, tokens: tokens, of: allTokens, to: places)
    prefixed =
      grid.prefix == 0
      ? (0, 0, 0)
      : (own[grid.patchEntries], own[grid.patchEntries &+ 1], own[grid.patchEntries &+ 2])
  }

  /// Adds the bias of `count` queries from `first` on to their scores.
  @inline(never)
  func add(
    to scores: UnsafeMutablePointer<Float>, firstQuery first: Int, queries count: Int, keys: Int
  ) {
    let panel = Panel(places + first, count: count, prefixed: prefixed)
    for key in 0..<keys {
      let place = places[key]
      let bias: Vector
      if place >= 0 {
        bias = panel.bias(centre - Int(place))
      } else if place == RelativePositionBias.prefixPlace {
        bias = panel.toPrefix
      } else {
        continue
      }
      store(load(scores, key &* queryTile) + bias, scores, key &* queryTile)
    }
  }

  /// What 16 queries have for every key.
  private struct Panel {
    /// Where the lanes of a run would begin if it had all 16, from the entry of a key and itself.
    private var starts = InlineArray<16, Int>(repeating: 0)

    /// The lanes from a run's first on.
    private var lanesFrom = InlineArray<16, SIMDMask<SIMD16<Int32>>>(
      repeating: SIMDMask(repeating: false))
    private var runs = 0

    /// Lanes of queries that have no place, and what these have for patches as keys.
    private var isPlaceless = SIMDMask<SIMD16<Int32>>(repeating: false)
    private var placeless = Vector()

    /// What all lanes have for a prefix token as key.
    private(set) var toPrefix = Vector()

    init(
      _ places: UnsafePointer<Int32>, count: Int, prefixed: (query: Float, key: Float, both: Float)
    ) {
      // The place that the next lane of a run would have.
      var next = -1
      for lane in 0..<count {
        let place = Int(places[lane])
        guard place >= 0 else {
          isPlaceless[lane] = true
          if place == Int(RelativePositionBias.prefixPlace) {
            placeless[lane] = prefixed.query
            toPrefix[lane] = prefixed.both
          }
          next = -1
          continue
        }
        toPrefix[lane] = prefixed.key
        if place != next {
          starts[runs] = place &- lane
          for other in lane..<16 { lanesFrom[runs][other] = true }
          runs &+= 1
        }
        next = place &+ 1
      }
    }

    /// The vector of a key, from the entry of that key and a query at place 0.
    @inline(__always)
    func bias(_ entry: UnsafeMutablePointer<Float>) -> Vector {
      guard runs > 0 else { return placeless }
      var vector = load(entry, starts[0])
      var run = 1
      while run < runs {
        vector.replace(with: load(entry, starts[run]), where: lanesFrom[run])
        run &+= 1
      }
      vector.replace(with: placeless, where: isPlaceless)
      return vector
    }
  }
}
