internal import Checkpoints
internal import ModelGraph
package import Tensors

/// A tensor as a family wants it: the checkpoint's, or some of the checkpoint's rearranged. Values
/// are read when they are asked for.
package struct NamedTensor: Sendable {
  /// Extents, outermost first.
  package let shape: Shape

  /// Element type in the checkpoint.
  let dtype: DType

  /// What the checkpoint calls it.
  let origin: String

  /// The checkpoint's numbers that it stands for.
  let parameters: Int

  /// Row-major values in ``shape``.
  let values: @Sendable () throws -> [Float]

  /// Some of the values, in row-major order, of a tensor that need not be read whole for them.
  private var part: (@Sendable (Range<Int>) throws -> [Float])?

  /// A tensor that is computed when asked for.
  package init(
    shape: Shape, dtype: DType = .float32, origin: String, parameters: Int? = nil,
    values: @escaping @Sendable () throws -> [Float]
  ) {
    self.shape = shape
    self.dtype = dtype
    self.origin = origin
    self.parameters = parameters ?? shape.elementCount
    self.values = values
  }

  /// Zeros that no checkpoint has.
  static func zeros(shape: Shape) -> NamedTensor {
    NamedTensor(shape: shape, origin: "zeros", parameters: 0) {
      [Float](repeating: 0, count: shape.elementCount)
    }
  }

  /// A checkpoint's tensor as it is.
  init(_ view: TensorView, origin: String) {
    self.init(shape: view.shape, dtype: view.dtype, origin: origin) {
      defer { view.releasePages() }
      return view.float32Values()
    }
    part = { range in
      defer { view.releasePages() }
      return view.float32Values(in: range)
    }
  }

  /// The same values in another shape; nil if it has another number of elements.
  func reshaped(_ extents: [Int]) -> NamedTensor? {
    guard let shape = Shape(checking: extents), shape.elementCount == self.shape.elementCount else {
      return nil
    }
    var tensor = NamedTensor(
      shape: shape, dtype: dtype, origin: origin, parameters: parameters, values: values)
    tensor.part = part
    return tensor
  }

  /// The axes in another order, as NumPy's transpose.
  func transposed(_ axes: [Int]) -> NamedTensor {
    let extents = shape.extents
    let values = values
    return NamedTensor(
      shape: Shape(axes.map { extents[$0] }), dtype: dtype, origin: origin, parameters: parameters
    ) {
      StridedCopy(axes.map { axis in (extents[axis], extents[(axis + 1)...].reduce(1, *)) })
        .gather(try values())
    }
  }

  /// Some of the first axis's entries, one behind the other; nil if there are not as many.
  func rows(_ range: Range<Int>) -> NamedTensor? {
    guard shape.rank > 0, range.lowerBound >= 0, range.upperBound <= shape[0],
      let part = Shape(checking: [range.count] + shape.extents.dropFirst())
    else { return nil }
    let step = part.elementCount / max(range.count, 1)
    let (values, read) = (values, self.part)
    let places = range.lowerBound * step..<range.upperBound * step
    return NamedTensor(shape: part, dtype: dtype, origin: origin) {
      try read.map { try $0(places) } ?? Array(try values()[places])
    }
  }

  /// The sum with a tensor of the same number of elements, in this one's shape.
  func adding(_ other: NamedTensor) -> NamedTensor? {
    guard shape.elementCount == other.shape.elementCount else { return nil }
    let values = values
    return NamedTensor(shape: shape, dtype: dtype, origin: "\(origin), \(other.origin)") {
      zip(try values(), try other.values()).map { $0 + $1 }
    }
  }

  /// Every element times a number.
  func multiplied(by number: Double) -> NamedTensor {
    let values = values
    return NamedTensor(shape: shape, dtype: dtype, origin: origin, parameters: parameters) {
      try values().map { Float(Double($0) * number) }
    }
  }

  /// Tensors one after the other along the first axis; all others must agree.
  static func concatenated(_ parts: [NamedTensor]) -> NamedTensor? {
    guard let first = parts.first, first.shape.rank > 0,
      parts.allSatisfy({
        $0.shape.rank > 0 && $0.shape.extents.dropFirst() == first.shape.extents.dropFirst()
      }),
      let shape = Shape(
        checking: [parts.reduce(0) { $0 + $1.shape[0] }] + first.shape.extents.dropFirst())
    else { return nil }
    let worst = parts.first { !$0.dtype.isFloatingPoint } ?? first
    return NamedTensor(
      shape: shape, dtype: worst.dtype, origin: parts.map(\.origin).joined(separator: ", "),
      parameters: parts.reduce(0) { $0 + $1.parameters }
    ) {
      try parts.flatMap { try $0.values() }
    }
  }
}

/// Reads an array in the order of nested strides, outermost first.
struct StridedCopy: Sendable {
  private let axes: [(extent: Int, stride: Int)]
  private let offset: Int

  init(_ axes: [(extent: Int, stride: Int)], offset: Int = 0) {
    self.axes = axes
    self.offset = offset
  }

  /// The elements in order. Every place must lie inside `source`.
  func gather(_ source: [Float]) -> [Float] {
    let count = axes.reduce(1) { $0 * $1.extent }
    guard count > 0 else { return [] }
    let (inner, innerStride) = axes.last ?? (1, 1)
    let outer = axes.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var result: [Float] = []
    result.reserveCapacity(count)
    var place = offset
    while true {
      for step in 0..<inner { result.append(source[place + step * innerStride]) }
      var axis = outer.count - 1
      while axis >= 0 {
        index[axis] += 1
        place += outer[axis].stride
        if index[axis] < outer[axis].extent { break }
        place -= index[axis] * outer[axis].stride
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return result }
    }
  }
}
