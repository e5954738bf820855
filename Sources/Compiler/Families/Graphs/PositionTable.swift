internal import ModelGraph
internal import Tensors

/// The position embedding `[tokens, D]`, resized when another image size was asked for.
enum PositionTable {
  /// The table for the target's grid; nil of a model that has none.
  static func constant(_ model: ResolvedModel, _ tensors: TensorSet) throws -> Constant? {
    guard model.source.hasPositions else { return nil }
    let (source, target) = (model.source, model.target)
    let width = source.embedDim
    let prefix = source.hasPatchOnlyPositions ? 0 : source.prefixTokens
    let table = try tensors.constant("pos_embed", shape: [prefix + source.patchTokens, width])
    guard target.gridHeight != source.gridHeight || target.gridWidth != source.gridWidth else {
      return table
    }
    let kind = model.positionResize
    return Constant(
      name: "pos_embed@\(target.gridHeight)x\(target.gridWidth)",
      shape: [prefix + target.patchTokens, width]
    ) {
      let values = try table.values()
      let split = prefix * width
      let columns = resize(
        Array(values[split...]), rows: source.gridHeight, columns: source.gridWidth, depth: width,
        to: target.gridWidth, kind)
      let grid = transposed(
        resize(
          transposed(columns, rows: source.gridHeight, columns: target.gridWidth, depth: width),
          rows: target.gridWidth, columns: source.gridHeight, depth: width, to: target.gridHeight,
          kind),
        rows: target.gridWidth, columns: target.gridHeight, depth: width)
      return Array(values[..<split]) + grid
    }
  }

  /// Resizes `[rows, columns, depth]` along its columns.
  private static func resize(
    _ values: [Float], rows: Int, columns: Int, depth: Int, to count: Int, _ kind: PositionResize
  ) -> [Float] {
    guard count != columns else { return values }
    var result = [Float](repeating: 0, count: rows * count * depth)
    for target in 0..<count {
      let taps =
        switch kind {
        case .timm: antialiased(target, columns, count)
        case .transformers:
          nearest((Double(target) + 0.5) * Double(columns) / Double(count) - 0.5, columns)
        case .torchvision:
          nearest(Double(target) * Double(columns - 1) / Double(max(1, count - 1)), columns)
        }
      for row in 0..<rows {
        for channel in 0..<depth {
          var sum = 0.0
          for tap in taps {
            sum += tap.weight * Double(values[(row * columns + tap.column) * depth + channel])
          }
          result[(row * count + target) * depth + channel] = Float(sum)
        }
      }
    }
    return result
  }

  /// Bicubic with a = -0.5, widened when shrinking, as PyTorch's antialiased interpolation (which timm's
  /// resample_abs_pos_embed uses).
  private static func antialiased(_ target: Int, _ columns: Int, _ count: Int)
    -> [(column: Int, weight: Double)]
  {
    let scale = Double(columns) / Double(count)
    let support = 2 * max(scale, 1)
    let centre = (Double(target) + 0.5) * scale
    let first = max(0, Int(centre - support + 0.5))
    let last = min(columns, Int(centre + support + 0.5))
    let weights = (first..<last).map {
      cubic((Double($0) - centre + 0.5) / max(scale, 1), a: -0.5)
    }
    let total = weights.reduce(0, +)
    return zip(first..<last, weights).map { ($0, $1 / total) }
  }

  /// Bicubic with a = -0.75 over the four columns nearest to a place, the edges repeated, as PyTorch's
  /// interpolation without antialiasing (transformers' ViT; torchvision's with aligned corners).
  private static func nearest(_ place: Double, _ columns: Int) -> [(column: Int, weight: Double)] {
    let floor = Int(place.rounded(.down))
    return (floor - 1...floor + 2).map {
      (min(max($0, 0), columns - 1), cubic(Double($0) - place, a: -0.75))
    }
  }

  private static func cubic(_ x: Double, a: Double) -> Double {
    let x = abs(x)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }

  private static func transposed(_ values: [Float], rows: Int, columns: Int, depth: Int) -> [Float]
  {
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns {
        for channel in 0..<depth {
          result[(column * rows + row) * depth + channel] =
            values[(row * columns + column) * depth + channel]
        }
      }
    }
    return result
  }
}
