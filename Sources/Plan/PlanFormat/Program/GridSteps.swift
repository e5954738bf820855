internal import ModelFacts
package import Records

/// The image `[channels * height, width]` averaged over 2 x 2 pixels.
package struct AvgPool2x2Step: IndexFreeStep {
  package static let kind = StepKind.avgPool2x2

  package var input = 0
  package var channels = 0
  package var height = 0
  package var width = 0
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", &input)
    try coder.code("channels", &channels)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(channels, "channels", 1...65536)
    try context.range(height, "height", 2...65536)
    try context.range(width, "width", 2...65536)
    try context.require(
      height % 2 == 0 && width % 2 == 0, "height and width", "even numbers", "\(height), \(width)")
    try context.buffer(input, "input", rows: channels * height, columns: width)
    try context.buffer(output, "output", rows: channels * height / 2, columns: width / 2)
    try context.distinct(output, from: [input])
  }

  package var step: Step { .avgPool2x2(self) }

  package var reads: [Int] { [input] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}

/// Grid tokens averaged over, or repeated as, 2 x 2; prefix tokens pass unchanged.
package struct GridStep: IndexFreeStep {
  package static let kind = StepKind.grid

  /// Which of the two.
  package enum Direction: UInt8, Choice {
    case down = 0
    case up = 1
  }

  package var direction = Direction.down
  package var input = RowsOperand()
  package var prefix = 0

  /// Extents of the input grid.
  package var height = 0
  package var width = 0

  /// `down` only: LayerNorm of each row before the mean.
  package var norm: NormOperand?

  /// `up` only: added to the result.
  package var residual: RowsOperand?
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("direction", choice: &direction)
    try coder.code("input", record: &input)
    try coder.code("prefix", &prefix)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("norm", optional: &norm)
    try coder.code("residual", optional: &residual)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let columns = try context.width(input, "input")
    try context.range(prefix, "prefix", ModelFacts.gridPrefixCounts)
    try context.range(height, "height", 1...4096)
    try context.range(width, "width", 1...4096)
    try context.require(
      input.count == prefix + height * width, "input", "\(prefix) + \(height) x \(width) rows",
      "\(input.count)")
    let isDown = direction == .down
    try context.require(
      !isDown || (height % 2 == 0 && width % 2 == 0), "height and width", "even numbers",
      "\(height), \(width)")
    let count = prefix + (isDown ? height / 2 * (width / 2) : height * 2 * width * 2)
    try context.rows(output, "output", count: count, columns: columns)
    if let norm {
      try context.require(isDown, "norm", "none going up", "a norm")
      try context.norm(norm, width: columns)
    }
    if let residual {
      try context.require(!isDown, "residual", "none going down", "a residual")
      try context.rows(residual, "residual", count: count, columns: columns)
    }
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .grid(self) }

  package var reads: [Int] { [input.buffer] + (residual.map { [$0.buffer] } ?? []) }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { norm.map { [$0.weight, $0.bias] } ?? [] }
}

/// A depthwise convolution over grid tokens.
package struct DepthwiseStep: IndexFreeStep {
  package static let kind = StepKind.depthwise

  package var input = RowsOperand()
  package var height = 0
  package var width = 0
  package var weight = 0
  package var bias = 0
  package var kernel = 1
  package var dilation = 1

  /// The input is added to the result.
  package var addsInput = false
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("weight", &weight)
    try coder.code("bias", &bias)
    try coder.code("kernel", &kernel)
    try coder.code("dilation", &dilation)
    try coder.code("adds_input", &addsInput)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let channels = try context.width(input, "input")
    try context.range(height, "height", 1...4096)
    try context.range(width, "width", 1...4096)
    try context.range(kernel, "kernel", 1...63)
    try context.range(dilation, "dilation", 1...63)
    try context.require(
      dilation * (kernel - 1) % 2 == 0, "kernel", "a kernel that can be centred", "\(kernel)")
    try context.require(
      input.count == height * width, "input", "\(height) x \(width) rows", "\(input.count)")
    try context.rows(output, "output", count: input.count, columns: channels)
    try context.matrix(weight, "weight", .depthwise, .float32, [channels, 1, kernel, kernel])
    try context.table(bias, "bias", [channels])
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .depthwise(self) }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [weight, bias] }

  package func multiplyAdds(_ context: StepContext) -> Double {
    Double(output.count) * context.elements(ofConstant: weight)
  }
}

/// Arithmetic on rows of one shape.
package struct ElementwiseStep: IndexFreeStep {
  package static let kind = StepKind.elementwise

  /// What is computed of operands `a`, `u` and `v`.
  package enum Operation: UInt8, Choice {
    /// `a + u`.
    case add = 0
    /// `alpha * a + beta * u`.
    case combine = 1
    /// `a + u * v`.
    case multiplyAdd = 2
    /// `a`; `u` is not read.
    case copy = 3
  }

  package var operation = Operation.add
  package var alpha: Float = 1
  package var beta: Float = 1
  package var a = RowsOperand()
  package var u = RowsOperand()

  /// `multiplyAdd` only.
  package var v: RowsOperand?

  /// May be an operand itself.
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("operation", choice: &operation)
    try coder.code("alpha", &alpha)
    try coder.code("beta", &beta)
    try coder.code("a", record: &a)
    try coder.code("u", record: &u)
    try coder.code("v", optional: &v)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(a, "a")
    let operands = [a, u] + [v].compactMap(\.self)
    for operand in operands + [output] {
      try context.rows(operand, "operand", count: a.count, columns: width)
      try context.require(
        operand.buffer != output.buffer || operand == output, "output",
        "an operand itself or another buffer", "other rows of an operand")
    }
    try context.require(
      (v != nil) == (operation == .multiplyAdd), "v", "an operand of multiplyAdd alone",
      v == nil ? "none" : "one")
  }

  package var step: Step { .elementwise(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(a), .rows(u), .rows(output)] + [v].compactMap { $0.map(TokenPlace.rows) }]
  }

  package var reads: [Int] { [a.buffer, u.buffer] + (v.map { [$0.buffer] } ?? []) }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}

/// The largest value of each column.
package struct ReduceMaxStep: IndexFreeStep {
  package static let kind = StepKind.reduceMax

  package var input = RowsOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.rows(output, "output", count: 1, columns: width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .reduceMax(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}
