/// Builds messages in protobuf's wire format.
struct Message {
  var bytes: [UInt8] = []

  static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func tag(_ field: Int, _ wire: Int) -> [UInt8] { varint(UInt64(field << 3 | wire)) }

  func integer(_ field: Int, _ value: Int) -> Message {
    Message(bytes: bytes + Self.tag(field, 0) + Self.varint(UInt64(bitPattern: Int64(value))))
  }

  func float(_ field: Int, _ value: Float) -> Message {
    Message(bytes: bytes + Self.tag(field, 5) + little(value.bitPattern))
  }

  func bytes(_ field: Int, _ value: [UInt8]) -> Message {
    Message(bytes: bytes + Self.tag(field, 2) + Self.varint(UInt64(value.count)) + value)
  }

  func text(_ field: Int, _ value: String) -> Message { bytes(field, Array(value.utf8)) }

  func message(_ field: Int, _ value: Message) -> Message { bytes(field, value.bytes) }

  func messages(_ field: Int, _ values: [Message]) -> Message {
    values.reduce(self) { $0.message(field, $1) }
  }

  func texts(_ field: Int, _ values: [String]) -> Message {
    values.reduce(self) { $0.text(field, $1) }
  }

  func integers(_ field: Int, _ values: [Int]) -> Message {
    values.reduce(self) { $0.integer(field, $1) }
  }

  func packed(_ field: Int, _ values: [Int]) -> Message {
    bytes(field, values.flatMap { Self.varint(UInt64(bitPattern: Int64($0))) })
  }
}

/// A tensor without values.
func tensor(_ name: String, _ type: Int, _ dims: [Int]) -> Message {
  Message().integers(1, dims).integer(2, type).text(8, name)
}

/// A float tensor of ones with raw values.
func ones(_ name: String, _ count: Int) -> Message {
  tensor(name, 1, [count]).bytes(9, (0..<count).flatMap { _ in [0, 0, 0x80, 0x3F] as [UInt8] })
}

func externalTensor(_ name: String, _ dims: [Int], _ entries: [(String, String)]) -> Message {
  tensor(name, 1, dims)
    .messages(13, entries.map { Message().text(1, $0.0).text(2, $0.1) }).integer(14, 1)
}

func node(
  _ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [Message] = [],
  name: String = ""
) -> Message {
  let start = Message().texts(1, inputs).texts(2, outputs)
  return (name.isEmpty ? start : start.text(3, name)).text(4, operation).messages(5, attributes)
}

func attribute(_ name: String, type: Int) -> Message { Message().text(1, name).integer(20, type) }

func value(_ name: String, _ dims: [Int]? = nil) -> Message {
  guard let dims else { return Message().text(1, name) }
  let shape = Message().messages(1, dims.map { Message().integer(1, $0) })
  return Message().text(1, name)
    .message(2, Message().message(1, Message().integer(1, 1).message(2, shape)))
}

func graph(
  _ nodes: [Message] = [], _ initializers: [Message] = [], inputs: [Message] = [],
  outputs: [Message] = []
) -> Message {
  Message().messages(1, nodes).text(2, "graph").messages(5, initializers).messages(11, inputs)
    .messages(12, outputs)
}

func model(_ graph: Message) -> Message {
  Message().integer(1, 8).text(2, "test").message(7, graph)
    .message(8, Message().text(1, "").integer(2, 17))
}
