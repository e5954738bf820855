package import KernelInterface

extension WideKernels {
  package static func winograd(
    _ arguments: WinogradArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.convolution
    let room = WinogradScratch(arguments, scratch)
    let (image, tiles) = arguments.block(item)
    let tilesAcross = arguments.tilesAcross
    transformInputs(a, image, tiles, tilesAcross, room)

    let panelCount = a.outputChannels / panelWidth
    let panelSize = room.points &* a.channels &* panelWidth
    var panel = 0
    while panel < panelCount {
      let panels = panelsOfTile(left: panelCount &- panel, most: TileShape.panels)
      let groups = TileHeights(
        tiles.count, most: min(TileShape.rows(panels: panels), a.tiles.winogradTiles))
      let weights = arguments.weights + panel &* panelSize
      // What is multiplied next: more panels, or the first ones by the next item.
      let after = panel &+ panels < panelCount ? weights + panels &* panelSize : arguments.weights
      var tile = 0
      for group in 0..<groups.count {
        let height = groups[group]
        // The first groups ask for it, a panel each.
        multiplyPoints(
          weights, ahead: group < panels ? after + group &* panelSize : weights, panels: panels,
          channels: a.channels, firstTile: tile, tiles: height, room)
        for next in 0..<panels {
          transformSums(
            a, image, firstTile: tiles.lowerBound &+ tile, tiles: height, tilesAcross,
            column: (panel &+ next) &* panelWidth,
            room.sums + next &* height &* panelWidth, room.sumStride)
        }
        tile &+= height
      }
      panel &+= panels
    }
  }
}

/// Points of a tile's line.
@inline(__always)
private var linePoints: Int { 6 }

/// Places within a thread's scratch.
private struct WinogradScratch {
  /// Points of a tile: not known here, so that loops over them are not unrolled.
  let points: Int
  /// `[24][inputStride]`, of which `[tiles][channels]` are used.
  let inputs: UnsafeMutablePointer<Float>
  let inputStride: Int
  /// `[24][sumStride]`, of which `[panels][tiles][16]` are used.
  let sums: UnsafeMutablePointer<Float>
  let sumStride: Int
  /// `[4][6][channels]`, the pixels of a tile at the edge.
  let window: UnsafeMutablePointer<Float>

  init(_ a: WinogradArguments, _ scratch: UnsafeMutableRawPointer) {
    points = WinogradArguments.points
    inputs = scratch.assumingMemoryBound(to: Float.self)
    inputStride = a.inputStride
    sums = inputs + points &* inputStride
    sumStride = a.sumStride
    window = sums + points &* sumStride
  }
}

// MARK: - Inputs

/// Transforms the pixels of every tile, `[24][tiles][channels]`.
private func transformInputs(
  _ a: ConvolutionArguments, _ image: Int, _ tiles: Range<Int>, _ tilesAcross: Int,
  _ room: WinogradScratch
) {
  guard case .map(let rows) = a.input else { return }
  let map = rows.pointer(image: image, row: 0)
  var (line, column) = (tiles.lowerBound / tilesAcross, tiles.lowerBound % tilesAcross)
  var place = room.inputs
  for _ in 0..<tiles.count {
    let (top, left) = (2 &* line &- 1, 4 &* column &- 1)
    if top >= 0 && top &+ 4 <= a.height && left >= 0 && left &+ 6 <= a.width {
      transformInput(
        map + (top &* a.width &+ left) &* rows.stride, pixelStep: rows.stride,
        lineStep: a.width &* rows.stride, channels: a.channels, to: place, room.inputStride)
    } else {
      gatherWindow(a, map, rowStep: rows.stride, top: top, left: left, into: room.window)
      transformInput(
        UnsafePointer(room.window), pixelStep: a.channels, lineStep: linePoints &* a.channels,
        channels: a.channels, to: place, room.inputStride)
    }
    place += a.channels
    column &+= 1
    if column == tilesAcross { (line, column) = (line &+ 1, 0) }
  }
}

/// Copies 4 x 6 pixels, zeros outside the map.
@inline(never)
private func gatherWindow(
  _ a: ConvolutionArguments, _ map: UnsafePointer<Float>, rowStep: Int, top: Int, left: Int,
  into window: UnsafeMutablePointer<Float>
) {
  clear(window, 4 &* linePoints &* a.channels)
  let columns = max(left, 0)..<min(left &+ linePoints, a.width)
  for y in max(top, 0)..<min(top &+ 4, a.height) {
    for x in columns {
      copy(
        map + (y &* a.width &+ x) &* rowStep,
        window + ((y &- top) &* linePoints &+ x &- left) &* a.channels, a.channels)
    }
  }
}

