package import ModelFacts

/// What a value of the graph is, for one image. Batch is the one free factor and never appears.
///
/// Extents are the same for all images. Where images keep different numbers of tokens they are the most
/// that there can be, and the type says which value tells how many of them are not in use.
package enum ValueType: Hashable, Sendable, CustomStringConvertible {
  /// The input image, float32, `[channels, height, width]`.
  case image(channels: Int, height: Int, width: Int)

  /// A feature map, float32, stored as rows of pixels: `[height * width, channels]`.
  case map(channels: Int, height: Int, width: Int)

  /// Rows of float32: tokens `[count, width]`, logits `[1, classes]`, sizes `[1, tokens]`.
  case rows(count: Int, width: Int, unused: UnusedTokens? = nil)

  /// Token indices, int32, `[count]`, a column for each.
  case indices(count: Int, unused: UnusedTokens? = nil)

  /// Number of elements.
  package var elementCount: Int {
    switch self {
    case .image(let channels, let height, let width), .map(let channels, let height, let width):
      channels * height * width
    case .rows(let count, let width, _): count * width
    case .indices(let count, _): count
    }
  }

  package var description: String {
    switch self {
    case .image(let channels, let height, let width): "image[\(channels), \(height), \(width)]"
    case .map(let channels, let height, let width): "map[\(channels), \(height), \(width)]"
    case .rows(let count, let width, let unused):
      "rows[\(count), \(width)]\(unused.map { " \($0)" } ?? "")"
    case .indices(let count, let unused): "indices[\(count)]\(unused.map { " \($0)" } ?? "")"
    }
  }

  /// Which of its tokens may not be in use; nil if all are.
  package var unused: UnusedTokens? {
    switch self {
    case .image, .map: nil
    case .rows(_, _, let unused), .indices(_, let unused): unused
    }
  }
}

/// The tokens of a value that an image does not use: the last ones along an axis. What they hold means
/// nothing, and nothing that is in use depends on it.
package struct UnusedTokens: Hashable, Sendable, CustomStringConvertible {
  /// How many, int32 `[1]`: a result of a partition.
  package let value: ValueID

  /// The most that there can be: of patch tokens all that there is room for, of tokens with others in front fewer.
  package let most: Int

  /// Where the tokens lie.
  package let axis: TokenAxis

  init(_ value: ValueID, most: Int, along axis: TokenAxis) {
    self.value = value
    self.most = most
    self.axis = axis
  }

  /// The same tokens in a value where they lie along `axis`.
  func along(_ axis: TokenAxis) -> UnusedTokens { UnusedTokens(value, most: most, along: axis) }

  package var description: String { "less %\(value.index) \(axis.word)" }
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
