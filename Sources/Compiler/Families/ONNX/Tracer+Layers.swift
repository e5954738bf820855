internal import Checkpoints
internal import Tensors

/// Operators with weights, and those that work along an axis.
extension Tracer {
  mutating func traceConvolution() throws {
    let input = try data(0)
    guard let weight = try literal(1), weight.shape.count == 4, input.shape.count == 4 else {
      throw fail("a convolution of an image with a constant weight", "another")
    }
    let bias = try literal(2)
    if let kernel = try integers("kernel_shape", orOperand: 99), kernel != Array(weight.shape[2...])
    {
      throw fail("kernel_shape \(weight.shape[2...]), as the weight has", "\(kernel)")
    }
    let strides = try integers("strides", orOperand: 99) ?? [1, 1]
    let pads = try integers("pads", orOperand: 99) ?? [0, 0, 0, 0]
    let dilations = try integers("dilations", orOperand: 99) ?? [1, 1]
    guard strides.count == 2, strides.allSatisfy({ (1...4096).contains($0) }),
      pads.count == 4, Set(pads).count == 1, (0...4096).contains(pads[0]),
      dilations.allSatisfy({ $0 == 1 }), try integer("group", default: 1) == 1
    else {
      throw fail(
        "two strides, one padding, no dilation, no groups",
        "strides \(strides), pads \(pads), dilations \(dilations)")
    }
    if let mode = try operation.string("auto_pad"),
      mode != "NOTSET" && !(mode == "VALID" && pads[0] == 0)
    {
      throw fail("explicit padding", "auto_pad \(mode)")
    }
    let padding = pads[0]
    let extents = (0..<2).map { (axis: Int) -> Int in
      let room = input.shape[2 + axis] + 2 * padding - weight.shape[2 + axis]
      return room / strides[axis] + 1
    }
    guard input.shape[1] == weight.shape[1],
      zip(input.shape[2...], weight.shape[2...]).allSatisfy({
        $1 > 0 && $0 + 2 * padding >= $1
      })
    else {
      throw fail("a weight that fits \(input.shape)", "\(weight.shape)")
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw fail("a bias of \(weight.shape[0])", "\(bias.shape)")
    }
    try set(
      .data(
        try term(
          .convolution(input, weight: weight, bias: bias, stride: strides, padding: padding),
          shape: [input.shape[0], weight.shape[0]] + extents)))
  }

  mutating func traceBatchNorm() throws {
    let input = try data(0)
    let parts = try (1...4).compactMap { try literal($0) }
    guard parts.count == 4, input.shape.count == 4,
      parts.allSatisfy({ $0.shape == [input.shape[1]] }),
      try integer("training_mode", default: 0) == 0
    else { throw fail("four statistics of the channels", parts.map { "\($0.shape)" }.joined()) }
    try set(
      .data(
        try term(
          .batchNorm(
            input, scale: parts[0], bias: parts[1], mean: parts[2], variance: parts[3],
            try float("epsilon", default: 1e-5)), shape: input.shape)))
  }

  mutating func traceLayerNorm() throws {
    let (input, weight, epsilon) = try normOperands()
    let bias = try literal(2)
    if let bias, bias.shape != weight.shape {
      throw fail("a bias of \(weight.shape)", "\(bias.shape)")
    }
    try set(
      .data(
        try term(.layerNorm(input, weight: weight, bias: bias, epsilon), shape: input.shape)))
  }

  mutating func traceRMSNorm() throws {
    let (input, weight, epsilon) = try normOperands()
    try set(.data(try term(.rmsNorm(input, weight: weight, epsilon), shape: input.shape)))
  }

  /// What a norm of the last axis reads.
  private func normOperands() throws -> (input: TermView, weight: Literal, epsilon: Float) {
    let input = try data(0)
    let axis = try dimension(try integer("axis", default: -1), of: input.shape.count)
    guard let weight = try literal(1), axis == input.shape.count - 1,
      weight.shape == [input.shape[axis]]
    else { throw fail("a norm of the last axis with a weight", "axis \(axis)") }
    return (input, weight, try float("epsilon", default: 1e-5))
  }

