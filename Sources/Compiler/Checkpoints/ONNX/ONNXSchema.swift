/// The messages of `formats/onnx.proto`, as the scan of a file's bytes needs to know them.
enum ONNXSchema {
  case model, opset, function, property
  case graph, sparseTensor, node, attribute, tensor
  case valueInfo, type, tensorType, shape, dimension

  /// What a field holds.
  enum Field {
    case integer
    case integers
    case float
    case floats
    case text
    case texts
    case bytes
    case byteStrings
    case message(ONNXSchema)
    case messages(ONNXSchema)

    /// The values of a tensor, which stay in the file.
    case values(Values)

    /// Whether it may stand in a message several times.
    var isRepeated: Bool {
      switch self {
      case .integers, .floats, .texts, .byteStrings, .messages: true
      case .integer, .float, .text, .bytes, .message, .values: false
      }
    }
  }

  /// How a tensor's values are written.
  enum Values {
    case varints
    case fixed(Int)
    case raw
    case strings
  }

  /// A field that is kept; nil for all others.
  func field(_ number: UInt64) -> Field? {
    switch (self, number) {
    case (.model, 1): .integer
    case (.model, 2), (.model, 3): .text
    case (.model, 7): .message(.graph)
    case (.model, 8): .messages(.opset)
    case (.model, 14): .messages(.property)
    case (.model, 25): .messages(.function)
    case (.opset, 1): .text
    case (.opset, 2): .integer
    case (.function, 1), (.function, 10): .text
    case (.property, 1), (.property, 2): .text
    case (.graph, 1): .messages(.node)
    case (.graph, 2): .text
    case (.graph, 5): .messages(.tensor)
    case (.graph, 11), (.graph, 12): .messages(.valueInfo)
    case (.graph, 15): .messages(.sparseTensor)
    case (.node, 1), (.node, 2): .texts
    case (.node, 3), (.node, 4), (.node, 7): .text
    case (.node, 5): .messages(.attribute)
    case (.attribute, _): Self.attributeField(number)
    case (.tensor, _): Self.tensorField(number)
    case (.valueInfo, 1): .text
    case (.valueInfo, 2): .message(.type)
    case (.type, 1): .message(.tensorType)
    case (.tensorType, 1): .integer
    case (.tensorType, 2): .message(.shape)
    case (.shape, 1): .messages(.dimension)
    case (.dimension, 1): .integer
    case (.dimension, 2): .text
    default: nil
    }
  }

  private static func attributeField(_ number: UInt64) -> Field? {
    switch number {
    case 1, 21: .text
    case 2: .float
    case 3, 20: .integer
    case 4: .bytes
    case 5: .message(.tensor)
    case 6: .message(.graph)
    case 7: .floats
    case 8: .integers
    case 9: .byteStrings
    case 10: .messages(.tensor)
    case 11: .messages(.graph)
    default: nil
    }
  }

  private static func tensorField(_ number: UInt64) -> Field? {
    switch number {
    case 1: .integers
    case 2, 14: .integer
    case 8: .text
    case 13: .messages(.property)
    case 4: .values(.fixed(4))
    case 5, 7, 11: .values(.varints)
    case 6: .values(.strings)
    case 9: .values(.raw)
    case 10: .values(.fixed(8))
    default: nil
    }
  }
}
