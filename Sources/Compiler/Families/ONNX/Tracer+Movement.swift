internal import Checkpoints
internal import Tensors

/// Operators that only move elements: they act on layouts, of data and of constants alike.
extension Tracer {
  mutating func traceMovement(_ node: ONNXNode) throws {
    let value = try required(0)
    let layout = layout(of: value)
    switch node.operation {
    case "Reshape":
      let shape = try reshapeTarget(layout.shape)
      try set(try moved(value, layout.reshaped(shape), "a shape of as many elements", "\(shape)"))
    case "Flatten":
      let axis = try integer("axis", default: 1)
      let split = axis < 0 ? axis + layout.shape.count : axis
      guard (0...layout.shape.count).contains(split) else {
        throw fail("an axis of \(layout.shape)", "\(axis)")
      }
      let shape = [layout.shape[..<split].reduce(1, *), layout.shape[split...].reduce(1, *)]
      try set(try moved(value, layout.reshaped(shape), "a flat shape", "\(shape)"))
    case "Transpose":
      let rank = layout.shape.count
      let order = try integers("perm", orOperand: 1) ?? (0..<rank).reversed()
      guard order.sorted() == Array(0..<rank) else {
        throw fail("a permutation of \(rank) axes", "\(order)")
      }
      try set(try moved(value, layout.transposed(order), "", ""))
    case "Squeeze": try set(try squeezed(value))
    case "Unsqueeze": try set(try unsqueezed(value))
    case "Expand":
      let target = try shapeOperand(1)
      let shape = try broadcastShape(layout.shape, target)
      try set(try moved(value, layout.broadcast(to: shape), "a shape that broadcasts", "\(target)"))
    case "Slice": try set(try sliced(value))
    case "Tile": try set(try tiled(value))
    case "GatherND", "ScatterND", "ScatterElements", "Pad":
      guard case .constant(let literal) = value else {
        throw fail("\(node.operation) of constants", "of data")
      }
      try set(.constant(try movedConstant(node, literal)))
    case "Split": try traceSplit(value)
    default: try set(try gathered(value))
    }
  }

  func layout(of value: TracedValue) -> Layout {
    switch value {
    case .data(let view): view.layout
    case .constant(let literal): literal.layout
    }
  }

  /// The value with another layout.
  func moved(_ value: TracedValue, _ layout: Layout?, _ expected: String, _ found: String) throws
    -> TracedValue
  {
    guard let layout, layout.axes.count <= 16 else { throw fail(expected, found) }
    switch value {
    case .data(var view):
      view.layout = layout
      return .data(view)
    case .constant(var literal):
      literal.layout = layout
      return .constant(literal)
    }
  }

  /// A shape out of a constant operand.
  func shapeOperand(_ index: Int) throws -> [Int] {
    guard let shape = try literal(index)?.integers(), shape.count <= 8 else {
      throw fail("a shape that does not depend on the image", "another operand")
    }
    return shape
  }

  /// The shape of two operands together.
  func broadcastShape(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = max(a.count, b.count)
    let shape = (0..<rank).map { index in
      let (x, y) = (index - (rank - a.count), index - (rank - b.count))
      return (x < 0 ? 1 : a[x], y < 0 ? 1 : b[y])
    }
    let result = shape.map { $0 == 1 ? $1 : $0 }
    guard zip(shape, result).allSatisfy({ ($0.0 == 1 || $0.0 == $1) && ($0.1 == 1 || $0.1 == $1) }),
      Shape(checking: result) != nil
    else { throw fail("shapes that broadcast", "\(a) and \(b)") }
    return result
  }

  private func reshapeTarget(_ shape: [Int]) throws -> [Int] {
    var target = try shapeOperand(1)
    let copiesZeros = try integer("allowzero", default: 0) == 0
    for index in target.indices where target[index] == 0 && copiesZeros {
      guard shape.indices.contains(index) else { throw fail("an axis \(index)", "\(shape)") }
      target[index] = shape[index]
    }
    if let open = target.firstIndex(of: -1) {
      let rest = Shape(checking: target.enumerated().filter { $0.offset != open }.map(\.element))
      guard let known = rest?.elementCount, known > 0 else {
        throw fail("one open axis", "\(target)")
      }
      target[open] = shape.reduce(1, *) / known
    }
    guard Shape(checking: target)?.elementCount == shape.reduce(1, *) else {
      throw fail("\(shape.reduce(1, *)) elements", "\(target)")
    }
    return target
  }

  private func squeezed(_ value: TracedValue) throws -> TracedValue {
    let shape = value.shape
    let axes =
      try integers("axes", orOperand: 1)?.map { try dimension($0, of: shape.count) }
      ?? shape.indices.filter { shape[$0] == 1 }
    var layout: Layout? = layout(of: value)
    for axis in Set(axes).sorted(by: >) { layout = layout?.squeezed(axis) }
    return try moved(value, layout, "axes of extent 1", "\(axes) of \(shape)")
  }

  private func unsqueezed(_ value: TracedValue) throws -> TracedValue {
    guard let axes = try integers("axes", orOperand: 1), axes.count <= 8 else {
      throw fail("axes", "none")
    }
    let rank = value.shape.count + axes.count
    var layout: Layout? = layout(of: value)
    for axis in try axes.map({ try dimension($0, of: rank) }).sorted() {
      layout = layout?.unsqueezed(axis)
    }
    return try moved(value, layout, "new axes of \(rank)", "\(axes)")
  }

