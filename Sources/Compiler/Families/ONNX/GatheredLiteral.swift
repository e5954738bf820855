/// Entries along one axis of a constant, which another constant names: what a table of relative positions is to all pairs
/// of tokens. It is made when it is read, since it is much larger than the table.
struct GatheredLiteral: Sendable {
  /// `[outer, extent, inner]` in row-major order, of any shape.
  let source: Literal

  /// Of `extent`, each in `-extent..<extent`.
  let indices: Literal

  private let outer, extent, inner: Int

  /// `[outer, indices, inner]`.
  let count: Int

  /// More elements are not gathered: sixteen heads of 1025 tokens have 17 million.
  private static let mostElements = 20 << 20

  /// More are not read.
  static let mostIndices = 1 << 22

  /// Nil if that is little enough to be made at once, or too much, or of what is gathered itself.
  init?(_ source: Literal, along axis: Int, at indices: Literal) {
    let shape = source.shape
    (self.source, self.indices) = (source, indices)
    (outer, extent) = (shape[..<axis].reduce(1, *), shape[axis])
    inner = shape[(axis + 1)...].reduce(1, *)
    let (rows, overflow) = (outer * inner).multipliedReportingOverflow(
      by: indices.layout.elementCount)
    count = rows
    guard !overflow, (Self.fewElements...Self.mostElements).contains(rows),
      indices.layout.elementCount <= Self.mostIndices,
      source.layout.elementCount <= Literal.computableElements,
      source.storage.count <= Literal.Storage.largestArray,
      !source.storage.isGathered, !indices.storage.isGathered
    else { return nil }
  }

  /// Fewer are not worth reading the source for more than once.
  private static let fewElements = 1 << 16

  func floats() -> [Float] { taken(of: source.floats() ?? []) }

  func numbers() -> [Double] { taken(of: source.numbers() ?? []) }

  private func taken<Number>(of values: [Number]) -> [Number] {
    let places = (indices.integers(atMost: Self.mostIndices) ?? []).map {
      $0 < 0 ? $0 + extent : $0
    }
    return Self.taken(of: values, outer: outer, extent: extent, inner: inner, at: places)
  }

  /// The entries at `places`, each below `extent`, of `[outer, extent, inner]` values.
  static func taken<Number>(
    of values: [Number], outer: Int, extent: Int, inner: Int, at places: [Int]
  ) -> [Number] {
    var taken: [Number] = []
    taken.reserveCapacity(outer * places.count * inner)
    for row in 0..<outer {
      for place in places {
        let first = (row * extent + place) * inner
        taken += values[first..<first + inner]
      }
    }
    return taken
  }
}
