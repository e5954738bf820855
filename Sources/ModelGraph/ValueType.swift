/// What a value of the graph is, for one picture. Batch is the one free factor and never appears.
package enum ValueType: Hashable, Sendable, CustomStringConvertible {
  /// The input picture, float32, `[channels, height, width]`.
  case picture(channels: Int, height: Int, width: Int)

  /// A feature map, float32, stored as rows of pixels: `[height * width, channels]`.
  case map(channels: Int, height: Int, width: Int)

  /// Rows of float32: tokens `[count, width]`, logits `[1, classes]`, sizes `[1, tokens]`.
  case rows(count: Int, width: Int)

  /// Token indices, int32, `[count]`.
  case indices(count: Int)

  /// Number of elements.
  package var elementCount: Int {
    switch self {
    case .picture(let channels, let height, let width), .map(let channels, let height, let width):
      channels * height * width
    case .rows(let count, let width): count * width
    case .indices(let count): count
    }
  }

  package var description: String {
    switch self {
    case .picture(let channels, let height, let width): "picture[\(channels), \(height), \(width)]"
    case .map(let channels, let height, let width): "map[\(channels), \(height), \(width)]"
    case .rows(let count, let width): "rows[\(count), \(width)]"
    case .indices(let count): "indices[\(count)]"
    }
  }
}

/// A value of a graph.
package struct ValueID: Hashable, Sendable, Comparable {
  /// Position in ``Graph/values``.
  package let index: Int

  /// Names the value at `index`.
  package init(_ index: Int) { self.index = index }

  package static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// A constant of a graph.
package struct ConstantID: Hashable, Sendable {
  /// Position in ``Graph/constants``.
  package let index: Int

  /// Names the constant at `index`.
  package init(_ index: Int) { self.index = index }
}
