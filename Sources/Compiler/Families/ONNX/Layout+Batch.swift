/// A batch of a known size, of which terms compute one image.
extension Layout {
  /// Where the axis of a batch lies.
  struct Batch: Hashable, Sendable {
    var dimension: Int

    /// Products of the extents in front of it and behind it in the same dimension.
    var outer: Int
    var inner: Int

    /// The number of images.
    var count: Int

    /// Whether its dimension holds nothing else.
    var isAlone: Bool { outer == 1 && inner == 1 }

    /// Its place where dimensions are counted from the last of `rank`.
    func fromEnd(of rank: Int) -> Batch {
      Batch(dimension: dimension - rank, outer: outer, inner: inner, count: count)
    }
  }

  /// Where the batch is; nil for constants and for one image.
  var batch: Batch? {
    for (dimension, axes) in dimensions.enumerated() {
      guard let place = axes.firstIndex(where: \.isBatch) else { continue }
      return Batch(
        dimension: dimension, outer: axes[..<place].reduce(1) { $0 * $1.extent },
        inner: axes[(place + 1)...].reduce(1) { $0 * $1.extent }, count: axes[place].extent)
    }
    return nil
  }

  /// One image of it.
  var withoutBatch: Layout {
    Layout(offset: offset, dimensions: dimensions.map { $0.filter { !$0.isBatch } })
  }

  /// As many images as a batch has, each of them this; nil if the batch would split an axis unevenly.
  func repeated(_ batch: Batch) -> Layout? {
    guard dimensions.indices.contains(batch.dimension) else { return nil }
    var (front, back): ([Axis], [Axis]) = ([], dimensions[batch.dimension])
    var needed = batch.outer
    while needed > 1 {
      guard let first = back.first else { return nil }
      if needed % first.extent == 0 {
        front.append(back.removeFirst())
        needed /= first.extent
      } else if first.extent % needed == 0 {
        let rest = first.extent / needed
        front.append(Axis(extent: needed, stride: first.stride * rest))
        back[0] = Axis(extent: rest, stride: first.stride)
        needed = 1
      } else {
        return nil
      }
    }
    var dimensions = dimensions
    dimensions[batch.dimension] =
      front + [Axis(extent: batch.count, stride: 0, isBatch: true)] + back
    return Layout(offset: offset, dimensions: dimensions)
  }
}
