/// A tensor's bytes inside a file or an array that the view keeps alive. Nothing is copied.
public struct TensorView: Sendable {
  /// Where the bytes are.
  package enum Storage: Sendable {
    case file(MappedFile)
    case array([UInt8])
    case memory(ByteBuffer)
  }

  /// Element type.
  public let dtype: DType

  /// Extents, outermost first.
  public let shape: Shape

  /// Order of bytes inside an element.
  package let isBigEndian: Bool

  /// The first axis varies fastest (Fortran order) instead of the last.
  package let isColumnMajor: Bool

  private let storage: Storage
  private let range: Range<Int>

  /// A view of `range`; nil unless it lies inside the storage and has shape x dtype bytes.
  package init?(
    dtype: DType, shape: Shape, storage: Storage, range: Range<Int>, isBigEndian: Bool = false,
    isColumnMajor: Bool = false
  ) {
    let available =
      switch storage {
      case .file(let file): file.count
      case .array(let bytes): bytes.count
      case .memory(let buffer): buffer.count
      }
    guard range.lowerBound >= 0, range.upperBound <= available,
      shape.byteCount(of: dtype) == range.count
    else { return nil }
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.range = range
    self.isBigEndian = isBigEndian
    self.isColumnMajor = isColumnMajor && shape.rank > 1
  }

  /// Number of bytes.
  public var byteCount: Int { range.count }

  /// Calls `body` with the tensor's bytes, which need not be aligned.
  package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch storage {
    case .file(let file):
      try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .array(let array):
      try array.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .memory(let buffer):
      try withExtendedLifetime(buffer) {
        try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[range]))
      }
    }
  }

  /// Lets the pages of a mapped tensor go again after its values have been used.
  package func releasePages() {
    if case .file(let file) = storage { file.release(range) }
  }

  /// All elements of an integer type, row-major; nil for other types and values over `Int.max`.
  package func integerValues() -> [Int]? {
    let all = 0..<shape.elementCount
    let values: [Int]? = withBytes { bytes in
      switch dtype {
      case .int64: elements(bytes, all, UInt64.self) { Int(Int64(bitPattern: $0)) }
      case .int32: elements(bytes, all, UInt32.self) { Int(Int32(bitPattern: $0)) }
      case .int16: elements(bytes, all, UInt16.self) { Int(Int16(bitPattern: $0)) }
      case .int8: elements(bytes, all, UInt8.self) { Int(Int8(bitPattern: $0)) }
      case .uint32: elements(bytes, all, UInt32.self) { Int($0) }
      case .uint16: elements(bytes, all, UInt16.self) { Int($0) }
      case .uint8, .bool: elements(bytes, all, UInt8.self) { Int($0) }
      case .uint64: unsigned(elements(bytes, all, UInt64.self) { $0 })
      case .float64, .float32, .float16, .bfloat16: nil
      }
    }
    return values.map { isColumnMajor ? rowMajor($0) : $0 }
  }

  private func unsigned(_ values: [UInt64]) -> [Int]? {
    let exact = values.compactMap { Int(exactly: $0) }
    return exact.count == values.count ? exact : nil
  }

  /// All elements as float32, row-major. float16 and bfloat16 widen exactly, float64 rounds to
  /// nearest; integers convert.
  package func float32Values() -> [Float] { float32Values(in: 0..<shape.elementCount) }

  /// Some of them. Of a column-major tensor all are read for that.
  package func float32Values(in range: Range<Int>) -> [Float] {
    let stored = isColumnMajor ? 0..<shape.elementCount : range
    let values = withBytes { bytes in
      switch dtype {
      case .float32: elements(bytes, stored, UInt32.self) { Float(bitPattern: $0) }
      case .float64: elements(bytes, stored, UInt64.self) { Float(Double(bitPattern: $0)) }
      case .float16: elements(bytes, stored, UInt16.self) { Float(Float16(bitPattern: $0)) }
      case .bfloat16:
        elements(bytes, stored, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .int64: elements(bytes, stored, UInt64.self) { Float(Int64(bitPattern: $0)) }
      case .int32: elements(bytes, stored, UInt32.self) { Float(Int32(bitPattern: $0)) }
      case .int16: elements(bytes, stored, UInt16.self) { Float(Int16(bitPattern: $0)) }
      case .int8: elements(bytes, stored, UInt8.self) { Float(Int8(bitPattern: $0)) }
      case .uint64: elements(bytes, stored, UInt64.self) { Float($0) }
      case .uint32: elements(bytes, stored, UInt32.self) { Float($0) }
      case .uint16: elements(bytes, stored, UInt16.self) { Float($0) }
      case .uint8, .bool: elements(bytes, stored, UInt8.self) { Float($0) }
      }
    }
    guard isColumnMajor else { return values }
    let ordered = rowMajor(values)
    return range == stored ? ordered : Array(ordered[range])
  }

  /// Elements in the order in which they are stored.
  @inline(__always)
  private func elements<W: FixedWidthInteger, T>(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ word: W.Type, _ convert: (W) -> T
  ) -> [T] {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape.elementCount)
    let size = MemoryLayout<W>.size
    let swaps = isBigEndian
    // Arrays without elements share one storage, in which a count would be written.
    guard !range.isEmpty else { return [] }
    return [T](unsafeUninitializedCapacity: range.count) { buffer, count in
      for index in 0..<range.count {
        let stored = bytes.loadUnaligned(
          fromByteOffset: (range.lowerBound &+ index) &* size, as: W.self)
        buffer.initializeElement(
          at: index, to: convert(swaps ? stored.bigEndian : stored.littleEndian))
      }
      count = range.count
    }
  }

  /// Copies consecutive elements, row-major float32 or uint8, as float32, without memory of its own.
  package func copy(from first: Int, to values: UnsafeMutableBufferPointer<Float>) {
    precondition([.float32, .uint8].contains(dtype) && !isColumnMajor && !isBigEndian)
    precondition(first >= 0 && first <= shape.elementCount - values.count)
    withBytes { bytes in
      let part = bytes[first * dtype.byteCount..<(first + values.count) * dtype.byteCount]
      if dtype == .float32 {
        UnsafeMutableRawBufferPointer(values).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: part))
      } else {
        for (index, sample) in part.enumerated() { values[index] = Float(sample) }
      }
    }
  }

  /// Reorders column-major values.
  private func rowMajor<T>(_ values: [T]) -> [T] {
    guard !values.isEmpty else { return [] }
    let extents = shape.extents
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in 1..<max(extents.count, 1) { strides[axis] = strides[axis - 1] * extents[axis - 1] }
    var index = [Int](repeating: 0, count: extents.count)
    var source = 0
    return [T](unsafeUninitializedCapacity: values.count) { buffer, count in
      for target in 0..<values.count {
        buffer.initializeElement(at: target, to: values[source])
        var axis = extents.count - 1
        while axis >= 0 {
          index[axis] += 1
          source += strides[axis]
          if index[axis] < extents[axis] { break }
          source -= strides[axis] * extents[axis]
          index[axis] = 0
          axis -= 1
        }
      }
      count = values.count
    }
  }
}
