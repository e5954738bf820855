internal import COnnx
internal import Tensors

/// Turns the messages of a graph into values of Swift.
struct GraphReader {
  private let file: String
  private var tensors: TensorReader

  init(_ mapped: MappedFile) {
    file = mapped.path
    tensors = TensorReader(mapped)
  }

  /// The files besides the model that tensors lie in.
  var externalFiles: [MappedFile] { tensors.externalFiles }

  mutating func graph(_ message: Onnx__GraphProto) throws -> ONNXGraph {
    try ONNXGraph(
      file: file, nodes: try nodes(message), initializers: try initializers(message),
      inputs: try elements(message.n_input, message.input).map { try value($0, "input") },
      outputs: try elements(message.n_output, message.output).map { try value($0, "output") })
  }

  private mutating func initializers(_ message: Onnx__GraphProto) throws -> [String: TensorView] {
    var initializers: [String: TensorView] = [:]
    for tensor in elements(message.n_initializer, message.initializer) {
      let name = text(tensor.name)
      let place = "initializer \(name)"
      guard !name.isEmpty else {
        throw InputError(file: file, field: "initializer", expected: "a name", found: "none")
      }
      let view = try tensors.view(tensor, place)
      guard initializers.updateValue(view, forKey: name) == nil else {
        throw InputError(file: file, field: place, expected: "each name once", found: "it twice")
      }
    }
    return initializers
  }

  private mutating func nodes(_ message: Onnx__GraphProto) throws -> [ONNXNode] {
    var nodes: [ONNXNode] = []
    for (index, node) in elements(message.n_node, message.node).enumerated() {
      nodes.append(try self.node(node, index: index))
    }
    return nodes
  }

  /// A graph that reads values around it.
  private mutating func branch(_ message: Onnx__GraphProto, _ place: String) throws -> ONNXBranch {
    guard message.n_input == 0, message.n_sparse_initializer == 0 else {
      throw InputError(
        file: file, field: place, expected: "a graph without inputs and sparse weights",
        found: "\(message.n_input) and \(message.n_sparse_initializer)")
    }
    return ONNXBranch(
      nodes: try nodes(message), initializers: try initializers(message),
      outputs: try elements(message.n_output, message.output).map { try value($0, "output").name })
  }

  private func value(_ message: Onnx__ValueInfoProto, _ kind: String) throws -> ONNXValue {
    let name = text(message.name)
    guard !name.isEmpty else {
      throw InputError(file: file, field: kind, expected: "a name", found: "none")
    }
    let type = message.type?.pointee.tensor_type?.pointee
    let extents = try type?.shape.map { shape in
      try elements(shape.pointee.n_dim, shape.pointee.dim).map { extent -> ONNXValue.Extent in
        if extent.has_dim_value != 0 {
          guard extent.dim_value >= 0 else {
            throw InputError(
              file: file, field: "\(kind) \(name)", expected: "extents from 0",
              found: "\(extent.dim_value)")
          }
          return .fixed(Int(extent.dim_value))
        }
        return extent.dim_param == nil ? .unknown : .named(text(extent.dim_param))
      }
    }
    return ONNXValue(
      name: name, dtype: type.flatMap { ONNXDataType.dtype($0.elem_type) }, extents: extents)
  }

  private mutating func node(_ message: Onnx__NodeProto, index: Int) throws -> ONNXNode {
    let operation = text(message.op_type)
    let domain = text(message.domain)
    func make(_ attributes: [String: ONNXAttribute]) -> ONNXNode {
      ONNXNode(
        file: file, index: index, name: text(message.name), operation: operation,
        domain: domain == "ai.onnx" ? "" : domain, inputs: texts(message.n_input, message.input),
        outputs: texts(message.n_output, message.output), attributes: attributes)
    }
    let label = make([:]).label
    guard !operation.isEmpty else {
      throw InputError(file: file, field: label, expected: "an operator", found: "none")
    }
    var attributes: [String: ONNXAttribute] = [:]
    for attribute in elements(message.n_attribute, message.attribute) {
      let name = text(attribute.name)
      let place = "\(label), attribute \(name)"
      let value = try self.attribute(attribute, place, readsGraphs: operation == "If")
      guard attributes.updateValue(value, forKey: name) == nil else {
        throw InputError(file: file, field: place, expected: "each name once", found: "it twice")
      }
    }
    return make(attributes)
  }

  /// The codes of `AttributeProto.AttributeType` that are read.
  private enum Kind: Int32, CaseIterable {
    case float = 1
    case integer, string, tensor, graph, floats, integers, strings, tensors, graphs
  }

  private mutating func attribute(
    _ message: Onnx__AttributeProto, _ place: String, readsGraphs: Bool
  ) throws -> ONNXAttribute {
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(file: file, field: place, expected: expected, found: found)
    }
    guard message.ref_attr_name == nil else {
      throw fail("a value", "a reference to a function's attribute")
    }
    let present = Kind.allCases.filter { Self.holds(message, $0) }
    guard present.count <= 1 else {
      throw fail("one value", present.map { "\($0)" }.joined(separator: " and "))
    }
    // The first versions of the format had no type.
    let code = message.has_type != 0 && message.type != 0 ? message.type : present.first?.rawValue
    guard let code else { throw fail("a value", "none") }
    guard (1...14).contains(code) else { throw fail("a type from 1 to 14", "\(code)") }
    guard let kind = Kind(rawValue: code) else { return .other("a value of type \(code)") }
    // Zero may be left out, and so may an empty list.
    guard present.isEmpty || present == [kind] else {
      throw fail("\(kind) as its type says", present.map { "\($0)" }.joined())
    }
    if kind == .graph, readsGraphs, let graph = message.g?.pointee {
      return .branch(try branch(graph, place))
    }
    return try value(message, kind, place)
  }

  private static func holds(_ message: Onnx__AttributeProto, _ kind: Kind) -> Bool {
    switch kind {
    case .float: message.has_f != 0
    case .integer: message.has_i != 0
    case .string: message.has_s != 0
    case .tensor: message.t != nil
    case .graph: message.g != nil
    case .floats: message.n_floats > 0
    case .integers: message.n_ints > 0
    case .strings: message.n_strings > 0
    case .tensors: message.n_tensors > 0
    case .graphs: message.n_graphs > 0
    }
  }

  private mutating func value(_ message: Onnx__AttributeProto, _ kind: Kind, _ place: String) throws
    -> ONNXAttribute
  {
    switch kind {
    case .float: return .float(message.f)
    case .integer: return .integer(Int(message.i))
    case .string: return .string(try string(message.s, place))
    case .tensor:
      guard let tensor = message.t?.pointee else {
        throw InputError(file: file, field: place, expected: "a tensor", found: "none")
      }
      return .tensor(try tensors.view(tensor, place))
    case .floats:
      return .floats(Array(UnsafeBufferPointer(start: message.floats, count: message.n_floats)))
    case .integers:
      return .integers(
        UnsafeBufferPointer(start: message.ints, count: message.n_ints).map { Int($0) })
    case .strings:
      let all = UnsafeBufferPointer(start: message.strings, count: message.n_strings)
      return .strings(try all.map { try string($0, place) })
    case .graph, .graphs: return .other("a graph")
    case .tensors: return .other("a list of tensors")
    }
  }

  private func string(_ data: ProtobufCBinaryData, _ place: String) throws -> String {
    let bytes = UnsafeRawBufferPointer(start: data.data, count: data.len)
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw InputError(file: file, field: place, expected: "UTF-8 text", found: "other bytes")
    }
    return string
  }
}
