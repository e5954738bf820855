internal import ModelFacts
package import Records
internal import Tensors

/// When a plan's second program answers.
package struct CascadeRecord: Record, Equatable {
  /// An image goes on to the second program where the first one's two largest probabilities differ by less
  /// than this, 0 to 1.
  package var margin: Double {
    get { Double(bitPattern: UInt64(bitPattern: Int64(marginBits))) }
    set { marginBits = Int(Int64(bitPattern: newValue.bitPattern)) }
  }

  /// The share of images, 0 to 1, that are expected to go on.
  package var fallbackShare: Double {
    get { Double(bitPattern: UInt64(bitPattern: Int64(shareBits))) }
    set { shareBits = Int(Int64(bitPattern: newValue.bitPattern)) }
  }

  private var marginBits = 0
  private var shareBits = 0

  package init() {}

  package init(margin: Double, fallbackShare: Double) {
    self.margin = margin
    self.fallbackShare = fallbackShare
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("margin_bits", &marginBits)
    try coder.code("fallback_share_bits", &shareBits)
  }

  func verify(file: String) throws {
    for (field, value) in [("margin", margin), ("fallback share", fallbackShare)] {
      guard (0...1).contains(value) else {
        throw InputError(
          file: file, field: "cascade, \(field)", expected: "a number from 0 to 1",
          found: "\(value)")
      }
    }
  }
}

/// What makes a combined plan of an ordinary one: the program that answers where the first is not sure.
package struct PlanCascade: Sendable {
  /// When it answers.
  package var record: CascadeRecord

  /// What the plan's graph lowers to without any rewrite.
  package var fallback: Program

  package init(_ record: CascadeRecord, fallback: Program) {
    (self.record, self.fallback) = (record, fallback)
  }

  /// Throws unless the second program can be run on what the first has, and stand in for it.
  func verify(
    facts: ModelFacts, labels: Labels, constants: [ConstantRecord], recipe: RewriteRecipe,
    file: String
  ) throws {
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: String) throws {
      guard holds else {
        throw InputError(file: file, field: field, expected: expected, found: found)
      }
    }
    try record.verify(file: file)
    try require(
      facts.scores == .softmax, "facts, scores", "softmax, for a cascade", facts.scores.word)
    try require(!recipe.isEmpty, "recipe", "a rewrite, for a cascade", "none")
    do {
      try fallback.verify(constants: constants, file: file)
      try facts.verify(program: fallback, labels: labels, file: file)
    } catch let error as InputError {
      throw InputError(
        error.kind, file: file, field: "fallback, \(error.field)", expected: error.expected,
        found: error.found)
    }
    let roles = fallback.outputs.map(\.role.word)
    try require(
      fallback.output(.logits) != nil, "fallback, outputs", "logits of a classifier",
      roles.joined(separator: ", "))
  }
}
