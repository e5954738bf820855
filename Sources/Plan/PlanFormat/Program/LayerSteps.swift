package import ModelFacts
package import Records

/// `output = activation(norm(input) W^T + bias) + residual`.
package struct LinearStep: IndexFreeStep {
  package static let kind = StepKind.linear

  package var features: Set<PlanFeature> { activation.features }

  package var input = RowsOperand()
  package var weight = 0
  package var bias: Int?
  package var norm: NormOperand?
  package var activation = Activation.none

  /// Added last; may be the output itself.
  package var residual: RowsOperand?
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("weight", &weight)
    try coder.code("bias", optional: &bias)
    try coder.code("norm", optional: &norm)
    try coder.code("activation", choice: &activation)
    try coder.code("residual", optional: &residual)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let inputs = try context.width(input, "input")
    let outputs = try context.width(output, "output")
    try context.require(
      input.count == output.count, "output", "\(input.count) rows", "\(output.count)")
    try context.panels(weight, "weight", [outputs, inputs], .panels)
    if let bias { try context.table(bias, "bias", [outputs]) }
    if let norm { try context.norm(norm, width: inputs) }
    if let residual {
      try context.rows(residual, "residual", count: output.count, columns: outputs)
      try context.require(
        residual.buffer != output.buffer || residual == output, "residual",
        "the output itself or another buffer", "other rows of the output")
    }
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .linear(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)] + [residual].compactMap { $0.map(TokenPlace.rows) }]
  }

  package var reads: [Int] { [input.buffer] + (residual.map { [$0.buffer] } ?? []) }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] {
    [weight] + [bias, norm?.weight, norm?.bias].compactMap(\.self)
  }

  package func multiplyAdds(_ context: StepContext) -> Double {
    Double(output.count) * context.elements(ofConstant: weight)
  }
}

/// A convolution of the image (`[channels * height, width]`) or of rows of pixels
/// (`[height * width, channels]`).
package struct ConvolutionStep: IndexFreeStep {
  package static let kind = StepKind.convolution

  package var features: Set<PlanFeature> {
    activation.features.union(stride == 0 ? [.patches] : [])
  }

  package var input = 0

  /// The input is rows of pixels; else it is an image, channel after channel.
  package var isChannelsLast = false
  package var channels = 0
  package var height = 0
  package var width = 0
  package var weight = 0
  package var bias: Int?

  /// Side of the square kernel; without a stride its height.
  package var kernel = 1

  /// Distance between windows; 0 for windows side by side that are not square, which are as wide as the weight.
  package var stride = 1
  package var padding = 0
  package var activation = Activation.none

  /// Added last to each output row, the same for all images.
  package var table: Int?
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", &input)
    try coder.code("channels_last", &isChannelsLast)
    try coder.code("channels", &channels)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("weight", &weight)
    try coder.code("bias", optional: &bias)
    try coder.code("kernel", &kernel)
    try coder.code("stride", &stride)
    try coder.code("padding", &padding)
    try coder.code("activation", choice: &activation)
    try coder.code("table", optional: &table)
    try coder.code("output", record: &output)
  }

  /// A kernel's extents and the distances between its windows, both down and across.
  package typealias Windows = (
    kernel: (height: Int, width: Int), stride: (height: Int, width: Int)
  )

  /// The windows of a weight, `[outputs, channels, kernel height, kernel width]`.
  package func windows(of weight: ConstantRecord) -> Windows {
    let extents = (kernel, stride == 0 ? weight.shape.last ?? 0 : kernel)
    return (extents, stride == 0 ? extents : (stride, stride))
  }

  package func verify(_ context: StepContext) throws {
    try context.range(channels, "channels", 1...65536)
    try context.range(height, "height", 1...65536)
    try context.range(width, "width", 1...65536)
    try context.range(stride, "stride", 0...1024)
    try context.range(padding, "padding", 0...(stride == 0 ? 0 : 1023))
    let (sides, strides) = windows(of: try context.constant(weight, "weight"))
    try context.range(sides.height, "kernel", 1...min(1024, height + 2 * padding))
    try context.range(sides.width, "kernel", 1...min(1024, width + 2 * padding))
    try context.require(
      stride > 0 || sides.height != sides.width, "stride", "\(kernel), as the kernel is square",
      "0")
    if isChannelsLast {
      try context.buffer(input, "input", rows: height * width, columns: channels)
    } else {
      try context.buffer(input, "input", rows: channels * height, columns: width)
    }
    let isInt8 = try context.constant(weight, "weight").element == .int8
    try context.require(
      !isInt8 || (!isChannelsLast && padding == 0 && strides == sides), "weight",
      "float32 or float16 where windows are not the patches of an image", "int8")
    let outputs = try context.width(output, "output")
    let rows = (height + 2 * padding - sides.height) / strides.height + 1
    let columns = (width + 2 * padding - sides.width) / strides.width + 1
    try context.require(
      output.count == rows * columns, "output", "\(rows) x \(columns) rows", "\(output.count)")
    try context.panels(
      weight, "weight", [outputs, channels, sides.height, sides.width],
      isChannelsLast ? .panelsChannelsLast : .panels)
    if let bias { try context.table(bias, "bias", [outputs]) }
    if let table { try context.table(table, "table", [output.count, outputs]) }
    try context.distinct(output.buffer, from: [input])
  }

  package var step: Step { .convolution(self) }

  package var reads: [Int] { [input] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [weight] + [bias, table].compactMap(\.self) }

  package func multiplyAdds(_ context: StepContext) -> Double {
    Double(output.count) * context.elements(ofConstant: weight)
  }
}