  private func sliced(_ value: TracedValue) throws -> TracedValue {
    guard let starts = try integers("starts", orOperand: 1),
      let ends = try integers("ends", orOperand: 2), starts.count == ends.count
    else { throw fail("starts and ends", "others") }
    let axes = try integers("axes", orOperand: 3) ?? Array(starts.indices)
    let steps = try literal(4)?.integers() ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count else {
      throw fail("as many axes as starts", "\(axes) and \(starts)")
    }
    var result = value
    for (index, axis) in axes.enumerated() {
      let axis = try dimension(axis, of: value.shape.count)
      let extent = value.shape[axis]
      func clamped(_ position: Int) -> Int {
        min(max(position < 0 ? position + extent : position, 0), extent)
      }
      let range = (clamped(starts[index]), clamped(ends[index]))
      let step = steps[index]
      if step < 0, case .constant(let literal) = result {
        result = .constant(
          try backwards(literal, along: axis, from: starts[index], to: ends[index], by: step))
        continue
      }
      guard (1...Self.largestStep).contains(step), range.0 <= range.1 else {
        throw fail("a slice that goes forward", "\(range.0)..<\(range.1) by \(step)")
      }
      if range.0 == range.1 {
        result = .constant(empty(result, along: axis))
        continue
      }
      let count = (range.1 - range.0 + step - 1) / step
      result = try moved(
        result, layout(of: result).sliced(axis, from: range.0, count: count, by: step),
        "a slice along whole axes",
        "\(range.0)..<\(range.1) by \(step) of axis \(axis) of \(value.shape)")
    }
    return result
  }

  private static let largestStep = 1 << 16

  /// Nothing of an axis: the same for all images.
  private func empty(_ value: TracedValue, along axis: Int) -> Literal {
    var shape = value.shape
    shape[axis] = 0
    var isInteger = false
    if case .constant(let literal) = value { isInteger = literal.isInteger }
    return Literal([], shape: shape, isInteger: isInteger)
  }

  private mutating func traceSplit(_ value: TracedValue) throws {
    let shape = value.shape
    let axis = try dimension(try integer("axis", default: 0), of: shape.count)
    let count = operation.outputs.count
    guard shape.indices.contains(axis), shape[axis] > 0, count > 0 else {
      throw fail("an axis to split", "\(shape)")
    }
    let chunk = (shape[axis] + count - 1) / count
    let sizes =
      try integers("split", orOperand: 1)
      ?? (0..<count).map { min(chunk, max(0, shape[axis] - $0 * chunk)) }
    guard sizes.count == count, sizes.allSatisfy({ (0...shape[axis]).contains($0) }) else {
      throw fail("\(count) parts of \(shape[axis])", "\(sizes)")
    }
    var start = 0
    for (index, size) in sizes.enumerated() {
      if size == 0 {
        try set(.constant(empty(value, along: axis)), index)
        continue
      }
      let part =
        start + size <= shape[axis]
        ? layout(of: value).sliced(axis, start..<(start + size)) : nil
      try set(try moved(value, part, "parts along whole axes", "\(sizes) of \(shape)"), index)
      start += size
    }
  }

  private func gathered(_ value: TracedValue) throws -> TracedValue {
    let shape = value.shape
    let axis = try dimension(try integer("axis", default: 0), of: shape.count)
    guard let indices = try literal(1),
      let raw = indices.integers(atMost: GatheredLiteral.mostIndices), shape.indices.contains(axis)
    else { throw fail("constant indices of an axis", "others") }
    let places = raw.map { $0 < 0 ? $0 + shape[axis] : $0 }
    guard places.allSatisfy({ (0..<shape[axis]).contains($0) }) else {
      throw fail("indices below \(shape[axis])", "\(raw.prefix(8))")
    }
    if let first = places.first, places == Array(first..<(first + places.count)),
      let part = layout(of: value).sliced(axis, first..<(first + places.count))
    {
      if indices.shape.isEmpty { return try moved(value, part.squeezed(axis), "", "") }
      let target = Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])
      return try moved(
        value, part.reshaped(target), "a range of indices", "\(raw.prefix(8))")
    }
    guard case .constant(let literal) = value else {
      throw fail("a range of indices", "\(raw.prefix(8))")
    }
    return .constant(try taken(of: literal, along: axis, at: indices, places))
  }

  /// `Tile`: of constants, and of data along axes of extent 1.
  func tiled(_ value: TracedValue) throws -> TracedValue {
    let counts = try shapeOperand(1)
    let shape = value.shape
    guard counts.count == shape.count, counts.allSatisfy({ $0 > 0 }) else {
      throw fail("a count of repetitions for each axis of \(shape)", "\(counts)")
    }
    var layout: Layout? = layout(of: value)
    if zip(counts, shape).allSatisfy({ $0 == 1 || $1 == 1 }) {
      layout = layout?.broadcast(to: zip(counts, shape).map { $0 * $1 })
      return try moved(value, layout, "a shape that fits memory", "\(counts) times \(shape)")
    }
    // Each axis behind its count, then both as one.
    let apart = shape.flatMap { [1, $0] }
    let repeated = zip(counts, shape).flatMap { [$0, $1] }
    let products = zip(counts, shape).map { $0.multipliedReportingOverflow(by: $1) }
    guard products.allSatisfy({ !$0.overflow }),
      let whole = Shape(checking: products.map(\.partialValue))
    else { throw fail("a shape that fits memory", "\(counts) times \(shape)") }
    layout = layout?.reshaped(apart)?.broadcast(to: repeated)?.reshaped(whole.extents)
    return try moved(value, layout, "repetitions of whole axes", "\(counts) times \(shape)")
  }
}
