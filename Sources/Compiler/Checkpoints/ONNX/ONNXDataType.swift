package import Tensors

/// The codes of `TensorProto.DataType`.
package enum ONNXDataType {
  /// The element type of a code; nil for codes that stand for no type or one that is not read.
  package static func dtype(_ code: Int32) -> DType? {
    switch code {
    case 1: .float32
    case 2: .uint8
    case 3: .int8
    case 4: .uint16
    case 5: .int16
    case 6: .int32
    case 7: .int64
    case 9: .bool
    case 10: .float16
    case 11: .float64
    case 12: .uint32
    case 13: .uint64
    case 16: .bfloat16
    default: nil
    }
  }

  /// The field of `TensorProto` that holds values of a type when they are not raw.
  static func valueField(_ dtype: DType) -> UInt32 {
    switch dtype {
    case .float32: 4
    case .float64: 10
    case .int64: 7
    case .uint64, .uint32: 11
    case .float16, .bfloat16, .int32, .int16, .int8, .uint16, .uint8, .bool: 5
    }
  }

  /// The names of types that are not read.
  static func name(_ code: Int32) -> String? {
    let names: [Int32: String] = [
      8: "STRING", 14: "COMPLEX64", 15: "COMPLEX128", 17: "FLOAT8E4M3FN", 18: "FLOAT8E4M3FNUZ",
      19: "FLOAT8E5M2", 20: "FLOAT8E5M2FNUZ", 21: "UINT4", 22: "INT4", 23: "FLOAT4E2M1",
      24: "FLOAT8E8M0",
    ]
    return names[code]
  }

  /// The name of a field of `TensorProto` that holds values.
  static func fieldName(_ field: UInt32) -> String {
    let names: [UInt32: String] = [
      4: "float_data", 5: "int32_data", 6: "string_data", 7: "int64_data", 9: "raw_data",
      10: "double_data", 11: "uint64_data",
    ]
    return names[field] ?? "field \(field)"
  }
}
