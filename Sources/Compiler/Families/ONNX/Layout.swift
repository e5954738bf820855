internal import Tensors

/// Where the elements of an array lie in the row-major storage of another: a place for the first, and for
/// every dimension nested strides.
///
/// Reshapes, transposes, slices and selections only change the layout, so a chain of them is checked
/// by comparing the layout at its end with the one that is expected, however it was written.
struct Layout: Hashable, Sendable {
  /// A run of elements at equal distances.
  struct Axis: Hashable, Sendable {
    var extent: Int
    var stride: Int

    /// It counts the images of a batch, of which the storage holds one. It is never split, joined with
    /// others or cut.
    var isBatch = false
  }

  /// The first element.
  var offset = 0

  /// Each dimension's axes, outermost first: none for an extent of 1, several where a reshape joined
  /// what a transpose had moved. Neighbours that one axis could replace are joined.
  private(set) var dimensions: [[Axis]]

  /// The extents.
  var shape: [Int] { dimensions.map { $0.reduce(1) { $0 * $1.extent } } }

  var elementCount: Int { shape.reduce(1, *) }

  /// Axes of one dimension after the other.
  var axes: [Axis] { dimensions.flatMap(\.self) }

  /// Whether it is the first elements of its storage in order, whatever the shape.
  var isContiguous: Bool {
    let joined = Self.joined(axes)
    return offset == 0 && (joined.isEmpty || (joined.count == 1 && joined[0].stride == 1))
  }

  init(offset: Int = 0, dimensions: [[Axis]]) {
    self.offset = offset
    self.dimensions = dimensions.map(Self.joined)
  }

  /// Row-major. The product of the extents must not overflow.
  init(contiguous shape: [Int]) {
    var stride = 1
    var dimensions: [[Axis]] = []
    for extent in shape.reversed() {
      dimensions.append(extent == 1 ? [] : [Axis(extent: extent, stride: stride)])
      stride *= extent
    }
    self.init(dimensions: dimensions.reversed())
  }

  private static func joined(_ axes: [Axis]) -> [Axis] {
    var result: [Axis] = []
    for axis in axes where axis.extent != 1 {
      if let last = result.last, !last.isBatch, !axis.isBatch,
        last.stride == axis.extent * axis.stride
      {
        result[result.count - 1] = Axis(extent: last.extent * axis.extent, stride: axis.stride)
      } else {
        result.append(axis)
      }
    }
    return result
  }

  /// The same elements in the same order in another shape; nil if that cuts an axis unevenly.
  func reshaped(_ shape: [Int]) -> Layout? {
    guard !self.shape.contains(0), shape.allSatisfy({ $0 > 0 }) else { return nil }
    var left = Self.joined(axes)
    var dimensions: [[Axis]] = []
    for extent in shape.reversed() {
      var needed = extent
      var taken: [Axis] = []
      while needed > 1 {
        guard let axis = left.popLast() else { return nil }
        if needed % axis.extent == 0 {
          taken.append(axis)
          needed /= axis.extent
        } else if axis.extent % needed == 0, !axis.isBatch {
          taken.append(Axis(extent: needed, stride: axis.stride))
          left.append(Axis(extent: axis.extent / needed, stride: axis.stride * needed))
          needed = 1
        } else {
          return nil
        }
      }
      dimensions.append(taken.reversed())
    }
    return left.isEmpty ? Layout(offset: offset, dimensions: dimensions.reversed()) : nil
  }

  /// Dimensions in another order. `order` must be a permutation.
  func transposed(_ order: [Int]) -> Layout {
    Layout(offset: offset, dimensions: order.map { dimensions[$0] })
  }

  /// A range of one dimension; nil if it does not fall on the joints of that dimension's axes.
  func sliced(_ dimension: Int, _ range: Range<Int>) -> Layout? {
    guard dimensions.indices.contains(dimension), range.lowerBound >= 0,
      range.upperBound <= shape[dimension], !range.isEmpty
    else { return nil }
    var result = self
    var axes = dimensions[dimension]
    var range = range
    var inside: [Axis] = []
    while let first = axes.first, range.count < axes.reduce(1, { $0 * $1.extent }) {
      guard !first.isBatch else { return nil }
      let inner = axes.dropFirst().reduce(1) { $0 * $1.extent }
      if range.lowerBound % inner == 0, range.upperBound % inner == 0 {
        result.offset += range.lowerBound / inner * first.stride
        inside.append(Axis(extent: range.count / inner, stride: first.stride))
        axes.removeFirst()
        break
      }
      guard range.lowerBound / inner == (range.upperBound - 1) / inner else { return nil }
      let index = range.lowerBound / inner
      result.offset += index * first.stride
      range = (range.lowerBound - index * inner)..<(range.upperBound - index * inner)
      axes.removeFirst()
    }
    result.dimensions[dimension] = Self.joined(inside + axes)
    return result
  }

  /// Every `step`-th index of one dimension, from `first` on; nil if that does not fall on the joints of that
  /// dimension's axes.
  func sliced(_ dimension: Int, from first: Int, count: Int, by step: Int) -> Layout? {
    guard step != 1 else { return sliced(dimension, first..<first + count) }
    guard dimensions.indices.contains(dimension), step > 1, first >= 0, count > 0,
      let last = dimensions[dimension].last, !last.isBatch, last.extent % step == 0,
      first < step, count == shape[dimension] / step
    else { return nil }
    var result = self
    result.offset += first * last.stride
    var axes = dimensions[dimension]
    axes[axes.count - 1] = Axis(extent: last.extent / step, stride: last.stride * step)
    result.dimensions[dimension] = Self.joined(axes)
    return result
  }

  /// Without a dimension of extent 1.
  func squeezed(_ dimension: Int) -> Layout? {
    guard dimensions.indices.contains(dimension), dimensions[dimension].isEmpty else { return nil }
    var result = self
    result.dimensions.remove(at: dimension)
    return result
  }

  /// With a dimension of extent 1 in front of `dimension`.
  func unsqueezed(_ dimension: Int) -> Layout? {
    guard (0...dimensions.count).contains(dimension) else { return nil }
    var result = self
    result.dimensions.insert([], at: dimension)
    return result
  }

  /// Repeated along dimensions of extent 1, with further ones in front; nil if the shapes do not
  /// allow it.
  func broadcast(to shape: [Int]) -> Layout? {
    guard shape.count >= dimensions.count, Shape(checking: shape) != nil else { return nil }
    var result = self
    while result.dimensions.count < shape.count { result.dimensions.insert([], at: 0) }
    for (index, extent) in shape.enumerated() {
      let own = result.dimensions[index].reduce(1) { $0 * $1.extent }
      if own == extent { continue }
      guard own == 1 else { return nil }
      result.dimensions[index] = [Axis(extent: extent, stride: 0)]
    }
    return result
  }

  /// Where its elements are, in order.
  var places: [Int] {
    axes.reduce([offset]) { places, axis in
      places.flatMap { place in (0..<axis.extent).map { place + $0 * axis.stride } }
    }
  }

  /// Its elements, in order, of the storage that it lies over.
  func elements(of storage: [Float]) -> [Float] {
    StridedCopy(axes.map { ($0.extent, $0.stride) }, offset: offset).gather(storage)
  }

  /// Without its dimensions of extent 1.
  var withoutUnits: Layout {
    Layout(offset: offset, dimensions: dimensions.filter { !$0.isEmpty })
  }
}
