internal import COnnx
internal import Tensors

/// Makes views of the tensors of one model file.
struct TensorReader {
  private let file: MappedFile
  private var external: ExternalData

  /// Bytes that tensors written as varints may still take up in memory.
  private var budget: Int

  init(_ file: MappedFile) {
    self.file = file
    external = ExternalData(model: file.path)
    budget = 128 << 20 + 2 * file.count
  }

  /// The files besides the model that tensors lie in.
  var externalFiles: [MappedFile] { external.files }

  /// The tensor of a message.
  /// - Parameter place: what it is, for errors, e.g. `initializer head.weight`.
  mutating func view(_ message: Onnx__TensorProto, _ place: String) throws -> TensorView {
    let path = file.path
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(file: path, field: "\(place), \(field)", expected: expected, found: found)
    }
    let dtype = try Self.dtype(message, fail)
    let extents = UnsafeBufferPointer(start: message.dims, count: message.n_dims)
      .map { Int(exactly: $0) ?? -1 }
    guard let shape = Shape(checking: extents), let size = shape.byteCount(of: dtype) else {
      throw fail("dims", "extents from 0 whose product can be addressed", "\(extents)")
    }
    let ranges = elements(message.n_values, message.values)
    if message.data_location == 1 {
      guard ranges.isEmpty else {
        let fields = ranges.map { ONNXDataType.fieldName($0.field) }
        throw fail("values", "external data only", "\(fields.joined(separator: ", ")) too")
      }
      let entries = elements(message.n_external_data, message.external_data)
        .map { (text($0.key), text($0.value)) }
      return try external.view(entries, dtype: dtype, shape: shape, size: size) {
        fail($0, $1, $2)
      }
    }
    guard message.data_location == 0, message.n_external_data == 0 else {
      throw fail(
        "data_location", "0 (inside) or 1 (external)",
        message.data_location == 0 ? "0 with external data" : "\(message.data_location)")
    }
    guard ranges.count <= 1 else {
      let fields = ranges.map { ONNXDataType.fieldName($0.field) }
      throw fail("values", "one field", fields.joined(separator: " and "))
    }
    guard let range = ranges.first else {
      guard size == 0 else { throw fail("values", "\(shape.elementCount)", "none") }
      return try view(dtype, shape, .array([]), 0..<0, fail)
    }
    return try view(dtype, shape, range, fail)
  }

  private typealias Fail = (_ field: String, _ expected: String, _ found: String) -> InputError

  private static func dtype(_ message: Onnx__TensorProto, _ fail: Fail) throws -> DType {
    let code = message.data_type
    if let dtype = ONNXDataType.dtype(code) { return dtype }
    if let name = ONNXDataType.name(code) {
      throw fail("data_type", "floats of 16 bits or more, integers or Booleans", name)
    }
    throw fail("data_type", "a known code", "\(code)")
  }

  /// A tensor whose values lie in a field of the model.
  private mutating func view(
    _ dtype: DType, _ shape: Shape, _ range: Onnx__ValueRange, _ fail: Fail
  ) throws -> TensorView {
    let bytes = Int(range.offset)..<Int(range.offset + range.size)
    let fieldName = ONNXDataType.fieldName(range.field)
    if range.field == 9 || (range.field == 4 && dtype == .float32)
      || (range.field == 10 && dtype == .float64)
    {
      let elements = bytes.count / dtype.byteCount
      guard shape.byteCount(of: dtype) == bytes.count else {
        throw fail(
          fieldName, "\(shape.elementCount) elements for \(shape)",
          "\(elements) (\(bytes.count) bytes)")
      }
      return try view(dtype, shape, .file(file), bytes, fail)
    }
    guard range.field == ONNXDataType.valueField(dtype) else {
      let right = ONNXDataType.fieldName(ONNXDataType.valueField(dtype))
      throw fail("values", "raw_data or \(right) for \(dtype.rawValue)", fieldName)
    }
    let decoded = try decode(dtype, shape, bytes) { fail(fieldName, $0, $1) }
    return try view(dtype, shape, .memory(decoded), 0..<decoded.count, fail)
  }

  /// Packed varints as an array's bytes, least significant first.
  private mutating func decode(
    _ dtype: DType, _ shape: Shape, _ range: Range<Int>,
    _ fail: (_ expected: String, _ found: String) -> InputError
  ) throws -> ByteBuffer {
    try file.withBytes { bytes in
      let count = try ProtobufScan.count(bytes, range, file: file.path)
      guard count == shape.elementCount else {
        throw fail("\(shape.elementCount) elements for \(shape)", "\(count)")
      }
      let size = dtype.byteCount
      guard count <= budget / size else {
        throw fail("at most \(budget / size) elements", "\(count)")
      }
      budget -= count * size
      let decoded = try ByteBuffer(count: count * size, for: file.path)
      var end = 0
      var value: UInt64 = 0
      var shift: UInt64 = 0
      for offset in range {
        value |= UInt64(bytes[offset] & 0x7F) << shift
        shift += 7
        guard bytes[offset] < 0x80 else { continue }
        guard Self.fits(value, dtype) else {
          throw fail("values of \(dtype.rawValue)", "\(Int64(bitPattern: value))")
        }
        for index in 0..<size {
          decoded.bytes[end + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
        end += size
        (value, shift) = (0, 0)
      }
      file.release(range)
      return decoded
    }
  }

  /// Whether a varint holds a value of the type; halves are stored as their bit patterns.
  private static func fits(_ value: UInt64, _ dtype: DType) -> Bool {
    let signed = Int64(bitPattern: value)
    return switch dtype {
    case .int8: Int8(exactly: signed) != nil
    case .int16: Int16(exactly: signed) != nil
    case .int32: Int32(exactly: signed) != nil
    case .bool: value <= 1
    case .uint8: UInt8(exactly: signed) != nil
    case .uint16, .float16, .bfloat16: UInt16(exactly: signed) != nil
    case .uint32: UInt32(exactly: value) != nil
    case .int64, .uint64, .float32, .float64: true
    }
  }

  private func view(
    _ dtype: DType, _ shape: Shape, _ storage: TensorView.Storage, _ range: Range<Int>, _ fail: Fail
  ) throws -> TensorView {
    guard let view = TensorView(dtype: dtype, shape: shape, storage: storage, range: range) else {
      throw fail("values", "\(shape.elementCount) elements for \(shape)", "\(range.count) bytes")
    }
    return view
  }
}
