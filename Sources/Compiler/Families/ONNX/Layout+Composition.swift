/// Layouts of what is laid out itself.
extension Layout {
  /// Where the elements are in the storage below `inner`, whose elements in order are what this one lies over; nil if
  /// an axis would leave an axis of `inner` unevenly.
  func over(_ inner: Layout) -> Layout? {
    // The elements of `inner` are counted by its axes as digits are.
    let digits = inner.axes
    var weights = [Int](repeating: 1, count: digits.count)
    for index in digits.indices.dropLast().reversed() {
      weights[index] = weights[index + 1] * digits[index + 1].extent
    }
    var reach: [Int] = []
    var start = inner.offset
    for (digit, weight) in zip(digits, weights) {
      reach.append(offset / weight % digit.extent)
      start += reach[reach.count - 1] * digit.stride
    }
    guard offset < inner.elementCount else { return nil }
    var result: [[Axis]] = []
    for axes in dimensions {
      var taken: [Axis] = []
      for axis in axes {
        guard let steps = Self.steps(axis, digits, weights, &reach) else { return nil }
        taken += steps
      }
      result.append(taken)
    }
    // Nothing is carried from one digit to the next.
    guard zip(reach, digits).allSatisfy({ $0 < $1.extent }) else { return nil }
    return Layout(offset: start, dimensions: result)
  }

  /// Where the elements are in the row-major storage of a part of theirs, which has `shape` but for a range of one
  /// dimension; nil if some of them lie outside of that part.
  func inside(_ range: Range<Int>, of dimension: Int, _ shape: [Int]) -> Layout? {
    var part = shape
    part[dimension] = range.count
    let strides = Layout(contiguous: part).dimensions.map { $0.first?.stride ?? 0 }
    func digits(_ stride: (Int) -> Int) -> [[Axis]] {
      shape.indices.map { [Axis(extent: shape[$0], stride: stride($0))] }
    }
    let first = range.lowerBound * strides[dimension]
    guard let places = over(Layout(offset: -first, dimensions: digits { strides[$0] })),
      let coordinates = over(Layout(dimensions: digits { $0 == dimension ? 1 : 0 }))
    else { return nil }
    let last = coordinates.axes.reduce(coordinates.offset) { $0 + ($1.extent - 1) * $1.stride }
    guard range.contains(coordinates.offset), range.contains(last) else { return nil }
    return places
  }

  /// An axis as steps along the digits, and how far each is gone then.
  private static func steps(
    _ axis: Axis, _ digits: [Axis], _ weights: [Int], _ reach: inout [Int]
  ) -> [Axis]? {
    guard axis.stride > 0 else { return [axis] }
    var steps: [Axis] = []
    var (left, stride) = (axis.extent, axis.stride)
    while left > 1 {
      guard
        let place = digits.indices.last(where: { stride < weights[$0] * digits[$0].extent }),
        stride % weights[place] == 0
      else { return nil }
      let (step, extent) = (stride / weights[place], digits[place].extent)
      let count = (left - 1) * step < extent ? left : extent / step
      guard left == count || extent % step == 0 && left % count == 0 else { return nil }
      steps.append(Axis(extent: count, stride: step * digits[place].stride))
      reach[place] += (count - 1) * step
      left /= count
      stride = weights[place] * extent
    }
    return steps.reversed()
  }
}
