internal import Checkpoints
internal import JSON
internal import Tensors

/// What a configuration and a safetensors file's metadata say under `token_reduction`. Making one checks that both
/// are of a method that is built, have no key that it does not read, and do not contradict each other.
struct ReductionKeys {
  /// A value, and where it stands.
  struct Found {
    let value: JSONValue
    let file: String
    let field: String

    func fail(_ expected: String, as kind: InputError.Kind = .invalidFile) -> InputError {
      InputError(
        kind, file: file, field: "\(field)", expected: "\(expected)", found: "\(value.shortText)")
    }
  }

  /// Nil where nothing names one.
  let method: TrainedReduction.Method?

  /// The file that names it.
  var methodSource: Message? { objects.first.map { "\($0.file)" } }

  /// The objects, those of the configuration first.
  private let objects: [Found]

  init(_ config: ModelConfig, metadata: String?, of checkpoint: String) throws {
    var objects: [Found] = []
    if let found = config.tokenReduction {
      objects.append(Found(value: found.value, file: config.path, field: found.field))
    }
    if let metadata {
      let field = "__metadata__.\(SafeTensorsMetadata.tokenReduction)"
      objects.append(
        Found(value: try Self.parse(metadata, checkpoint, field), file: checkpoint, field: field))
    }
    self.objects = objects
    method = try objects.map(Self.method).reduce(nil) { first, method in
      guard first == nil || first == method else {
        throw objects[1].fail(
          "\(first?.rawValue ?? ""), as \(objects[0].file) has it", as: .contradiction)
      }
      return method
    }
  }

  /// JSON inside a file, whose errors say where it stands.
  private static func parse(_ text: String, _ file: String, _ field: String) throws -> JSONValue {
    do {
      return try Array(text.utf8).withUnsafeBytes { try JSONParser.parse($0, file: file) }
    } catch let error as InputError {
      throw InputError(
        error.kind, file: file, field: "\(field), \(error.field)", expected: error.expected,
        found: error.found)
    }
  }

  /// The methods that are built, for messages.
  static var built: String {
    TrainedReduction.Method.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private static func method(of object: Found) throws -> TrainedReduction.Method {
    guard let members = object.value.members else { throw object.fail("an object") }
    let name = Found(
      value: object.value["method"] ?? .null, file: object.file, field: "\(object.field).method")
    guard let word = name.value.string else { throw name.fail("the name of a method") }
    guard let method = TrainedReduction.Method(rawValue: word) else {
      throw name.fail("a method that is built: \(built)", as: .unsupported)
    }
    try KeyTable([("method", .read)] + method.keys.map { ($0.rawValue, .read) })
      .check(members, place: object.field, file: object.file)
    return method
  }

  /// A value of the method; null counts as none.
  /// - Throws: `InputError` if it stands in two places and is not the same.
  func value(_ key: String) throws -> Found? {
    let found = objects.compactMap { object -> Found? in
      guard let value = object.value[key], value != .null else { return nil }
      return Found(value: value, file: object.file, field: "\(object.field).\(key)")
    }
    if found.count == 2, !found[0].value.means(found[1].value) {
      throw found[1].fail(
        "\(found[0].value.shortText), as \(found[0].file) has it", as: .contradiction)
    }
    return found.first
  }
}
