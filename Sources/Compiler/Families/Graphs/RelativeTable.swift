internal import CLibrary
internal import ModelFacts
internal import ModelGraph
internal import Tensors

/// The entries of relative positions, `[heads, entries]` as `BiasedAttention` reads them.
enum RelativeTable {
  /// The grid that a model's tables are for.
  /// - Throws: `InputError` if there are more tokens in front of the patches than tables have entries of.
  static func grid(_ config: ViTConfig, file: String) throws -> RelativeGrid {
    try grid(
      rows: config.gridHeight, columns: config.gridWidth, prefix: config.prefixTokens, file: file)
  }

  /// As the other, of patches that are counted.
  static func grid(
    rows: Int, columns: Int, prefix: Int, file: String
  ) throws -> RelativeGrid {
    guard let grid = RelativeGrid(rows: rows, columns: columns, prefix: prefix) else {
      throw InputError(
        .unsupported, file: file, field: "relative positions",
        expected: "a grid of at most 4096 patches both ways, behind a class token or nothing",
        found: "\(prefix) tokens in front of \(rows) x \(columns)")
    }
    return grid
  }

  /// The table of a block, or that of all blocks; the sum of both where there are both.
  static func constant(
    _ relative: RelativePositions, _ grid: RelativeGrid, heads: Int, block: Int,
    _ tensors: TensorSet
  ) throws -> Constant {
    var parts: [Constant] = []
    if relative.isInBlocks {
      parts.append(
        try part(relative, grid, heads: heads, tensors) {
          RelativePositions.name(block: block, $0)
        })
    }
    if relative.isShared {
      parts.append(
        try part(relative, grid, heads: heads, tensors) { RelativePositions.sharedName($0) })
    }
    guard parts.count > 1 else { return parts[0] }
    let (own, shared) = (parts[0], parts[1])
    // The shared one's parameters are counted once, with the first block.
    return Constant(
      name: "\(own.name)+\(shared.name)", shape: own.shape,
      parameters: own.parameters + (block == 0 ? shared.parameters : 0)
    ) { zip(try own.values(), try shared.values()).map(+) }
  }

  private static func part(
    _ relative: RelativePositions, _ grid: RelativeGrid, heads: Int, _ tensors: TensorSet,
    name: (String) -> String
  ) throws -> Constant {
    guard let width = relative.networkWidth else {
      let table = try tensors.constant(name(RelativePositions.table))
      return Constant(
        name: "\(table.name)[T]", shape: [heads, grid.entries], parameters: table.parameters
      ) { transposed(try table.values(), columns: heads) }
    }
    let layers = try [
      name("mlp.fc1.weight"), name("mlp.fc1.bias"), name("mlp.fc2.weight"),
    ].map { try tensors.constant($0) }
    let bias = relative.isBounded ? nil : try tensors.constant(name("mlp.fc2.bias"))
    let distances = self.distances(grid, isScaled: relative.isBounded)
    let isBounded = relative.isBounded
    return Constant(
      name: "\(name("mlp"))@\(grid.rows)x\(grid.columns)", shape: [heads, grid.entries],
      parameters: (layers + [bias].compactMap(\.self)).reduce(0) { $0 + $1.parameters }
    ) {
      let (first, shift, second) = (
        try layers[0].values(), try layers[1].values(), try layers[2].values()
      )
      let last = try bias?.values() ?? [Float](repeating: 0, count: heads)
      var table: [Float] = []
      table.reserveCapacity(heads * grid.entries)
      for head in 0..<heads {
        for (y, x) in distances {
          var sum = Double(last[head])
          for hidden in 0..<width {
            let value =
              Double(first[2 * hidden]) * y + Double(first[2 * hidden + 1]) * x
              + Double(shift[hidden])
            sum += max(value, 0) * Double(second[head * width + hidden])
          }
          table.append(Float(isBounded ? 16 / (1 + exp(-sum)) : sum))
        }
        // A class token has none.
        table += [Float](repeating: 0, count: grid.entries - grid.patchEntries)
      }
      return table
    }
  }

  /// What the network reads of each entry: `sign(d) log(1 + |d|)` of the distances in rows and columns; scaled, to
  /// logarithms to base 8 of distances that are 8 at the edge.
  private static func distances(
    _ grid: RelativeGrid, isScaled: Bool
  ) -> [(y: Double, x: Double)] {
    func along(_ count: Int) -> [Double] {
      (1 - count..<count).map { distance in
        let scaled = isScaled ? 8 * Double(distance) / Double(count - 1) : Double(distance)
        let size = log(1 + abs(scaled)) / (isScaled ? log(8) : 1)
        return scaled < 0 ? -size : size
      }
    }
    let horizontal = along(grid.columns)
    return along(grid.rows).flatMap { y in horizontal.map { (y, $0) } }
  }

  private static func transposed(_ values: [Float], columns: Int) -> [Float] {
    let rows = values.count / max(columns, 1)
    return (0..<columns).flatMap { column in
      (0..<rows).map { values[$0 * columns + column] }
    }
  }

  /// Throws unless every stored index is the one that is computed: nothing else is.
  static func checkIndices(_ grid: RelativeGrid, _ tensors: TensorSet) throws {
    let count = grid.prefix + grid.patches
    for name in tensors.tensors.keys.sorted()
    where name.split(separator: ".").last.map(String.init) == RelativePositions.index {
      let values = try tensors.tensors[name]?.values() ?? []
      for (place, value) in values.enumerated() {
        let (query, key) = place.quotientAndRemainder(dividingBy: count)
        let entry = grid.entry(query: query, key: key)
        guard value == Float(entry) else {
          throw InputError(
            .contradiction, file: tensors.file, field: "\(name)[\(query), \(key)]",
            expected: "\(entry), the entry of these tokens in a grid of \(grid.rows) x "
              + "\(grid.columns)",
            found: "\(value)")
        }
      }
    }
  }
}
