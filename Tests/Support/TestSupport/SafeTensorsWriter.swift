internal import JSON
internal import Tensors

/// Bytes of a safetensors file of float32 tensors.
package enum SafeTensorsWriter {
  /// One tensor after the other in order of names.
  package static func bytes(
    _ tensors: [String: (shape: [Int], values: [Float])], metadata: [String: String] = [:]
  ) -> [UInt8] {
    var header: [String] = []
    if !metadata.isEmpty {
      let members = metadata.map { JSONMember($0.key, .string($0.value)) }
      header.append("\"__metadata__\":\(JSONValue.object(members).text())")
    }
    var data: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let start = data.count
      tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      header.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(data.count)]}"
      )
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text + data
  }
}
