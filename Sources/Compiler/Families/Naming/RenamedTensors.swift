internal import Tensors

/// Tensors under new names. Two tensors that come to one name are an error: one of them would be lost.
struct RenamedTensors {
  private(set) var tensors: [String: NamedTensor] = [:]
  private let file: String

  init(file: String) { self.file = file }

  mutating func add(_ tensor: NamedTensor, as name: String) throws {
    if let other = tensors.updateValue(tensor, forKey: name) {
      throw Self.clash(tensor, other, name, file: file)
    }
  }

  /// The error for two tensors that come to one name.
  static func clash(
    _ tensor: NamedTensor, _ other: NamedTensor, _ name: String, file: String
  ) -> InputError {
    InputError(
      file: file, field: max(other.origin, tensor.origin), expected: "one tensor for \(name)",
      found: "\(min(other.origin, tensor.origin)) too")
  }

  /// A block's number as names write it; nil for another spelling, e.g. `01`.
  static func block(_ text: Substring) -> Int? {
    guard let block = Int(text), block >= 0, String(block) == text else { return nil }
    return block
  }
}