/// `B4 d B6` of one tile, for every channel.
@inline(never)
private func transformInput(
  _ pixels: UnsafePointer<Float>, pixelStep: Int, lineStep: Int, channels: Int,
  to place: UnsafeMutablePointer<Float>, _ stride: Int
) {
  var channel = 0
  while channel < channels {
    let source = pixels + channel
    let to = place + channel
    @inline(__always)
    func pixel(_ line: Int, _ column: Int) -> Vector {
      load(source, line &* lineStep &+ column &* pixelStep)
    }
    transformLine(to, stride) { pixel(2, $0) - pixel(0, $0) }
    transformLine(to + linePoints &* stride, stride) { pixel(1, $0) + pixel(2, $0) }
    transformLine(to + 2 &* linePoints &* stride, stride) { pixel(2, $0) - pixel(1, $0) }
    transformLine(to + 3 &* linePoints &* stride, stride) { pixel(3, $0) - pixel(1, $0) }
    channel &+= lanes
  }
}

/// `d B6` of one line: the values at the points of the polynomials that belong to them.
@inline(__always)
private func transformLine(
  _ to: UnsafeMutablePointer<Float>, _ stride: Int, _ pixel: (Int) -> Vector
) {
  let (d1, d2, d3, d4) = (pixel(1), pixel(2), pixel(3), pixel(4))
  let product = splat(near * near * far * far)
  let sum = splat(-near * near - far * far)
  store(multiplyAdd(pixel(0), product, multiplyAdd(d2, sum, d4)), to, 0)
  store(multiplyAdd(d1, product, multiplyAdd(d3, sum, pixel(5))), to, 5 &* stride)
  let (even, odd) = (multiplyAdd(d2, splat(-far * far), d4), multiplyAdd(d1, splat(-far * far), d3))
  store(multiplyAdd(odd, splat(near), even), to, stride)
  store(multiplyAdd(odd, splat(-near), even), to, 2 &* stride)
  let (even2, odd2) = (
    multiplyAdd(d2, splat(-near * near), d4), multiplyAdd(d1, splat(-near * near), d3)
  )
  store(multiplyAdd(odd2, splat(far), even2), to, 3 &* stride)
  store(multiplyAdd(odd2, splat(-far), even2), to, 4 &* stride)
}

/// The point of F(4, 3) near zero.
@inline(__always)
private var near: Float { 0.625 }

/// The point of F(4, 3) far from zero.
@inline(__always)
private var far: Float { 1.5 }

// MARK: - Products

/// Multiplies the inputs of every point by its weights: `[24][panels][tiles][16]`. As much as one panel
/// has is asked for from `ahead` on.
@inline(never)
private func multiplyPoints(
  _ weights: UnsafeMutablePointer<Float>, ahead: UnsafeMutablePointer<Float>, panels: Int,
  channels: Int, firstTile: Int, tiles: Int, _ room: WinogradScratch
) {
  let pointSize = channels &* panelWidth
  var left = LeftHand(
    start: UnsafePointer(room.inputs + firstTile &* channels), step: channels, segments: 1,
    length: channels, segmentStep: 0)
  var right = RightHand<Binary32>(
    start: UnsafeRawPointer(weights), panelBytes: room.points &* pointSize &* 4,
    ahead: UnsafeRawPointer(ahead))
  var place = Sums(start: room.sums, step: tiles &* panelWidth, resumes: false)
  for _ in 0..<room.points {
    TileShape.multiply(height: tiles, panels: panels, left, left.start, right, place)
    left.start += room.inputStride
    right.start += pointSize &* 4
    right.ahead += pointSize &* 4
    place.start += room.sumStride
  }
}

// MARK: - Outputs

