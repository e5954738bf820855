package import Records

/// DOWN of a grid of patch tokens behind `prefix` others; extents are the operand's.
package struct GridAvgPool: OpAttributes, Uncounted {
  package static let kind = OpKind.gridAvgPool

  package var prefix = 0
  package var height = 0
  package var width = 0

  /// Fused: LayerNorm of each row before the mean.
  package var norm: Norm?

  package init() {}

  package init(prefix: Int, height: Int, width: Int) {
    self.prefix = prefix
    self.height = height
    self.width = width
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("norm", optional: &norm)
  }

  package var op: Op { .gridAvgPool(self) }

  package var isOfBaseGraph: Bool { false }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    norm?.constants(reading: nil) ?? []
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.norm = norm?.mappingConstants(map)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let columns = try check.grid(prefix, height, width)
    try check.that(
      height % 2 == 0 && width % 2 == 0, "an even grid, found \(height) x \(width)")
    if let norm { try check.norm(norm, width: columns) }
    return [.rows(count: prefix + height / 2 * (width / 2), width: columns)]
  }
}

/// UP of a grid of patch tokens behind `prefix` others; extents are the operand's.
package struct GridUpsample: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.gridUpsample

  package var prefix = 0
  package var height = 0
  package var width = 0

  /// Fused: the second operand is added to the result.
  package var hasResidual = false

  package init() {}

  package init(prefix: Int, height: Int, width: Int) {
    self.prefix = prefix
    self.height = height
    self.width = width
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("has_residual", &hasResidual)
  }

  package var op: Op { .gridUpsample(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(hasResidual ? 2 : 1)
    let columns = try check.grid(prefix, height, width)
    let count = prefix + height * 2 * (width * 2)
    if hasResidual { try check.rows(1, are: count, columns) }
    return [.rows(count: count, width: columns)]
  }
}

/// A depthwise convolution over a grid; weight `[channels, 1, kernel, kernel]`, bias `[channels]`.
package struct Depthwise: OpAttributes {
  package static let kind = OpKind.depthwise

  package var weight = ConstantID(0)
  package var bias = ConstantID(0)
  package var kernel = 1
  package var dilation = 1
  package var padding = 0
  package var height = 0
  package var width = 0

  /// Fused: the operand is added to the result (PEG).
  package var addsOperand = false

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("kernel", &kernel)
    try coder.code("dilation", &dilation)
    try coder.code("padding", &padding)
    try coder.code("height", &height)
    try coder.code("width", &width)
    try coder.code("adds_operand", &addsOperand)
  }

  package var op: Op { .depthwise(self) }

  package var isOfBaseGraph: Bool { false }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(weight, .depthwise), StoredConstant(bias)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = map(bias)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let channels = try check.grid(0, height, width)
    try check.that(
      (1...63).contains(kernel) && (1...63).contains(dilation)
        && dilation * (kernel - 1) % 2 == 0 && padding == dilation * (kernel - 1) / 2,
      "a kernel whose padding keeps the grid, found \(self)")
    try check.constant(weight, is: [channels, 1, kernel, kernel])
    try check.constant(bias, is: [channels])
    return check.operands
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    work(results[0].elementCount, kernel, kernel)
  }
}
