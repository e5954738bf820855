internal import Checkpoints
internal import Tensors

/// Movement of elements that only constants allow: it is computed, where ``Layout`` cannot say it.
extension Tracer {
  /// `GatherND`, `ScatterND`, `ScatterElements` or `Pad` of a constant.
  func movedConstant(_ node: ONNXNode, _ literal: Literal) throws -> Literal {
    switch node.operation {
    case "GatherND": try gatheredTuples(literal)
    case "ScatterND": try scattered(literal)
    case "ScatterElements": try scatteredElements(literal)
    default: try padded(literal)
    }
  }

  /// Entries of an axis at `places`, which are the indices that `indices` has, none of them negative.
  func taken(
    of literal: Literal, along axis: Int, at indices: Literal, _ places: [Int]
  ) throws -> Literal {
    let shape = literal.shape
    let target = Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])
    guard Shape(checking: target) != nil else {
      throw fail("a shape that fits memory", "\(target)")
    }
    if let gathered = GatheredLiteral(literal, along: axis, at: indices) {
      return Literal(gathered, shape: target)
    }
    return try rows(
      of: literal, outer: shape[..<axis].reduce(1, *), extent: shape[axis],
      inner: shape[(axis + 1)...].reduce(1, *), at: places, shape: target)
  }

  private func rows(
    of literal: Literal, outer: Int, extent: Int, inner: Int, at places: [Int], shape: [Int]
  ) throws -> Literal {
    _ = try computableCount(shape)
    guard let numbers = literal.numbers() else { throw fail("few elements", "\(literal.shape)") }
    let taken = GatheredLiteral.taken(
      of: numbers, outer: outer, extent: extent, inner: inner, at: places)
    return try computed(taken, shape: shape, isInteger: literal.isInteger)
  }

  /// Entries in the order of a slice that goes backwards.
  func backwards(
    _ literal: Literal, along axis: Int, from start: Int, to end: Int, by step: Int
  ) throws -> Literal {
    let extent = literal.shape[axis]
    func counted(_ place: Int) -> Int {
      place < 0 ? place.addingReportingOverflow(extent).partialValue : place
    }
    let (first, last) = (min(counted(start), extent - 1), max(counted(end), -1))
    guard step > -extent || step == -1 else { throw fail("a step within the axis", "\(step)") }
    let places = Array(stride(from: first, to: last, by: step))
    guard first >= 0, !places.isEmpty else { throw fail("some entries", "none") }
    let indices = try computed(
      places.map { Double($0) }, shape: [places.count], isInteger: true)
    return try taken(of: literal, along: axis, at: indices, places)
  }

  // MARK: - Tuples of indices

  /// Rows of a constant at tuples of indices of its first axes.
  private func gatheredTuples(_ literal: Literal) throws -> Literal {
    guard var indices = try self.literal(1), try integer("batch_dims", default: 0) == 0 else {
      throw fail("constant indices, and batch_dims 0", "others")
    }
    let places = try tuples(indices, of: literal.shape)
    let count = indices.shape.last ?? 0
    if count == 1, let flat = indices.layout.squeezed(indices.shape.count - 1) {
      indices.layout = flat
      return try taken(of: literal, along: 0, at: indices, places)
    }
    let rest = Array(literal.shape[count...])
    return try rows(
      of: literal, outer: 1, extent: literal.shape[..<count].reduce(1, *),
      inner: rest.reduce(1, *), at: places, shape: Array(indices.shape.dropLast()) + rest)
  }

  /// A constant with some of its rows replaced, the later of two of one place.
  private func scattered(_ literal: Literal) throws -> Literal {
    guard let indices = try self.literal(1), let updates = try self.literal(2),
      try operation.string("reduction") ?? "none" == "none"
    else { throw fail("constant indices and updates, and no reduction", "others") }
    _ = try computableCount(literal.shape)
    let places = try tuples(indices, of: literal.shape)
    let rest = Array(literal.shape[(indices.shape.last ?? 0)...])
    guard updates.shape == Array(indices.shape.dropLast()) + rest, var result = literal.numbers(),
      let rows = updates.numbers()
    else { throw fail("updates of \(indices.shape) rows of \(rest)", "\(updates.shape)") }
    let inner = rest.reduce(1, *)
    for (index, place) in places.enumerated() {
      result.replaceSubrange(
        place * inner..<(place + 1) * inner, with: rows[index * inner..<(index + 1) * inner])
    }
    return try computed(result, shape: literal.shape, isInteger: literal.isInteger)
  }

  /// A constant with some of its elements replaced, each at an index along one axis.
  private func scatteredElements(_ literal: Literal) throws -> Literal {
    let shape = literal.shape
    let axis = try dimension(try integer("axis", default: 0), of: shape.count)
    guard let indices = try self.literal(1), let updates = try self.literal(2),
      try operation.string("reduction") ?? "none" == "none", updates.shape == indices.shape,
      indices.shape.count == shape.count,
      zip(indices.shape, shape).enumerated().allSatisfy({ $0 == axis || $1.0 <= $1.1 })
    else { throw fail("indices and updates within \(shape), and no reduction", "others") }
    _ = try computableCount(shape)
    guard var result = literal.numbers(), let numbers = indices.integers(),
      let elements = updates.numbers()
    else { throw fail("few elements", "\(indices.shape)") }
    let strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    // Where each element would be, were its index along the axis 0.
    let places = Layout(
      dimensions: indices.shape.enumerated().map {
        [Layout.Axis(extent: $1, stride: $0 == axis ? 0 : strides[$0])]
      }
    ).places
    for ((place, index), element) in zip(zip(places, numbers), elements) {
      let own = index < 0 ? index.addingReportingOverflow(shape[axis]).partialValue : index
      guard (0..<shape[axis]).contains(own) else {
        throw fail("indices below \(shape[axis])", "\(index)")
      }
      result[place + own * strides[axis]] = element
    }
    return try computed(result, shape: shape, isInteger: literal.isInteger)
  }

  /// The rows that tuples of indices, along the last axis of a constant, say of an array's first axes.
  private func tuples(_ indices: Literal, of shape: [Int]) throws -> [Int] {
    guard let count = indices.shape.last, (1...max(shape.count, 1)).contains(count),
      count <= shape.count,
      let numbers = indices.integers(atMost: GatheredLiteral.mostIndices)
    else { throw fail("tuples of indices of \(shape)", "\(indices.shape)") }
    return try (0..<numbers.count / count).map { tuple in
      try (0..<count).reduce(0) { place, axis in
        let own = numbers[tuple * count + axis]
        let index = own < 0 ? own.addingReportingOverflow(shape[axis]).partialValue : own
        guard (0..<shape[axis]).contains(index) else {
          throw fail("indices below \(shape[axis])", "\(own)")
        }
        return place * shape[axis] + index
      }
    }
  }

  // MARK: - Edges

  /// A constant with a number around it.
  private func padded(_ literal: Literal) throws -> Literal {
    let shape = literal.shape
    let mode = try operation.string("mode") ?? "constant"
    guard mode == "constant" else { throw fail("mode constant", mode) }
    let axes = try self.literal(3)?.integers() ?? Array(shape.indices)
    guard let pads = try integers("pads", orOperand: 1), pads.count == 2 * axes.count,
      pads.allSatisfy({ (0...Literal.computableElements).contains($0) })
    else { throw fail("two numbers of elements for each of \(axes.count) axes", "others") }
    var (front, target) = (shape.map { _ in 0 }, shape)
    for (index, axis) in axes.enumerated() {
      let axis = try dimension(axis, of: shape.count)
      guard front[axis] == 0, target[axis] == shape[axis] else {
        throw fail("each axis once", "\(axes)")
      }
      front[axis] = pads[index]
      target[axis] += pads[index] + pads[index + axes.count]
    }
    let count = try computableCount(target)
    guard let numbers = literal.numbers() else { throw fail("few elements", "\(shape)") }
    let fill = try self.literal(2)?.scalar ?? Double(float("value", default: 0))
    var result = [Double](repeating: fill, count: count)
    var inside = Layout(contiguous: target)
    for (axis, extent) in shape.enumerated() {
      guard let part = inside.sliced(axis, front[axis]..<front[axis] + extent) else {
        throw fail("extents from 1", "\(shape)")
      }
      inside = part
    }
    for (number, place) in zip(numbers, inside.places) { result[place] = number }
    return try computed(result, shape: target, isInteger: literal.isInteger)
  }
}
