internal import COnnx
internal import Tensors

/// Owns a message that libprotobuf-c has parsed.
struct ParsedModel: ~Copyable {
  private let message: UnsafeMutablePointer<Onnx__ModelProto>

  /// Parses what ``ProtobufScan`` made of a file.
  init(_ bytes: [UInt8], file: String) throws {
    guard let message = onnx__model_proto__unpack(nil, bytes.count, bytes) else {
      throw InputError(
        file: file, field: "model", expected: "a valid ONNX model", found: "damaged messages")
    }
    self.message = message
  }

  deinit {
    onnx__model_proto__free_unpacked(message, nil)
  }

  /// Calls `body` with the message, which must not leave it.
  func withMessage<R>(_ body: (borrowing Onnx__ModelProto) throws -> R) rethrows -> R {
    try body(message.pointee)
  }
}

/// The elements of a repeated message field.
func elements<T>(_ count: Int, _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?) -> [T] {
  guard let pointers else { return [] }
  return (0..<count).compactMap { pointers[$0]?.pointee }
}

/// The elements of a repeated text field.
func texts(_ count: Int, _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?)
  -> [String]
{
  guard let pointers else { return [] }
  return (0..<count).map { text(pointers[$0]) }
}

/// A text field; empty if it is absent.
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
  pointer.map { String(cString: $0) } ?? ""
}
