internal import CLibrary
internal import ModelGraph
internal import Tensors

/// Cosines and sines of a grid's positions, `[positions, 1 or heads, headWidth]` as `RotaryEmbedding` reads them.
enum RotaryTable {
  /// The tensor that has tables as they are, `[blocks or 1, positions, heads or 1, headWidth]`.
  static let tensor = "rope.table"

  /// How many tables that tensor has, and of what.
  struct Extents: Sendable, Equatable {
    let blocks: Int
    let heads: Int
    let width: Int

    /// - Parameter shape: of four axes.
    init(_ shape: [Int]) { (blocks, heads, width) = (shape[0], shape[2], shape[3]) }

    /// Every block has its own, as with frequencies of the checkpoint.
    var isOfEachBlock: Bool { blocks > 1 || heads > 1 }
  }

  /// The table of all blocks, or with frequencies of the checkpoint that of one block.
  static func constant(
    _ rotary: RotaryPositions, _ config: ViTConfig, block: Int, _ tensors: TensorSet
  ) throws -> Constant {
    let (rows, columns) = (config.gridHeight, config.gridWidth)
    let half = config.headWidth / 2
    let grid = "\(rows)x\(columns)"
    if rotary.kind == .tabulated, let extents = config.rotaryTable {
      return try tabulated(extents, config, block: block, tensors)
    }
    guard rotary.kind == .mixed else {
      return Constant(
        name: "rope@\(grid)", shape: [rows * columns, 1, config.headWidth], parameters: 0
      ) {
        table(of: angles(rotary, rows: rows, columns: columns, half: half), half: half)
      }
    }
    let frequencies = try tensors.constant("rope.freqs")
    let (depth, heads) = (config.depth, config.heads)
    return Constant(
      name: "rope.freqs[:, \(block)]@\(grid)", shape: [rows * columns, heads, config.headWidth],
      parameters: frequencies.parameters / depth
    ) {
      // [2, depth, heads, half]: those of the first axis, and those of the second.
      let values = try frequencies.values()
      let count = heads * half
      let (first, second) = (block * count, (depth + block) * count)
      var angles: [Double] = []
      angles.reserveCapacity(rows * columns * count)
      for row in 0..<rows {
        for column in 0..<columns {
          let (x, y) = rotary.startsWithX ? (column, row) : (row, column)
          for index in 0..<count {
            angles.append(
              Double(x) * Double(values[first + index]) + Double(y)
                * Double(values[second + index]))
          }
        }
      }
      return table(of: angles, half: half)
    }
  }

  /// The table that a checkpoint has for a block.
  private static func tabulated(
    _ extents: Extents, _ config: ViTConfig, block: Int, _ tensors: TensorSet
  ) throws -> Constant {
    let grid = "\(config.gridHeight)x\(config.gridWidth)"
    let table = try tensors.constant(tensor)
    let count = config.patchTokens * extents.heads * extents.width
    let first = extents.blocks > 1 ? block * count : 0
    return Constant(
      name: extents.isOfEachBlock ? "rope.freqs[:, \(block)]@\(grid)" : "rope@\(grid)",
      shape: [config.patchTokens, extents.heads, extents.width],
      // Two frequencies for each pair of elements make a table of each head.
      parameters: extents.isOfEachBlock ? extents.heads * extents.width : 0
    ) { Array(try table.values()[first..<first + count]) }
  }

  /// `[positions, half]`: those of the first axis' place, and those of the second's.
  private static func angles(
    _ rotary: RotaryPositions, rows: Int, columns: Int, half: Int
  ) -> [Double] {
    let bands = (0..<half / 2).map { pow(rotary.temperature, -2 * Double($0) / Double(half)) }
    func places(_ count: Int, _ reference: Int?) -> [Double] {
      (0..<count).map { place in
        switch rotary.kind {
        case .centered:
          2 * Double.pi * (2 * (Double(place) + 0.5 + rotary.offset) / Double(count) - 1)
        case .axial, .mixed, .tabulated:
          (Double(place) + rotary.offset) * Double(reference ?? count) / Double(count)
        }
      }
    }
    let vertical = places(rows, rotary.reference?.rows)
    let horizontal = places(columns, rotary.reference?.columns)
    return vertical.flatMap { y in
      horizontal.flatMap { x in
        let (first, second) = rotary.startsWithX ? (x, y) : (y, x)
        return bands.map { first * $0 } + bands.map { second * $0 }
      }
    }
  }

  /// Of every `half` angles the cosines, then the sines.
  private static func table(of angles: [Double], half: Int) -> [Float] {
    var table: [Float] = []
    table.reserveCapacity(2 * angles.count)
    for start in stride(from: 0, to: angles.count, by: half) {
      let own = angles[start..<start + half]
      table += own.map { Float(cos($0)) }
      table += own.map { Float(sin($0)) }
    }
    return table
  }
}
