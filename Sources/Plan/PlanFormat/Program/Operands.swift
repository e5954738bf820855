package import ModelFacts
package import Records

/// The activation of a step; a name that does not collide with the kernels' own.
package typealias StepActivation = Activation

extension Activation {
  /// What a plan with a step of this activation lists.
  var features: Set<PlanFeature> { self == .tanh ? [.tanh] : [] }
}

extension Set<PlanFeature> {
  /// What a plan with a step that chooses or joins tokens behind so many others lists.
  static func behind(prefix: Int) -> Self { (1...2).contains(prefix) ? [] : [.prefix] }
}

/// Rows `first ..< first + count` of a buffer.
package struct RowsOperand: Record, Hashable {
  package var buffer = 0
  package var first = 0
  package var count = 0

  package init() {}

  package init(_ buffer: Int, first: Int, count: Int) {
    self.buffer = buffer
    self.first = first
    self.count = count
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("buffer", &buffer)
    try coder.code("first", &first)
    try coder.code("count", &count)
  }
}

/// LayerNorm of a row: constants `[width]` and epsilon.
package struct NormOperand: Record, Hashable {
  package var weight = 0
  package var bias = 0
  package var epsilon: Float = 1e-6

  package init() {}

  package init(weight: Int, bias: Int, epsilon: Float) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("weight", &weight)
    try coder.code("bias", &bias)
    try coder.code("epsilon", &epsilon)
  }
}

/// Which tokens of a buffer an image may not use: the last along an axis, as many as another buffer says.
package struct UnusedRecord: Record, Hashable {
  /// `[1, 1]`, int32: how many, of a partition's making.
  package var buffer = 0

  /// Where the tokens lie.
  package var axis = TokenAxis.rows

  package init() {}

  package init(_ buffer: Int, along axis: TokenAxis) {
    self.buffer = buffer
    self.axis = axis
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("buffer", &buffer)
    try coder.code("axis", choice: &axis)
  }
}

/// A place for intermediate results. Element type and shape are those of one image; with a batch
/// of `n`, the buffer is `[n, rows, columns]` at `n * offset` in the arena.
package struct BufferRecord: Record, Hashable {
  /// What the elements are.
  package enum Element: UInt8, Choice {
    case float32 = 0
    case int32 = 1
  }

  package var element = Element.float32
  package var rows = 0
  package var columns = 0

  /// Byte offset in the arena of one image, a multiple of 64; -1 for the input image, which
  /// stays where the caller has it.
  package var offset = 0

  /// Where images use different numbers of its tokens: what says how many. Rows and columns are then the
  /// most.
  package var unused: UnusedRecord?

  package init() {}

  package init(
    _ element: Element = .float32, rows: Int, columns: Int, offset: Int = 0,
    unused: UnusedRecord? = nil
  ) {
    self.element = element
    self.rows = rows
    self.columns = columns
    self.offset = offset
    self.unused = unused
  }

  /// The most tokens, of a buffer of which some may not be in use.
  package var tokens: Int { unused?.axis == .rows ? rows : columns }

  /// Bytes for one image; both element types take 4.
  package var byteCount: Int { rows * columns * 4 }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("element", choice: &element)
    try coder.code("rows", &rows)
    try coder.code("columns", &columns)
    try coder.code("offset", &offset)
    try coder.code("unused", optional: &unused)
  }
}
