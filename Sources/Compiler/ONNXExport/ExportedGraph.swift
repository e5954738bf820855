/// An ONNX graph whose tensors are not written yet.
struct ExportedGraph {
  var nodes: [OperatorNode]
  var initializers: [Initializer]
  var input: DeclaredValue
  var outputs: [DeclaredValue]
}

/// The name, type and extents of an input or a result of a graph.
struct DeclaredValue {
  var name: String
  var type: ElementType
  var extents: [Extent]

  /// One extent.
  enum Extent {
    case fixed(Int)

    /// Any, under a name that stands for one number in the whole graph.
    case named(String)
  }
}

/// Element types, by their code in `TensorProto.DataType`.
enum ElementType: Int32, Hashable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case int64 = 7
  case bool = 9
  case float16 = 10

  /// Bytes of an element.
  var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16: 2
    case .float32: 4
    case .int64: 8
    }
  }
}

/// A tensor that the file holds.
struct Initializer {
  var name: String
  var type: ElementType
  var extents: [Int]
  var content: Content

  /// Where its values are.
  enum Content {
    /// Little-endian values, row-major.
    case bytes([UInt8])

    /// A form of a constant of the graph, made when it is written.
    case weight(WeightForm)
  }

  /// Bytes of the values.
  var byteCount: Int { extents.reduce(type.byteCount, *) }
}