/// Makes 16 channels of the output of some tiles.
private func transformSums(
  _ a: ConvolutionArguments, _ image: Int, firstTile: Int, tiles: Int, _ tilesAcross: Int,
  column: Int, _ sums: UnsafeMutablePointer<Float>, _ sumStride: Int
) {
  let output = a.output.pointer(image: image, row: 0) + column
  var bias = Vector()
  if let biases = a.bias { bias = load(biases, column) }
  var (line, tileColumn) = (firstTile / tilesAcross, firstTile % tilesAcross)
  var sum = sums
  let isGated =
    switch a.activation {
    case .none, .gelu, .relu: false
    case .geluTanh, .quickGelu, .silu, .tanh: true
    }
  for _ in 0..<tiles {
    let (y, x) = (2 &* line, 4 &* tileColumn)
    let pixel = y &* a.width &+ x
    var place = TilePlace(
      output: output + pixel &* a.output.stride, outputStep: a.output.stride, addend: nil,
      addendStep: a.outputChannels, width: a.width, lines: min(2, a.height &- y),
      columns: min(4, a.width &- x))
    if let table = a.table { place.addend = table + pixel &* a.outputChannels + column }
    if isGated {
      transformGatedTile(sum, sumStride, bias, a.activation, place)
    } else {
      transformTile(sum, sumStride, bias, a.activation, place)
    }
    sum += panelWidth
    tileColumn &+= 1
    if tileColumn == tilesAcross { (line, tileColumn) = (line &+ 1, 0) }
  }
}

/// Where a tile's output goes, and what is added to it last.
private struct TilePlace {
  /// The first pixel.
  var output: UnsafeMutablePointer<Float>
  /// Floats from one pixel to the next.
  let outputStep: Int
  /// The first pixel of the table.
  var addend: UnsafePointer<Float>?
  /// Floats from one pixel of the table to the next.
  let addendStep: Int
  /// Pixels of a line.
  let width: Int
  /// Lines of the tile inside the map.
  let lines: Int
  /// Columns of the tile inside the map.
  let columns: Int
}

/// `A4 m A6` of one tile, with bias, activation and table.
@inline(never)
private func transformTile(
  _ sums: UnsafeMutablePointer<Float>, _ stride: Int, _ bias: Vector, _ activation: Activation,
  _ place: TilePlace
) {
  finishTile(sums, stride, bias, place) { value in
    switch activation {
    case .gelu: gelu(value)
    case .relu: maximum(Vector(), value)
    default: value
    }
  }
}

/// The same for those activations that are called: apart, for the others to keep their registers.
@inline(never)
private func transformGatedTile(
  _ sums: UnsafeMutablePointer<Float>, _ stride: Int, _ bias: Vector, _ activation: Activation,
  _ place: TilePlace
) {
  finishTile(sums, stride, bias, place) { activateGated($0, activation) }
}

@inline(__always)
private func finishTile(
  _ sums: UnsafeMutablePointer<Float>, _ stride: Int, _ bias: Vector, _ place: TilePlace,
  _ activate: (Vector) -> Vector
) {
  @inline(__always)
  func sum(_ line: Int, _ point: Int) -> Vector {
    load(sums, (line &* linePoints &+ point) &* stride)
  }
  @inline(__always)
  func first(_ point: Int) -> Vector { sum(0, point) + (sum(1, point) + sum(2, point)) }
  @inline(__always)
  func second(_ point: Int) -> Vector { (sum(1, point) - sum(2, point)) + sum(3, point) }
  finishLine(
    0, bias, activate, place, first(0), first(1), first(2), first(3), first(4), first(5))
  if place.lines > 1 {
    finishLine(
      1, bias, activate, place, second(0), second(1), second(2), second(3), second(4), second(5))
  }
}

/// `m A6` of one line, finished and written.
@inline(__always)
private func finishLine(
  _ line: Int, _ bias: Vector, _ activate: (Vector) -> Vector, _ place: TilePlace,
  _ atZero: Vector, _ n0: Vector, _ n1: Vector, _ f0: Vector, _ f1: Vector, _ atInfinity: Vector
) {
  let (nearSum, nearDifference) = (n0 + n1, n0 - n1)
  let (farSum, farDifference) = (f0 + f1, f0 - f1)
  @inline(__always)
  func finish(_ column: Int, _ value: Vector) {
    guard column < place.columns else { return }
    let pixel = line &* place.width &+ column
    var result = activate(value + bias)
    if let addend = place.addend { result = load(addend, pixel &* place.addendStep) + result }
    store(result, place.output, pixel &* place.outputStep)
  }
  finish(0, atZero + (nearSum + farSum))
  finish(1, multiplyAdd(farDifference, splat(far), nearDifference * splat(near)))
  finish(2, multiplyAdd(farSum, splat(far * far), nearSum * splat(near * near)))
  let cubes = multiplyAdd(nearDifference, splat(near * near * near), atInfinity)
  finish(3, multiplyAdd(farDifference, splat(far * far * far), cubes))
}
