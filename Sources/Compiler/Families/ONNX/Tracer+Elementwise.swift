internal import Checkpoints
internal import Tensors

/// Elementwise operators.
extension Tracer {
  mutating func traceBinary(_ node: ONNXNode) throws {
    let (a, b) = (try required(0), try required(1))
    if Self.isComparison(node.operation), [a, b].contains(where: \.isData) {
      throw fail(
        "a float ViT in straight-line code", "a comparison of values computed from the image")
    }
    switch (a, b) {
    case (.constant(let a), .constant(let b)):
      if node.operation == "Add", let same = try unchanged(a, plus: b) ?? unchanged(b, plus: a) {
        return try set(.constant(same))
      }
      let truncates = try node.operation == "Mod" && integer("fmod", default: 0) != 0
      try set(.constant(try combined(truncates ? "TruncatedMod" : node.operation, a, b)))
    case (.data(let a), .constant(let b)): try set(.data(try applied(node.operation, a, b)))
    case (.constant(let a), .data(let b)):
      switch node.operation {
      case "Add", "Mul": try set(.data(try applied(node.operation, b, a)))
      case "Sub":
        var negative = b
        negative.factor.negate()
        try set(.data(try applied("Add", negative, a)))
      case "Div" where a.scalar == 1: try set(.data(try function("Reciprocal", b)))
      default: throw fail("a ViT's arithmetic", "\(node.operation) of a constant and data")
      }
    case (.data(let a), .data(let b)): try set(.data(try together(node.operation, a, b)))
    }
  }

  /// Numbers, of which there may be more than are computed with, where what is added is zeros; nil where it is not.
  private func unchanged(_ literal: Literal, plus zeros: Literal) throws -> Literal? {
    guard literal.storage.isGathered, !zeros.isInteger,
      try broadcastShape(literal.shape, zeros.shape) == literal.shape,
      zeros.numbers(atMost: GatheredLiteral.mostIndices)?.allSatisfy({ $0 == 0 }) == true
    else { return nil }
    return literal
  }

  static func isComparison(_ operation: String) -> Bool {
    ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or"].contains(operation)
  }

  /// The smallest or largest of any number of operands; of data, of two.
  mutating func traceExtreme(_ node: ONNXNode) throws {
    let values = try node.inputs.indices.map { try required($0) }
    let literals = values.compactMap {
      if case .constant(let literal) = $0 { literal } else { nil }
    }
    guard let first = literals.first, literals.count == values.count else {
      guard values.count == 2 else { throw fail("two operands", "\(values.count)") }
      return try traceBinary(node)
    }
    try set(
      .constant(try literals.dropFirst().reduce(first) { try combined(node.operation, $0, $1) }))
  }

  /// Data with a constant behind the operator.
  mutating func applied(_ kind: String, _ view: TermView, _ literal: Literal) throws
    -> TermView
  {
    guard try broadcastShape(view.shape, literal.shape) == view.shape else {
      throw fail("a constant that fits \(view.shape)", "\(literal.shape)")
    }
    var view = view
    if let number = literal.scalar {
      switch kind {
      case "Mul":
        view.factor *= number
        return view
      case "Div":
        view.factor /= number
        return view
      case "Add" where number == 0: return view
      case "Sub" where number == 0: return view
      case "Add":
        return try term(.addConstant(view, scalar(number)), shape: view.shape)
      case "Sub":
        return try term(.addConstant(view, scalar(-number)), shape: view.shape)
      case "Pow" where number == 2: return try term(.multiply(view, view), shape: view.shape)
      case "Pow" where number == 3:
        let square = try term(.multiply(view, view), shape: view.shape)
        return try term(.multiply(view, square), shape: view.shape)
      case "Pow" where number == 0.5: return try function("Sqrt", view)
      case "Pow" where number == 1: return view
      default: throw fail("a ViT's arithmetic", "\(kind) with \(number)")
      }
    }
    // A mask that hides nothing. Biases are vectors, and stay even if they are zero.
    if kind == "Add", literal.layout.withoutUnits.shape.count > 1,
      literal.numbers()?.allSatisfy({ $0 == 0 }) == true
    {
      return view
    }
    switch kind {
    case "Add": return try term(.addConstant(view, literal), shape: view.shape)
    case "Mul": return try term(.multiplyConstant(view, literal), shape: view.shape)
    case "Sub":
      return try term(.addConstant(view, try mapped("Neg", literal)), shape: view.shape)
    case "Div":
      return try term(
        .multiplyConstant(view, try mapped("Reciprocal", literal)), shape: view.shape)
    default: throw fail("a ViT's arithmetic", "\(kind) with a constant of \(literal.shape)")
    }
  }

  private func scalar(_ number: Double) -> Literal {
    Literal([number], shape: [], isInteger: false)
  }

