package import ModelFacts
package import Records

/// Extents of the input image.
package struct InputImage: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.image

  package var channels = 3
  package var height = 0
  package var width = 0

  package init() {}

  package init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("channels", &channels)
    try coder.code("height", &height)
    try coder.code("width", &width)
  }

  package var op: Op { .image(self) }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(0)
    return [.image(channels: channels, height: height, width: width)]
  }
}

/// The image averaged over 2 x 2 pixels.
package struct AvgPool2x2: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.avgPool2x2

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .avgPool2x2 }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    guard case .image(let channels, let height, let width) = check.operands[0],
      height % 2 == 0, width % 2 == 0
    else { throw OperandMismatch("an image of even extents, found \(check.operands[0])") }
    return [.image(channels: channels, height: height / 2, width: width / 2)]
  }
}

/// A convolution; weight `[out, in, kernelHeight, kernelWidth]`.
package struct Convolution: OpAttributes {
  package static let kind = OpKind.convolution

  package var weight = ConstantID(0)
  package var bias: ConstantID?
  package var kernelHeight = 1
  package var kernelWidth = 1

  /// Distance between windows; 0 for windows side by side that are not square.
  package var stride = 1
  package var padding = 0
  package var outputs = 0

  /// Fused: applied after the bias.
  package var activation = Activation.none

  /// Fused: `[outHeight * outWidth, out]`, added after the activation (positions).
  package var table: ConstantID?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("kernel_height", &kernelHeight)
    try coder.code("kernel_width", &kernelWidth)
    try coder.code("stride", &stride)
    try coder.code("padding", &padding)
    try coder.code("outputs", &outputs)
    try coder.code("activation", choice: &activation)
    try coder.code("table", constant: &table)
  }

  /// Distance between windows down the image.
  package var strideHeight: Int { stride == 0 ? kernelHeight : stride }

  /// Distance between windows across the image.
  package var strideWidth: Int { stride == 0 ? kernelWidth : stride }

  /// Has windows of these extents lie side by side.
  package mutating func cutPatches(height: Int, width: Int) {
    (kernelHeight, kernelWidth) = (height, width)
    stride = height == width ? height : 0
  }

  package var op: Op { .convolution(self) }

  package var isOfBaseGraph: Bool { activation == .none && table == nil }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    let isMap = if case .map = operand { true } else { false }
    return [StoredConstant(weight, isMap ? .panelsChannelsLast : .panels)]
      + [bias, table].compactMap(\.self).map { StoredConstant($0) }
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = bias.map(map)
    mapped.table = table.map(map)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    guard let (channels, height, width) = check.operands[0].extents else {
      throw OperandMismatch("expected an image or a map, found \(check.operands[0])")
    }
    try check.that(
      (1...1024).contains(kernelHeight) && (1...1024).contains(kernelWidth)
        && (0...1024).contains(stride) && (0..<1024).contains(padding),
      "a kernel, stride and padding up to 1024, found \(self)")
    try check.that(
      stride > 0 || kernelHeight != kernelWidth && padding == 0,
      "a stride, as only windows that are not square have none, found \(self)")
    try check.that(
      height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
      "an operand no smaller than the kernel, found \(check.operands[0])")
    try check.constant(weight, is: [outputs, channels, kernelHeight, kernelWidth])
    if let bias { try check.constant(bias, is: [outputs]) }
    let outHeight = (height + 2 * padding - kernelHeight) / strideHeight + 1
    let outWidth = (width + 2 * padding - kernelWidth) / strideWidth + 1
    if let table { try check.constant(table, is: [outHeight * outWidth, outputs]) }
    return [.map(channels: outputs, height: outHeight, width: outWidth)]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard let (channels, _, _) = operands[0].extents else { return 0 }
    return work(results[0].elementCount, channels, kernelHeight, kernelWidth)
  }
}

/// Batch normalisation; every constant is `[channels]`.
package struct BatchNorm: OpAttributes, Uncounted {
  package static let kind = OpKind.batchNorm

  package var weight = ConstantID(0)
  package var bias = ConstantID(0)
  package var mean = ConstantID(0)
  package var variance = ConstantID(0)
  package var epsilon: Float = 1e-5

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("mean", constant: &mean)
    try coder.code("variance", constant: &variance)
    try coder.code("epsilon", &epsilon)
  }

  package var op: Op { .batchNorm(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [weight, bias, mean, variance].map { StoredConstant($0) }
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = map(bias)
    mapped.mean = map(mean)
    mapped.variance = map(variance)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (channels, _, _) = try check.map(0)
    for id in [weight, bias, mean, variance] { try check.constant(id, is: [channels]) }
    return check.operands
  }
}

/// A map's pixels as rows, row-major.
package struct Flatten: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.flatten

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {}

  package var op: Op { .flatten }

  package var isOfBaseGraph: Bool { true }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (channels, height, width) = try check.map(0)
    return [.rows(count: height * width, width: channels)]
  }
}