  mutating func traceProduct() throws {
    switch (try required(0), try required(1)) {
    case (.data(let left), .constant(let weight)):
      guard weight.shape.count == 2, let width = left.shape.last, width == weight.shape[0] else {
        throw fail("a weight [in, out] that fits \(left.shape)", "\(weight.shape)")
      }
      try set(
        .data(try term(.linear(left, weight), shape: left.shape.dropLast() + [weight.shape[1]])))
    case (.data(let left), .data(let right)):
      let (a, b) = (left.shape, right.shape)
      guard a.count == b.count, a.count >= 2, a.last == b[b.count - 2],
        a.dropLast(2) == b.dropLast(2)
      else { throw fail("matrices that fit", "\(a) and \(b)") }
      try set(.data(try term(.product(left, right), shape: a.dropLast() + [b[b.count - 1]])))
    case (.constant(let rows), .data(let matrix)): try set(.data(try weighted(rows, matrix)))
    case (.constant(let left), .constant(let right)):
      try set(.constant(try product(left, right)))
    }
  }

  /// A constant's rows times data.
  mutating func weighted(_ rows: Literal, _ matrix: TermView) throws -> TermView {
    let (a, b) = (rows.shape, matrix.shape)
    guard a.count == b.count, a.count >= 2, a.last == b[b.count - 2],
      zip(a, b).dropLast(2).allSatisfy({ $0 == $1 || $0 == 1 })
    else { throw fail("matrices that fit", "\(a) and \(b)") }
    let shape = b.dropLast(2) + [a[a.count - 2], b[b.count - 1]]
    return try term(.weighted(rows, matrix), shape: Array(shape))
  }

  /// `alpha A B + beta C`, either operand transposed.
  mutating func traceGemm() throws {
    var left = try data(0)
    guard var weight = try literal(1), weight.shape.count == 2, left.shape.count == 2,
      try float("alpha", default: 1) == 1, try float("beta", default: 1) == 1
    else { throw fail("rows times a constant weight, alpha and beta 1", "another") }
    if try integer("transA", default: 0) != 0 { left.layout = left.layout.transposed([1, 0]) }
    if try integer("transB", default: 0) != 0 { weight.layout = weight.layout.transposed([1, 0]) }
    guard left.shape[1] == weight.shape[0] else {
      throw fail("a weight that fits \(left.shape)", "\(weight.shape)")
    }
    let shape = [left.shape[0], weight.shape[1]]
    let product = try term(.linear(left, weight), shape: shape)
    guard let bias = try literal(2) else { return try set(.data(product)) }
    guard try broadcastShape(shape, bias.shape) == shape else {
      throw fail("a bias that fits \(shape)", "\(bias.shape)")
    }
    try set(.data(try term(.addConstant(product, bias), shape: shape)))
  }

  mutating func traceSoftmax(_ node: ONNXNode) throws {
    let input = try data(0)
    let fallback = opset < 13 ? 1 : -1
    let axis = try dimension(try integer("axis", default: fallback), of: input.shape.count)
    guard axis == input.shape.count - 1 else {
      throw fail("a softmax along the last axis", "axis \(axis) of \(input.shape)")
    }
    let kind = node.operation == "Softmax" ? Term.Kind.softmax(input) : .logSoftmax(input)
    try set(.data(try term(kind, shape: input.shape)))
  }

  mutating func traceReduction(_ node: ONNXNode) throws {
    if case .constant(let literal) = try required(0) {
      return try set(.constant(try reduced(node, literal)))
    }
    var input = try data(0)
    let rank = input.shape.count
    let axes = try integers("axes", orOperand: 1)?.map { try dimension($0, of: rank) } ?? []
    let keeps = try integer("keepdims", default: 1) != 0
    guard axes.count == 1, let axis = axes.first, input.shape.indices.contains(axis),
      ["ReduceMean", "ReduceMax"].contains(node.operation)
    else { throw fail("a mean or a maximum along one axis", "\(node.operation) of axes \(axes)") }
    let others = input.shape.indices.filter { $0 != axis }
    input.layout = input.layout.transposed(others + [axis])
    let kind = node.operation == "ReduceMean" ? Term.Kind.mean(input) : .maximum(input)
    let result = try term(kind, shape: Array(input.shape.dropLast()))
    guard keeps else { return try set(.data(result)) }
    try set(try moved(.data(result), result.layout.unsqueezed(axis), "an axis of extent 1", ""))
  }
}
