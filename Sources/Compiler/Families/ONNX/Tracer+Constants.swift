internal import Checkpoints
internal import CLibrary
internal import Tensors

/// Operators whose results are constants, most of them made from shapes.
extension Tracer {
  mutating func traceShape(_ node: ONNXNode) throws {
    switch node.operation {
    case "Shape":
      let shape = try required(0).shape
      func clamped(_ name: String, _ fallback: Int) throws -> Int {
        let position = try integer(name, default: fallback)
        return min(max(position < 0 ? position + shape.count : position, 0), shape.count)
      }
      let (start, end) = (try clamped("start", 0), try clamped("end", shape.count))
      let part = start < end ? Array(shape[start..<end]) : []
      try set(
        .constant(try computed(part.map { Double($0) }, shape: [part.count], isInteger: true)))
    case "Size":
      let count = try required(0).shape.reduce(1, *)
      try set(.constant(try computed([Double(count)], shape: [], isInteger: true)))
    case "ConstantOfShape":
      let shape = try shapeOperand(0)
      var value = Literal([0], shape: [1], isInteger: false)
      if let tensor = try node.tensor("value") { value = Literal(tensor, name: "") }
      let number = value.scalar ?? 0
      try set(
        .constant(
          try computed(
            [Double](repeating: number, count: try computableCount(shape)), shape: shape,
            isInteger: value.isInteger)))
    default:
      guard let start = try literal(0)?.scalar, let limit = try literal(1)?.scalar,
        let step = try literal(2)?.scalar, step != 0,
        case let count = ((limit - start) / step).rounded(.up), count.isFinite,
        count <= Double(Literal.computableElements)
      else { throw fail("a short range", "others") }
      let numbers = (0..<max(0, Int(count))).map { start + Double($0) * step }
      let isInteger = try (0..<3).allSatisfy { try literal($0)?.isInteger == true }
      try set(.constant(try computed(numbers, shape: [numbers.count], isInteger: isInteger)))
    }
  }

  /// A constant that was computed; its elements count, in memory as long as something refers to them.
  func computed(_ numbers: [Double], shape: [Int], isInteger: Bool) throws -> Literal {
    let share = ComputedElements.Share(numbers.count, of: computedElements)
    guard computedElements.held <= ComputedElements.mostHeld else {
      throw fail("at most \(ComputedElements.mostHeld) computed elements at once", "more")
    }
    guard computedElements.all <= ComputedElements.mostOfAll else {
      throw fail("at most \(ComputedElements.mostOfAll) computed elements in all", "more")
    }
    return Literal(numbers, shape: shape, isInteger: isInteger, share: share)
  }

  /// How many elements a shape has, if they are few enough to compute with.
  func computableCount(_ shape: [Int]) throws -> Int {
    guard let count = Shape(checking: shape)?.elementCount, count <= Literal.computableElements
    else {
      throw fail("at most \(Literal.computableElements) elements", "\(shape)")
    }
    return count
  }

  /// An elementwise function of two constants.
  func combined(_ kind: String, _ a: Literal, _ b: Literal) throws -> Literal {
    let shape = try broadcastShape(a.shape, b.shape)
    _ = try computableCount(shape)
    var (a, b) = (a, b)
    guard let first = a.layout.broadcast(to: shape), let second = b.layout.broadcast(to: shape)
    else {
      throw fail("shapes that broadcast", "\(a.shape) and \(b.shape)")
    }
    // A power is of its base's type.
    let isInteger = a.isInteger && (b.isInteger || kind == "Pow")
    (a.layout, b.layout) = (first, second)
    guard let x = a.numbers(), let y = b.numbers() else {
      throw fail("few elements", "\(shape)")
    }
    return try computed(
      zip(x, y).map { Self.number(kind, $0, $1, isInteger: isInteger) }, shape: shape,
      isInteger: isInteger || Self.isComparison(kind))
  }

  private static func number(_ kind: String, _ x: Double, _ y: Double, isInteger: Bool) -> Double {
    switch kind {
    case "Add": x + y
    case "Sub": x - y
    case "Mul": x * y
    case "Div": isInteger ? (y == 0 ? 0 : (x / y).rounded(.towardZero)) : x / y
    case "Pow": isInteger ? pow(x, y).rounded(.towardZero) : pow(x, y)
    case "TruncatedMod": y == 0 ? 0 : x.truncatingRemainder(dividingBy: y)
    case "Mod": y == 0 ? 0 : x - y * (x / y).rounded(.down)
    case "Min": min(x, y)
    case "Max": max(x, y)
    case "Equal": x == y ? 1 : 0
    case "Greater": x > y ? 1 : 0
    case "Less": x < y ? 1 : 0
    case "GreaterOrEqual": x >= y ? 1 : 0
    case "LessOrEqual": x <= y ? 1 : 0
    case "And": x != 0 && y != 0 ? 1 : 0
    default: x != 0 || y != 0 ? 1 : 0
    }
  }

