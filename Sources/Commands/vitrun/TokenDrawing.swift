internal import CommandSupport
internal import JSON
internal import ViTRuntime

/// What became of an image's tokens, as a drawing and as JSON.
struct TokenDrawing {
  /// Panels beside each other.
  private static let columns = 5

  /// The least pixels of a panel's width, so that titles fit.
  private static let leastWidth = 320

  private let crop: RGBImage
  private let grid: (height: Int, width: Int)
  private let stages: [(block: Int, tokens: Int, outcome: TokenOwners.Outcome)]

  /// Nil where nothing was kept of the image's stages.
  init?(_ image: SeenImage<Cascade.Answer>, _ plan: Plan) {
    guard let crop = image.crop else { return nil }
    self.crop = crop
    grid = (plan.facts.gridHeight, plan.facts.gridWidth)
    let outcomes = TokenOwners.follow(image.stages, patches: grid.height * grid.width)
    stages = zip(image.stages, outcomes).map { trace, outcome in
      (trace.record.block + 1, trace.kept.count + (trace.appendsRow ? 1 : 0), outcome)
    }
  }

  /// Writes the drawing.
  func write(to path: String) throws {
    var drawing = TokenMapDrawing()
    drawing.columns = Self.columns
    drawing.scale = min(64, max(drawing.scale, (Self.leastWidth + crop.width - 1) / crop.width))
    let panels = try drawing.draw(
      crop: crop, gridHeight: grid.height, gridWidth: grid.width,
      maps: stages.map {
        TokenMap(
          owners: $0.outcome.owners, fused: Set($0.outcome.fused), waiting: Set($0.outcome.waiting))
      },
      titles: ["image: \(grid.height * grid.width) tokens"]
        + stages.map { "block \($0.block): \($0.tokens) tokens" })
    try PNGEncoder.write(panels, to: path)
  }

  /// The stages as `--tokens` has them: patches are counted from 0, row by row; the groups are in the order of those
  /// that are kept, which are among them.
  var json: JSONValue {
    .array(
      stages.map { block, _, outcome in
        let owners = outcome.owners
        let kept = owners.indices.filter { owners[$0] == $0 }
        let groups = Dictionary(grouping: owners.indices) { owners[$0] ?? -1 }
        let isFused = Set(outcome.fused)
        let isWaiting = Set(outcome.waiting)
        let left = owners.indices.filter {
          owners[$0] == nil && !isFused.contains($0) && !isWaiting.contains($0)
        }
        func list(_ patches: [Int]) -> JSONValue { .array(patches.map { .init($0) }) }
        return [
          "block": .init(block), "kept": list(kept),
          "groups": .array(kept.map { list(groups[$0] ?? []) }), "fused": list(outcome.fused),
          "waiting": list(outcome.waiting), "left": list(left),
        ]
      })
  }
}
