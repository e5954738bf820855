internal import ModelGraph

/// Another order of a constant's first axis.
struct RowOrder: Sendable {
  /// What the constant is called then, behind its name.
  private let note: String

  /// The place in the checkpoint of each row.
  private let source: @Sendable (Int) -> Int

  /// Of each head of the first `parts` parts (queries, keys) the elements 0, 2, 4, ... and then 1, 3, 5, ...: what
  /// pairs of neighbours are in the checkpoint, elements i and `i + headWidth / 2` are then. Products of queries and
  /// keys are the same.
  static func gatheringPairs(parts: Int, heads: Int, headWidth: Int) -> RowOrder {
    let (half, rows) = (headWidth / 2, parts * heads * headWidth)
    return RowOrder(note: "pairs") { row in
      guard row < rows else { return row }
      let (head, element) = row.quotientAndRemainder(dividingBy: headWidth)
      return head * headWidth + (element < half ? 2 * element : 2 * (element - half) + 1)
    }
  }

  /// The second half in front of the first.
  static func exchangingHalves(of rows: Int) -> RowOrder {
    RowOrder(note: "halves") { row in row < rows / 2 ? row + rows / 2 : row - rows / 2 }
  }

  /// The constant with its rows in this order.
  func arranging(_ constant: Constant) -> Constant {
    let source = source
    return Constant(
      name: "\(constant.name)[\(note)]", shape: constant.shape, parameters: constant.parameters
    ) {
      let values = try constant.values()
      let rows = constant.shape[0]
      let width = values.count / max(rows, 1)
      var result: [Float] = []
      result.reserveCapacity(values.count)
      for row in 0..<rows {
        let first = source(row) * width
        result += values[first..<first + width]
      }
      return result
    }
  }
}
