/// How one weight is stored; a type, so that each loop over weights is compiled for one of them.
protocol WeightElement {
  /// Bytes of a weight.
  static var byteCount: Int { get }

  /// Whether loading costs more than loading floats does.
  static var isNarrow: Bool { get }

  /// Sixteen weights at any alignment.
  static func load(_ weights: UnsafeRawPointer) -> Vector
}

/// IEEE binary32.
enum Binary32: WeightElement {
  @inline(__always)
  static var byteCount: Int { 4 }

  @inline(__always)
  static var isNarrow: Bool { false }

  @inline(__always)
  static func load(_ weights: UnsafeRawPointer) -> Vector {
    weights.loadUnaligned(as: Vector.self)
  }
}

/// IEEE binary16, widened as it is used.
enum Binary16: WeightElement {
  @inline(__always)
  static var byteCount: Int { 2 }

  @inline(__always)
  static var isNarrow: Bool { true }

  @inline(__always)
  static func load(_ weights: UnsafeRawPointer) -> Vector { widen(weights) }
}
