package import KernelInterface

extension MatrixElement {
  /// What users call it.
  package var name: String {
    switch self {
    case .float32: "f32"
    case .float16: "f16"
    case .int8: "int8"
    }
  }

  /// The element that users call so; nil if there is none.
  package init?(name: String) {
    guard let element = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = element
  }
}
