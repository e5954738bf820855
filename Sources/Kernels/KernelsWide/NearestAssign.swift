package import KernelInterface

// As in attention, 16 tokens are the columns of a panel and all tokens the rows of the product, so that the
// search for the highest runs along vectors without crossing lanes.
extension WideKernels {
  package static func nearestAssign(
    _ arguments: NearestAssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let split = a.split
    let image = item / split.parts
    let part = item &- image &* split.parts
    let room = NearestScratch(a, scratch)
    let rows = a.input.pointer(image: image, row: a.prefix)
    for i in 0..<a.patches {
      let row = rows + i &* a.input.stride
      let length = dot(row, row, a.width).squareRoot()
      room.factors[i] = length > 0 ? 1 / length : 0
    }
    let end = split.start(part &+ 1)
    var panel = split.start(part)
    while panel < end {
      let panels = panelsOfTile(left: end &- panel, most: TileShape.panels)
      for next in 0..<panels {
        let first = (panel &+ next) &* panelWidth
        transposeRows(
          rows + first &* a.input.stride, step: a.input.stride,
          count: min(panelWidth, a.patches &- first), width: a.width, into: room.panel(next))
      }
      multiplyRows(
        rows, step: a.input.stride, count: a.patches, width: a.width, panels: panels,
        by: room.rightHand, into: room.products(0))
      for next in 0..<panels {
        let first = (panel &+ next) &* panelWidth
        let place = image &* a.patches &+ first
        findNearest(
          room.products(next), factors: room.factors, first: first, tokens: a.patches,
          nearest: a.nearest + place, similarity: a.similarity + place)
      }
      panel &+= panels
    }
  }
}

/// Places within a thread's scratch.
private struct NearestScratch {
  /// `[panels][width][16]`.
  private let panels: UnsafeMutablePointer<Float>
  /// `[panels][tokens][16]`.
  private let products: UnsafeMutablePointer<Float>
  /// `[tokens]`: one over each one's length.
  let factors: UnsafeMutablePointer<Float>
  private let width: Int
  private let tokens: Int

  init(_ a: NearestAssignArguments, _ scratch: UnsafeMutableRawPointer) {
    (width, tokens) = (a.width, a.patches)
    panels = scratch.assumingMemoryBound(to: Float.self)
    products = panels + TileShape.panels &* width &* panelWidth
    factors = products + TileShape.panels &* tokens &* panelWidth
  }

  /// `[width][16]`.
  @inline(__always)
  func panel(_ index: Int) -> UnsafeMutablePointer<Float> { panels + index &* width &* panelWidth }

  /// `[tokens][16]`.
  @inline(__always)
  func products(_ panel: Int) -> UnsafeMutablePointer<Float> {
    products + panel &* tokens &* panelWidth
  }

  /// The panels as a right-hand side.
  @inline(__always)
  var rightHand: RightHand<Binary32> {
    RightHand(
      start: UnsafeRawPointer(panels), panelBytes: width &* panelWidth &* 4,
      ahead: UnsafeRawPointer(panels))
  }
}

/// The nearest of 16 tokens from `first` on, as far as there are.
@inline(never)
private func findNearest(
  _ products: UnsafeMutablePointer<Float>, factors: UnsafeMutablePointer<Float>, first: Int,
  tokens: Int, nearest: UnsafeMutablePointer<Int32>, similarity: UnsafeMutablePointer<Float>
) {
  let count = min(panelWidth, tokens &- first)
  var own = Vector()
  for lane in 0..<count {
    own[lane] = factors[first &+ lane]
    // No token is its own nearest.
    products[(first &+ lane) &* panelWidth &+ lane] = -.infinity
  }
  var highest = splat(-.infinity)
  var index = SIMD16<Int32>()
  if first == 0 { index[0] = 1 }
  for token in 0..<tokens {
    // Factors first, so that two tokens find the same of each other.
    let cosine = load(products, token &* panelWidth) * (own * splat(factors[token]))
    let isHigher = cosine .> highest
    highest.replace(with: cosine, where: isHigher)
    index.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: token)), where: isHigher)
  }
  for lane in 0..<count {
    nearest[lane] = index[lane]
    similarity[lane] = highest[lane]
  }
}
