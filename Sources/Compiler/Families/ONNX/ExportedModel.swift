internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Records
internal import Tensors

/// What an ONNX model that was made of a plan says of itself, ``MetadataKey``.
struct ExportedModel: Sendable {
  /// The facts of the plan's model.
  let facts: ModelFacts

  /// The classes' names; empty if the plan had none.
  let labels: [ClassLabel]

  private let file: String

  /// What told them.
  static let source = "the metadata of vitc's export"

  /// What the keys of provenance begin with that is handed on.
  private static let handedOn = "exported."

  /// - Returns: nil for a model that was made by others.
  /// - Throws: `InputError` naming the key whose text is missing, unknown or not what it has to be.
  init?(_ model: ONNXModel) throws {
    let texts = model.metadata.filter { $0.key.hasPrefix(MetadataKey.prefix) }
    guard !texts.isEmpty else { return nil }
    let file = model.file
    if let unknown = texts.keys.sorted().first(where: { MetadataKey(rawValue: $0) == nil }) {
      throw InputError(
        .unsupported, file: file, field: "metadata",
        expected: MetadataKey.allCases.map(\.rawValue).joined(separator: ", "),
        found: "\(unknown), of a newer vitc")
    }
    func value(_ key: MetadataKey) throws -> JSONValue? {
      guard let text = texts[key.rawValue] else { return nil }
      return try Array(text.utf8).withUnsafeBytes {
        try JSONParser.parse($0, file: "\(file): metadata \(key.rawValue)")
      }
    }
    func required(_ key: MetadataKey) throws -> JSONValue {
      guard let value = try value(key) else {
        throw InputError(
          file: file, field: "metadata \(key.rawValue)", expected: "a text", found: "none")
      }
      return value
    }
    guard texts[MetadataKey.schedule.rawValue] == nil else {
      throw InputError(
        .unsupported, file: file, field: "metadata \(MetadataKey.schedule.rawValue)",
        expected: "a model as it was before a rewrite",
        found: "one that was rewritten; export its plan as it was before")
    }
    let parts = try MetadataKey.partsOfFacts.map { JSONMember($0.field, try required($0.key)) }
    var facts = try JSONRecordReader.read(
      ModelFacts.self, from: .object((try required(.model).members ?? []) + parts), file: file,
      place: "metadata \(MetadataKey.model.rawValue)")
    facts.details = try JSONRecordReader.read(
      ModelDetails.self, from: try required(.details), file: file,
      place: "metadata \(MetadataKey.details.rawValue)")
    self.facts = facts
    labels = try Self.labels(try value(.labels), classes: facts.classes, file: file)
    self.file = file
  }

  private static func labels(
    _ value: JSONValue?, classes: Int, file: String
  ) throws -> [ClassLabel] {
    guard let value else { return [] }
    let place = "metadata \(MetadataKey.labels.rawValue)"
    guard let elements = value.elements, elements.count == classes else {
      throw InputError(
        file: file, field: place, expected: "a list of \(classes), one for each class",
        found: value.elements.map { "\($0.count)" } ?? value.kind)
    }
    return try elements.enumerated().map {
      try JSONRecordReader.read(ClassLabel.self, from: $1, file: file, place: "\(place) \($0)")
    }
  }

  // MARK: - What the graph says too

  /// The family, where the graph is of one that is built alike.
  func family(of structure: ViTConfig.Family) throws -> ViTConfig.Family {
    guard let family = ViTConfig.Family(rawValue: facts.family),
      (family == .lvvit) == (structure == .lvvit)
    else {
      throw InputError(
        .contradiction, file: file, field: "metadata \(MetadataKey.model.rawValue), family",
        expected: "a family that is built as \(structure.rawValue)", found: facts.family)
    }
    return family
  }

  /// Where the plan's values came from, behind a word that says whose they are.
  var origins: [Origin] {
    facts.provenance.filter { !$0.key.hasPrefix(Self.handedOn) }.map {
      Origin(key: Self.handedOn + $0.key, value: $0.value, source: Message($0.source))
    }
  }

  /// Throws unless the graph is of a model such as the facts say.
  func check(_ graph: ModelFacts, takesOtherSize: Bool) throws {
    var others = [
      ("patch_size", facts.patchSize, graph.patchSize),
      ("embed_dim", facts.embedDim, graph.embedDim), ("depth", facts.depth, graph.depth),
      ("heads", facts.heads, graph.heads), ("classes", facts.classes, graph.classes),
      ("prefix_tokens", facts.prefixTokens, graph.prefixTokens),
    ]
    if !takesOtherSize {
      others += [
        ("image_height", facts.imageHeight, graph.imageHeight),
        ("image_width", facts.imageWidth, graph.imageWidth),
      ]
    }
    for (field, told, found) in others where told != found {
      throw InputError(
        .contradiction, file: file, field: "metadata \(MetadataKey.model.rawValue), \(field)",
        expected: "\(found), as in the graph", found: "\(told)")
    }
    guard facts.details.hasClassToken == graph.details.hasClassToken, facts.scores == graph.scores
    else {
      throw InputError(
        .contradiction, file: file, field: "metadata \(MetadataKey.model.rawValue)",
        expected: "scores and tokens as in the graph", found: "others")
    }
  }
}
