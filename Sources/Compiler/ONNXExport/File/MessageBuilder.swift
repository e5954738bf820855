internal import COnnx

/// Makes messages of `formats/onnx.proto`, packed by libprotobuf-c.
struct MessageBuilder {
  private let memory = MessageMemory()

  /// The bytes of a model's fields in front of its graph.
  static func modelHead(opset: Int, version: String) -> [UInt8] {
    let builder = MessageBuilder()
    var model = Onnx__ModelProto()
    onnx__model_proto__init(&model)
    (model.has_ir_version, model.ir_version) = (1, formatVersion(opset))
    model.producer_name = builder.memory.text("vitc")
    model.producer_version = builder.memory.text(version)
    return packed(model)
  }

  /// The bytes of a model's fields behind its graph.
  static func modelTail(opset: Int, metadata: [(key: String, value: String)]) -> [UInt8] {
    let builder = MessageBuilder()
    var model = Onnx__ModelProto()
    onnx__model_proto__init(&model)
    var version = Onnx__OperatorSetIdProto()
    onnx__operator_set_id_proto__init(&version)
    version.domain = builder.memory.text("")
    (version.has_version, version.version) = (1, Int64(opset))
    model.n_opset_import = 1
    model.opset_import = builder.memory.places([version])
    model.n_metadata_props = metadata.count
    model.metadata_props = builder.memory.places(metadata.map(builder.entry))
    return packed(model)
  }

  /// The bytes of a graph's fields in front of its tensors.
  static func graphHead(name: String, nodes: [OperatorNode]) -> [UInt8] {
    let builder = MessageBuilder()
    return packed(builder.graph(name: name, nodes: nodes, inputs: [], outputs: []))
  }

  /// The bytes of a graph's fields behind its tensors.
  static func graphTail(inputs: [DeclaredValue], outputs: [DeclaredValue]) -> [UInt8] {
    let builder = MessageBuilder()
    return packed(builder.graph(name: nil, nodes: [], inputs: inputs, outputs: outputs))
  }

  /// The bytes of a tensor but for its values, which lie in another file if `external` says where.
  static func tensorHead(
    _ tensor: Initializer, external: (location: String, offset: Int)? = nil
  ) -> [UInt8] {
    let builder = MessageBuilder()
    var message = Onnx__TensorProto()
    onnx__tensor_proto__init(&message)
    message.n_dims = tensor.extents.count
    message.dims = builder.memory.list(tensor.extents.map { Int64($0) })
    (message.has_data_type, message.data_type) = (1, tensor.type.rawValue)
    message.name = builder.memory.text(tensor.name)
    if let external {
      let entries = [
        (key: "location", value: external.location), ("offset", "\(external.offset)"),
        ("length", "\(tensor.byteCount)"),
      ]
      message.n_external_data = entries.count
      message.external_data = builder.memory.places(entries.map(builder.entry))
      (message.has_data_location, message.data_location) = (1, 1)
    }
    var bytes = [UInt8](repeating: 0, count: onnx__tensor_proto__get_packed_size(&message))
    onnx__tensor_proto__pack(&message, &bytes)
    return bytes
  }

  // MARK: - Parts

  /// The version of the format that knows a version of the operators.
  private static func formatVersion(_ opset: Int) -> Int64 {
    switch opset {
    case ..<19: 8
    case ..<21: 9
    case ..<23: 10
    default: 11
    }
  }

  private static func packed(_ model: Onnx__ModelProto) -> [UInt8] {
    var model = model
    var bytes = [UInt8](repeating: 0, count: onnx__model_proto__get_packed_size(&model))
    onnx__model_proto__pack(&model, &bytes)
    return bytes
  }

  private static func packed(_ graph: Onnx__GraphProto) -> [UInt8] {
    var graph = graph
    var bytes = [UInt8](repeating: 0, count: onnx__graph_proto__get_packed_size(&graph))
    onnx__graph_proto__pack(&graph, &bytes)
    return bytes
  }

  private func entry(_ pair: (key: String, value: String)) -> Onnx__StringStringEntryProto {
    var entry = Onnx__StringStringEntryProto()
    onnx__string_string_entry_proto__init(&entry)
    entry.key = memory.text(pair.key)
    entry.value = memory.text(pair.value)
    return entry
  }

  private func graph(
    name: String?, nodes: [OperatorNode], inputs: [DeclaredValue], outputs: [DeclaredValue]
  ) -> Onnx__GraphProto {
    var graph = Onnx__GraphProto()
    onnx__graph_proto__init(&graph)
    graph.name = name.map(memory.text)
    graph.n_node = nodes.count
    graph.node = memory.places(nodes.map(node))
    graph.n_input = inputs.count
    graph.input = memory.places(inputs.map(value))
    graph.n_output = outputs.count
    graph.output = memory.places(outputs.map(value))
    return graph
  }

  private func node(_ node: OperatorNode) -> Onnx__NodeProto {
    var message = Onnx__NodeProto()
    onnx__node_proto__init(&message)
    message.op_type = memory.text(node.operation)
    message.name = node.outputs.first.map(memory.text)
    message.n_input = node.inputs.count
    message.input = memory.texts(node.inputs)
    message.n_output = node.outputs.count
    message.output = memory.texts(node.outputs)
    message.n_attribute = node.attributes.count
    message.attribute = memory.places(node.attributes.map { attribute($0.name, $0.value) })
    return message
  }

  private func attribute(_ name: String, _ value: OperatorAttribute) -> Onnx__AttributeProto {
    var message = Onnx__AttributeProto()
    onnx__attribute_proto__init(&message)
    message.name = memory.text(name)
    message.has_type = 1
    switch value {
    case .float(let number): (message.type, message.has_f, message.f) = (1, 1, number)
    case .integer(let number): (message.type, message.has_i, message.i) = (2, 1, Int64(number))
    case .text(let text):
      let bytes = Array(text.utf8)
      (message.type, message.has_s) = (3, 1)
      message.s = ProtobufCBinaryData(len: bytes.count, data: memory.list(bytes))
    case .graph(let body):
      message.type = 5
      message.g = memory.placed(
        graph(name: body.name, nodes: body.nodes, inputs: body.inputs, outputs: body.outputs))
    case .integers(let numbers):
      (message.type, message.n_ints) = (7, numbers.count)
      message.ints = memory.list(numbers.map { Int64($0) })
    }
    return message
  }

  private func value(_ value: DeclaredValue) -> Onnx__ValueInfoProto {
    var shape = Onnx__TensorShapeProto()
    onnx__tensor_shape_proto__init(&shape)
    shape.n_dim = value.extents.count
    shape.dim = memory.places(value.extents.map(dimension))
    var tensor = Onnx__TensorTypeProto()
    onnx__tensor_type_proto__init(&tensor)
    (tensor.has_elem_type, tensor.elem_type) = (1, value.type.rawValue)
    tensor.shape = memory.placed(shape)
    var type = Onnx__TypeProto()
    onnx__type_proto__init(&type)
    type.tensor_type = memory.placed(tensor)
    var message = Onnx__ValueInfoProto()
    onnx__value_info_proto__init(&message)
    message.name = memory.text(value.name)
    message.type = memory.placed(type)
    return message
  }

  private func dimension(_ extent: DeclaredValue.Extent) -> Onnx__DimensionProto {
    var message = Onnx__DimensionProto()
    onnx__dimension_proto__init(&message)
    switch extent {
    case .fixed(let count): (message.has_dim_value, message.dim_value) = (1, Int64(count))
    case .named(let name): message.dim_param = memory.text(name)
    }
    return message
  }
}