  /// An elementwise function of a constant.
  func mapped(_ kind: String, _ literal: Literal) throws -> Literal {
    guard let numbers = literal.numbers() else { throw fail("few elements", "\(literal.shape)") }
    let function: (Double) -> Double =
      switch kind {
      case "Sqrt": { $0.squareRoot() }
      case "Reciprocal": { 1 / $0 }
      case "Neg": { -$0 }
      case "Floor": { $0.rounded(.down) }
      case "Ceil": { $0.rounded(.up) }
      case "Not": { $0 == 0 ? 1 : 0 }
      case "Abs": { abs($0) }
      case "Exp": { exp($0) }
      case "Log": { log($0) }
      case "Sin": { sin($0) }
      case "Cos": { cos($0) }
      case "Relu": { max($0, 0) }
      case "Sigmoid": { 1 / (1 + exp(-$0)) }
      case "IsNaN": { $0.isNaN ? 1 : 0 }
      default: throw fail("a function that shapes are computed with", kind)
      }
    return try computed(
      numbers.map(function), shape: literal.shape, isInteger: literal.isInteger || kind == "IsNaN")
  }

  /// The product of all elements, or sums along some axes.
  func reduced(_ node: ONNXNode, _ literal: Literal) throws -> Literal {
    guard ["ReduceProd", "ReduceSum"].contains(node.operation) else {
      throw fail("a product of extents or a sum", node.operation)
    }
    let rank = literal.shape.count
    let axes = try integers("axes", orOperand: 1)?.map { try dimension($0, of: rank) }
    guard axes?.isEmpty != true else { throw fail("some axes", "none") }
    let covered = Set(axes ?? Array(0..<rank))
    guard node.operation == "ReduceSum" || covered == Set(0..<rank) else {
      throw fail("a product along all axes", "\(covered.sorted())")
    }
    let rest = (0..<rank).filter { !covered.contains($0) }
    var moved = literal
    moved.layout = literal.layout.transposed(rest + covered.sorted())
    guard let numbers = moved.numbers() else { throw fail("few elements", "\(literal.shape)") }
    let length = covered.reduce(1) { $0 * literal.shape[$1] }
    let keeps = try integer("keepdims", default: 1) != 0
    let count = rest.reduce(1) { $0 * literal.shape[$1] }
    let results = (0..<count).map { row -> Double in
      let own = numbers[row * length..<(row + 1) * length]
      return node.operation == "ReduceSum" ? own.reduce(0, +) : own.reduce(1, *)
    }
    return try computed(
      results,
      shape: keeps
        ? (0..<rank).map { covered.contains($0) ? 1 : literal.shape[$0] }
        : rest.map { literal.shape[$0] },
      isInteger: literal.isInteger)
  }

  /// Constants one after the other.
  func joined(_ literals: [Literal], axis: Int) throws -> Literal {
    guard let first = literals.first else { throw fail("operands", "none") }
    let shape = first.shape
    var total = shape
    total[axis] = literals.reduce(0) { $0 + $1.shape[axis] }
    guard try computableCount(total) > 0 else {
      return Literal([], shape: total, isInteger: first.isInteger)
    }
    let outer = shape[..<axis].reduce(1, *)
    var result: [Double] = []
    let parts = try literals.map { literal in
      guard let numbers = literal.numbers() else { throw fail("few elements", "\(literal.shape)") }
      return numbers
    }
    for row in 0..<outer {
      for part in parts {
        let count = part.count / max(outer, 1)
        result += part[row * count..<(row + 1) * count]
      }
    }
    return try computed(result, shape: total, isInteger: first.isInteger)
  }
}

/// Products of constants.
extension Tracer {
  /// `A B` of a matrix with matrices: what a model multiplies before it sees an image, such as a query that is the same
  /// for every image.
  func product(_ left: Literal, _ right: Literal) throws -> Literal {
    let (a, b) = (left.shape, right.shape)
    guard a.count >= 2, b.count >= 2, let inner = a.last, inner == b[b.count - 2],
      b.count == 2 || a.dropLast(2) == b.dropLast(2)
    else { throw fail("matrices that fit", "\(a) and \(b)") }
    let (rows, columns) = (a[a.count - 2], b[b.count - 1])
    let shape = Array(a.dropLast()) + [columns]
    let count = try computableCount(shape)
    let (products, overflow) = count.multipliedReportingOverflow(by: inner)
    guard !overflow, products <= Self.mostProducts,
      let x = left.floats(), let y = right.floats()
    else { throw fail("at most \(Self.mostProducts) products of constants", "\(a) and \(b)") }
    computedElements.count(y.count + products / ComputedElements.productsOfElement)
    var result: [Double] = []
    result.reserveCapacity(count)
    for row in 0..<count / max(columns, 1) {
      let matrix = b.count == 2 ? 0 : row / rows * inner * columns
      for column in 0..<columns {
        var sum = 0.0
        for index in 0..<inner {
          sum += Double(x[row * inner + index]) * Double(y[matrix + index * columns + column])
        }
        result.append(sum)
      }
    }
    return try computed(result, shape: shape, isInteger: false)
  }

  private static let mostProducts = 1 << 24
}