  private mutating func together(_ kind: String, _ a: TermView, _ b: TermView) throws -> TermView {
    let shape = try broadcastShape(a.shape, b.shape)
    switch kind {
    case "Add": return try term(.add(a, b), shape: shape)
    case "Sub": return try term(.subtract(a, b), shape: shape)
    case "Mul":
      for (value, other) in [(a, b), (b, a)] where other.factor == 1 {
        if case .function("Reciprocal", let divisor) = terms[other.term].kind,
          other.layout.withoutBatch == Layout(contiguous: divisor.shape)
        {
          var whole = divisor
          if let batch = other.layout.batch {
            guard let layout = divisor.layout.repeated(batch) else { continue }
            whole.layout = layout
          }
          return try term(.divide(value, whole), shape: shape)
        }
      }
      return try term(.multiply(a, b), shape: shape)
    case "Div": return try term(.divide(a, b), shape: shape)
    default: throw fail("a ViT's arithmetic", "\(kind) of data and data")
    }
  }

  mutating func function(_ name: String, _ view: TermView) throws -> TermView {
    try term(.function(name, view), shape: view.shape)
  }

  mutating func traceFunction(_ node: ONNXNode) throws {
    switch try required(0) {
    case .constant(let literal): try set(.constant(try mapped(node.operation, literal)))
    case .data(var view):
      if node.operation == "Neg" {
        view.factor.negate()
        try set(.data(view))
      } else {
        try set(.data(try function(node.operation, view)))
      }
    }
  }

  /// `Where` of constants, and the guard against NaN that an exporter puts behind a softmax.
  mutating func traceChoice() throws {
    let condition = try required(0)
    if case .data(let test) = condition {
      if case .function("IsNaN", let tested) = terms[test.term].kind, test.factor == 1,
        case .constant = try required(1), case .data(let value) = try required(2),
        value.single == tested, value.layout.batch == test.layout.batch
      {
        return try set(.data(value))
      }
      throw fail("a choice that does not depend on the image", "another")
    }
    guard case .constant(let test) = condition, let truths = test.numbers() else {
      throw fail("a constant condition", "another")
    }
    let (yes, no) = (try required(1), try required(2))
    if let first = truths.first, truths.allSatisfy({ ($0 != 0) == (first != 0) }) {
      let chosen = first != 0 ? yes : no
      if chosen.shape == (try broadcastShape(chosen.shape, test.shape)) { return try set(chosen) }
    }
    guard case .constant(let yes) = yes, case .constant(let no) = no else {
      throw fail("constants to choose from", "data")
    }
    let shape = try broadcastShape(try broadcastShape(yes.shape, no.shape), test.shape)
    _ = try computableCount(shape)
    let parts = [test, yes, no].compactMap { literal -> [Double]? in
      var literal = literal
      guard let layout = literal.layout.broadcast(to: shape) else { return nil }
      literal.layout = layout
      return literal.numbers()
    }
    guard parts.count == 3 else { throw fail("shapes that broadcast", "\(shape)") }
    let chosen = parts[0].indices.map { parts[0][$0] != 0 ? parts[1][$0] : parts[2][$0] }
    try set(.constant(try computed(chosen, shape: shape, isInteger: yes.isInteger)))
  }

  mutating func traceConcatenation(_ node: ONNXNode) throws {
    let operands = try node.inputs.indices.map { try required($0) }
    // Nothing, as a slice in front of a model without prefix tokens is.
    let filled = operands.filter { !$0.shape.contains(0) }
    let values = filled.isEmpty ? operands : filled
    guard let first = values.first else { throw fail("operands", "none") }
    let axis = try dimension(try integer("axis", default: 0), of: first.shape.count)
    var shape = first.shape
    guard shape.indices.contains(axis) else { throw fail("an axis to join", "\(shape)") }
    for value in values.dropFirst() {
      var (own, other) = (value.shape, shape)
      guard own.count == other.count else { throw fail("shapes of one rank", "\(own)") }
      let (sum, overflow) = shape[axis].addingReportingOverflow(own[axis])
      (own[axis], other[axis]) = (0, 0)
      guard own == other, !overflow else {
        throw fail("shapes that differ along axis \(axis) only", "\(value.shape)")
      }
      shape[axis] = sum
    }
    let literals = values.compactMap {
      if case .constant(let literal) = $0 { literal } else { nil }
    }
    if literals.count == values.count {
      try set(.constant(literals.count == 1 ? literals[0] : try joined(literals, axis: axis)))
      return
    }
    if values.count == 1 { return try set(first) }
    let pieces = values.map { value -> Term.Piece in
      switch value {
      case .data(let view): .data(view)
      case .constant(let literal): .constant(literal)
      }
    }
    try set(.data(try term(.concatenate(pieces, dimension: axis), shape: shape)))
  }
}
