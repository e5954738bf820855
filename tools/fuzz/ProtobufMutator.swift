import TestSupport

/// Changes of a protobuf message that keep the lengths around them right.
struct ProtobufMutator {
  private struct Field {
    var key: UInt64
    var value: Value

    enum Value {
      case varint(UInt64)
      case fixed([UInt8])
      case bytes([UInt8])
    }
  }

  /// The message with one field changed somewhere inside; bytes that are no message are changed as
  /// bytes.
  static func mutate(_ message: [UInt8], _ source: inout RandomSource) -> [UInt8] {
    var fields = self.fields(of: message)
    guard !fields.isEmpty else {
      var bytes = message
      ByteMutator.mutate(&bytes, &source)
      return bytes
    }
    let index = source.below(fields.count)
    switch source.below(12) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: source.below(fields.count))
    case 2: fields.swapAt(index, source.below(fields.count))
    case 3: fields[index].key = UInt64(1 + source.below(24)) << 3 | fields[index].key & 7
    case 4: fields[index].value = fields[source.below(fields.count)].value
    default: fields[index].value = change(fields[index].value, &source)
    }
    return encoded(fields)
  }

  private static func change(_ value: Field.Value, _ source: inout RandomSource) -> Field.Value {
    switch value {
    case .varint(let number):
      let others: [UInt64] = [
        0, 1, 2, 7, number &+ 1, number &- 1, number << 1, 1 << 62, 1 << 63, .max,
      ]
      return .varint(source.pick(others))
    case .fixed(var bytes):
      bytes[source.below(bytes.count)] ^= 1 << UInt8(source.below(8))
      return .fixed(bytes)
    case .bytes(let bytes): return .bytes(mutate(bytes, &source))
    }
  }

  /// The fields of a message; none if the bytes are something else.
  private static func fields(of message: [UInt8]) -> [Field] {
    var fields: [Field] = []
    var offset = 0
    while offset < message.count {
      guard let key = varint(message, &offset), key >> 3 != 0, key >> 3 < 1 << 16 else { return [] }
      switch key & 7 {
      case 0:
        guard let number = varint(message, &offset) else { return [] }
        fields.append(Field(key: key, value: .varint(number)))
      case 1, 5:
        let count = key & 7 == 1 ? 8 : 4
        guard message.count - offset >= count else { return [] }
        fields.append(Field(key: key, value: .fixed(Array(message[offset..<offset + count]))))
        offset += count
      case 2:
        guard let length = varint(message, &offset), length <= UInt64(message.count - offset)
        else { return [] }
        let end = offset + Int(length)
        fields.append(Field(key: key, value: .bytes(Array(message[offset..<end]))))
        offset = end
      default: return []
      }
    }
    return fields
  }

  private static func varint(_ bytes: [UInt8], _ offset: inout Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < bytes.count else { return nil }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func encoded(_ fields: [Field]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ number: UInt64) {
      var rest = number
      while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    for field in fields {
      append(field.key)
      switch field.value {
      case .varint(let number): append(number)
      case .fixed(let fixed): bytes += fixed
      case .bytes(let inner):
        append(UInt64(inner.count))
        bytes += inner
      }
    }
    return bytes
  }
}
