/// What an ONNX model that was made of a plan says of itself beside its graph, in its `metadata_props`: the key of
/// each text. A text is JSON of a record, as `JSONRecordWriter` makes it, unless its key says another form.
package enum MetadataKey: String, CaseIterable, Sendable {
  /// The facts, but for the fields that have a key of their own.
  case model = "vitc.model"

  /// What is known of some models besides: ``ModelDetails``.
  case details = "vitc.details"

  /// How images become the input tensor: ``PreprocessFacts``.
  case preprocess = "vitc.preprocess"

  /// The classes' names: a list of objects with an identifier and a name. Not there where the plan has none.
  case labels = "vitc.labels"

  /// Where the values came from that the weights do not determine: a list of ``ProvenanceEntry``.
  case provenance = "vitc.provenance"

  /// How the model was rewritten, for people. Not there where it is as it was.
  case schedule = "vitc.schedule"

  /// What all keys begin with.
  package static let prefix = "vitc."

  /// The keys of fields of the facts, by the fields' names.
  package static let partsOfFacts: [(field: String, key: MetadataKey)] = [
    ("preprocess", .preprocess), ("provenance", .provenance),
  ]
}