/// The first rows of every image become constant rows.
package struct PrefixStep: IndexFreeStep {
  package static let kind = StepKind.prefix

  package var rows = 0
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("rows", &rows)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(output, "output")
    try context.require(output.first == 0, "output", "rows from 0", "from \(output.first)")
    try context.table(rows, "rows", [output.count, width])
  }

  package var step: Step { .prefix(self) }

  package var reads: [Int] { [] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [rows] }
}

/// Multi-head self-attention of `qkv` rows (q | k | v, each head-major).
package struct AttentionStep: IndexFreeStep {
  package static let kind = StepKind.attention

  package var qkv = 0
  package var heads = 1
  package var headWidth = 1
  package var scale: Float = 1

  /// The first tokens that are queries.
  package var queries = 0

  /// Sizes `[1, T]`: logits gain `log(size[key])`.
  package var sizes: Int?
  package var output = 0

  /// `[heads, T]`: the class token's softmax rows.
  package var classAttention: Int?

  /// `[heads * T, T]`: all softmax rows.
  package var probabilities: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("qkv", &qkv)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("scale", &scale)
    try coder.code("queries", &queries)
    try coder.code("sizes", optional: &sizes)
    try coder.code("output", &output)
    try coder.code("class_attention", optional: &classAttention)
    try coder.code("probabilities", optional: &probabilities)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(heads, "heads", 1...1024)
    try context.range(headWidth, "head width", 1...4096)
    let tokens = try context.buffer(qkv, "qkv").rows
    try context.buffer(qkv, "qkv", rows: tokens, columns: 3 * heads * headWidth)
    try context.range(queries, "queries", 1...tokens)
    try context.require(scale.isFinite, "scale", "a finite number", "\(scale)")
    if let sizes { try context.buffer(sizes, "sizes", rows: 1, columns: tokens) }
    try context.buffer(output, "output", rows: queries, columns: heads * headWidth)
    if let classAttention {
      try context.buffer(classAttention, "class attention", rows: heads, columns: tokens)
    }
    if let probabilities {
      try context.range(queries, "queries", tokens...tokens)
      try context.buffer(probabilities, "probabilities", rows: heads * tokens, columns: tokens)
    }
    try context.disjointResults(of: self)
  }

  package var step: Step { .attention(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    let keys = RowsOperand(qkv, first: 0, count: buffers[qkv].rows)
    let columns = [sizes, classAttention, probabilities].compactMap { $0.map(TokenPlace.columns) }
    let output = TokenPlace.rows(RowsOperand(output, first: 0, count: queries))
    if queries == keys.count { return [[.rows(keys), output] + columns] }
    return [[.rows(keys)] + columns, [.rows(RowsOperand(qkv, first: 0, count: queries)), output]]
  }

  package var reads: [Int] { [qkv] + [sizes].compactMap(\.self) }
  package var writes: [Int] { [output] + [classAttention, probabilities].compactMap(\.self) }
  package var constants: [Int] { [] }

  package func multiplyAdds(_ context: StepContext) -> Double {
    2 * Double(queries) * Double(context.buffers[qkv].rows) * Double(heads * headWidth)
  }
}

/// LayerNorm of each row on its own.
package struct NormStep: IndexFreeStep {
  package static let kind = StepKind.norm

  package var input = RowsOperand()
  package var norm = NormOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("norm", record: &norm)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.norm(norm, width: width)
    try context.rows(output, "output", count: input.count, columns: width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .norm(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [norm.weight, norm.bias] }
}
