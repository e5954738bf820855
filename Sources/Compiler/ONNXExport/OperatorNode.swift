internal import Tensors

/// A node of an ONNX graph that is being made.
struct OperatorNode {
  /// The operator of ONNX's own domain, e.g. `MatMul`.
  var operation: String

  /// The values that it reads.
  var inputs: [String]

  /// The values that it makes; the first is the node's name too.
  var outputs: [String]

  /// Its attributes, in order.
  var attributes: [(name: String, value: OperatorAttribute)]

  /// Every name that it reads, those of a body's surroundings too.
  var reads: [String] {
    inputs
      + attributes.flatMap { attribute -> [String] in
        guard case .graph(let body) = attribute.value else { return [] }
        return body.reads
      }
  }
}

/// The value of an attribute.
enum OperatorAttribute {
  case integer(Int)
  case integers([Int])
  case float(Float)
  case text(String)

  /// The body of a loop.
  case graph(OperatorBody)
}

/// A graph within a node, which may read all values that are there before the node.
struct OperatorBody {
  var name: String
  var nodes: [OperatorNode]
  var inputs: [DeclaredValue]
  var outputs: [DeclaredValue]

  /// The names that it reads and does not make.
  fileprivate var reads: [String] {
    let own = Set(nodes.flatMap(\.outputs) + inputs.map(\.name))
    return (nodes.flatMap(\.reads) + outputs.map(\.name)).filter { !own.contains($0) }
  }
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
