internal import Tensors

/// The value of a node's attribute.
enum ONNXAttribute: Sendable {
  case float(Float)
  case integer(Int)
  case string(String)
  case tensor(TensorView)
  case floats([Float])
  case integers([Int])
  case strings([String])
  case branch(ONNXBranch)

  /// A kind that no vision transformer needs, such as the body of a loop.
  case other(String)

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .float: "a float"
    case .integer: "an integer"
    case .string: "a string"
    case .tensor(let view): "a tensor \(view.shape)"
    case .floats: "a list of floats"
    case .integers: "a list of integers"
    case .strings: "a list of strings"
    case .branch: "a graph"
    case .other(let kind): kind
    }
  }

  /// Numbers as a tensor: a scalar or a vector.
  var tensor: TensorView? {
    switch self {
    case .tensor(let view): view
    case .float(let value): Self.view(.float32, [], bytes(of: [value.bitPattern]))
    case .floats(let values):
      Self.view(.float32, [values.count], bytes(of: values.map(\.bitPattern)))
    case .integer(let value): Self.view(.int64, [], bytes(of: [value]))
    case .integers(let values): Self.view(.int64, [values.count], bytes(of: values))
    case .string, .strings, .branch, .other: nil
    }
  }

  private static func view(_ dtype: DType, _ shape: Shape, _ bytes: [UInt8]) -> TensorView? {
    TensorView(dtype: dtype, shape: shape, storage: .array(bytes), range: 0..<bytes.count)
  }

  private func bytes<T: FixedWidthInteger>(of values: [T]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }
}
