package import ModelFacts
package import Records

/// Extents of the input picture.
package struct Picture: Record, Hashable {
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
}

/// A convolution; weight `[out, in, kernelHeight, kernelWidth]`.
package struct Convolution: Record, Hashable {
  package var weight = ConstantID(0)
  package var bias: ConstantID?
  package var kernelHeight = 1
  package var kernelWidth = 1
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
}

/// Batch normalisation; every constant is `[channels]`.
package struct BatchNorm: Record, Hashable {
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
}

/// An elementwise non-linearity.
package struct ActivationNode: Record, Hashable {
  package var kind = Activation.none

  package init() {}

  package init(_ kind: Activation) { self.kind = kind }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("kind", choice: &kind)
  }
}

/// Constant rows `[count, width]` in front of the operand's rows.
package struct Prepend: Record, Hashable {
  package var rows = ConstantID(0)

  package init() {}

  package init(_ rows: ConstantID) { self.rows = rows }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("rows", constant: &rows)
  }
}

/// A constant of the operand's shape.
package struct AddTable: Record, Hashable {
  package var table = ConstantID(0)

  package init() {}

  package init(_ table: ConstantID) { self.table = table }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("table", constant: &table)
  }
}

/// LayerNorm; weight and bias `[width]`.
package struct Norm: Record, Hashable {
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
}

/// A linear layer; weight `[out, in]`, bias `[out]`.
package struct Linear: Record, Hashable {
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
}

/// Multi-head self-attention of packed `qkv`.
package struct Attention: Record, Hashable {
  package var heads = 1
  package var headWidth = 1

  /// Factor on `q k^T`, `headWidth^-0.5` unless the checkpoint says otherwise.
  package var scale: Float = 1

  /// The second operand is token sizes: logits gain `log(size[key])`.
  package var isSizeAware = false

  /// The class token's softmax rows are a result.
  package var keepsClassRows = false

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
    try coder.code("class_rows", &keepsClassRows)
    try coder.code("probabilities", &keepsProbabilities)
    try coder.code("queries", &queries)
  }
}

/// Constant factors `[width]`, one a column.
package struct ScaleColumns: Record, Hashable {
  package var factors = ConstantID(0)

  package init() {}

  package init(_ factors: ConstantID) { self.factors = factors }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("factors", constant: &factors)
  }
}

/// One factor for everything.
package struct Scale: Record, Hashable {
  package var factor: Float = 1

  package init() {}

  package init(_ factor: Float) { self.factor = factor }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("factor", &factor)
  }
}

/// Rows `first ..< first + count`.
package struct Slice: Record, Hashable {
  package var first = 0
  package var count = 0

  package init() {}

  package init(first: Int, count: Int) {
    self.first = first
    self.count = count
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("first", &first)
    try coder.code("count", &count)
  }
}

/// `alpha * x + beta * y`.
package struct Combine: Record, Hashable {
  package var alpha: Float = 1
  package var beta: Float = 1

  package init() {}

  package init(alpha: Float, beta: Float) {
    self.alpha = alpha
    self.beta = beta
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("alpha", &alpha)
    try coder.code("beta", &beta)
  }
}
