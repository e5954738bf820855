package import ModelFacts
package import Records

/// An elementwise non-linearity.
package struct ActivationNode: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.activation

  package var kind = Activation.none

  package init() {}

  package init(_ kind: Activation) { self.kind = kind }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("kind", choice: &kind)
  }

  package var op: Op { .activation(self) }

  package var isOfBaseGraph: Bool { true }

  package var name: String { kind.word }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    return check.operands
  }
}

/// LayerNorm; weight and bias `[width]`.
package struct Norm: OpAttributes, Uncounted {
  package static let kind = OpKind.layerNorm

  package var weight = ConstantID(0)
  package var bias = ConstantID(0)
  package var epsilon: Float = 1e-6

  package init() {}

  package init(weight: ConstantID, bias: ConstantID, epsilon: Float) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("epsilon", &epsilon)
  }

  package var op: Op { .layerNorm(self) }

  package var isOfBaseGraph: Bool { true }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    [StoredConstant(weight), StoredConstant(bias)]
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = map(bias)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.norm(self, width: try check.rows(0, tokensAlong: .rows).width)
    return check.operands
  }
}

/// A linear layer; weight `[out, in]`, bias `[out]`.
package struct Linear: OpAttributes {
  package static let kind = OpKind.linear

  package var weight = ConstantID(0)
  package var bias: ConstantID?

  /// Fused: LayerNorm of each operand row before the product.
  package var norm: Norm?

  /// Fused: applied after the bias.
  package var activation = Activation.none

  /// Fused: the second operand is added last.
  package var hasResidual = false

  package init() {}

  package init(weight: ConstantID, bias: ConstantID?) {
    self.weight = weight
    self.bias = bias
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", constant: &weight)
    try coder.code("bias", constant: &bias)
    try coder.code("norm", optional: &norm)
    try coder.code("activation", choice: &activation)
    try coder.code("has_residual", &hasResidual)
  }

  package var op: Op { .linear(self) }

  package var isOfBaseGraph: Bool { norm == nil && activation == .none && !hasResidual }

  package func constants(reading operand: ValueType?) -> [StoredConstant] {
    (norm?.constants(reading: nil) ?? []) + [StoredConstant(weight, .panels)]
      + [bias].compactMap(\.self).map { StoredConstant($0) }
  }

  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Self {
    var mapped = self
    mapped.weight = map(weight)
    mapped.bias = bias.map(map)
    mapped.norm = norm?.mappingConstants(map)
    return mapped
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(hasResidual ? 2 : 1)
    let (rowCount, width, unused) = try check.rows(0, tokensAlong: .rows)
    let weight = check.shape(weight)
    try check.that(
      weight.rank == 2 && weight[1] == width, "a weight [out, \(width)], found \(weight)")
    if let bias { try check.constant(bias, is: [weight[0]]) }
    if let norm { try check.norm(norm, width: width) }
    if hasResidual { try check.rows(1, are: rowCount, weight[0], unused: unused) }
    return [.rows(count: rowCount, width: weight[0], unused: unused)]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(_, let width, _) = operands[0] else { return 0 }
    return work(results[0].elementCount, width)
  }
}

/// Multi-head self-attention of packed `qkv`.
package struct Attention: OpAttributes, ConstantFree {
  package static let kind = OpKind.attention

  package var heads = 1
  package var headWidth = 1

  /// Factor on `q k^T`, `headWidth^-0.5` unless the checkpoint says otherwise.
  package var scale: Float = 1

  /// The second operand is token sizes: logits gain `log(size[key])`.
  package var isSizeAware = false

  /// The class token's softmax rows are a result.
  package var keepsClassAttention = false

  /// All softmax rows are a result.
  package var keepsProbabilities = false

  /// Only the first tokens are queries, as many as this; 0 stands for all.
  package var queries = 0

  package init() {}

  package init(heads: Int, headWidth: Int, scale: Float) {
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("scale", &scale)
    try coder.code("size_aware", &isSizeAware)
    try coder.code("class_attention", &keepsClassAttention)
    try coder.code("probabilities", &keepsProbabilities)
    try coder.code("queries", &queries)
  }

  package var op: Op { .attention(self) }

  package var isOfBaseGraph: Bool {
    !isSizeAware && !keepsClassAttention && !keepsProbabilities && queries == 0
  }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(isSizeAware ? 2 : 1)
    let (tokens, width, unused) = try check.rows(0, tokensAlong: .rows)
    let unusedColumns = unused?.along(.columns)
    try check.that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth)
        && width == 3 * heads * headWidth,
      "3 x \(heads) x \(headWidth) columns, found \(width)")
    try check.that(scale.isFinite, "a finite scale, found \(scale)")
    if isSizeAware { try check.rows(1, are: 1, tokens, unused: unusedColumns) }
    try check.that(
      (0...tokens).contains(queries) && (queries == 0 || !keepsProbabilities),
      "at most \(tokens) queries, and all of them for all softmax rows, found \(queries)")
    let rows = queries == 0 ? tokens : queries
    try check.that(
      rows == tokens || rows <= tokens - (unused?.most ?? 0),
      "all tokens as queries, or those that are in use, found \(queries)")
    var results = [
      ValueType.rows(
        count: rows, width: heads * headWidth, unused: rows == tokens ? unused : nil)
    ]
    if keepsClassAttention {
      results.append(.rows(count: heads, width: tokens, unused: unusedColumns))
    }
    if keepsProbabilities {
      results.append(.rows(count: heads * tokens, width: tokens, unused: unusedColumns))
    }
    return results
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(let tokens, _, _) = operands[0] else { return 0 }
    return work(2, queries == 0 ? tokens : queries, tokens, heads, headWidth)
  }
}
