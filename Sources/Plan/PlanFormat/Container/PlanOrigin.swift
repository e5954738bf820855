internal import ModelFacts
package import Records
internal import Tensors

/// The version of this toolchain.
package enum Release {
  /// As `--version` prints it.
  package static let version = "0.2.0"
}

/// What joined version 2, in the order in which plans list it, by the name that they say.
package enum PlanFeature: String, Sendable, CaseIterable {
  /// The steps nearestAssign and greedyPartition.
  case weighted
  /// A second program, and the section that says when it answers.
  case cascade
  /// The activation tanh.
  case tanh
  /// Constants of int8.
  case int8
  /// Tokens are chosen behind none or more than two others.
  case prefix
  /// The steps reduceMean and attentionPool.
  case pooling
  /// The section of a model's details.
  case details
  /// The step quantizedAttention.
  case int8Attention
  /// The step headNorm.
  case headNorm
  /// The step rotaryEmbedding.
  case rotaryEmbedding
  /// The step gatedActivation.
  case gatedActivation
  /// The step biasedAttention.
  case biasedAttention
  /// The step rmsNorm.
  case rmsNorm
  /// Constants of int8 that patches are multiplied by.
  case int8Patches
  /// The steps of methods that models are trained with for fewer tokens.
  case methods
  /// The steps select, halt and accumulate: images keep as many tokens as their own scores say, or none.
  case adaptive
  /// Patches that are not square: convolutions without a stride, and the section that says their width.
  case patches
  /// Other than three channels.
  case channels
  /// The steps of SP-ViT: predictors of each head, and tokens that become one package token.
  case packages
}

/// Who wrote a plan and what a reader of it must know: read before anything else, so that a plan which
/// is made by a newer `vitc` is told from a damaged one.
package struct PlanOrigin: Record, Equatable {
  /// The version that wrote it, as ``Release/version``.
  package var writer = ""

  /// What the plan uses that the first plans of its version had not, by name.
  package var features: [Feature] = []

  /// The name of something that a reader must know.
  package struct Feature: Record, Equatable {
    package var name = ""

    package init() {}

    package init(_ name: String) { self.name = name }

    package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
      try coder.code("name", &name)
    }
  }

  /// The features that this program reads. Whatever joins the format, a code of any choice among it, brings
  /// its name here, and a plan that uses it says so.
  private static let known = Set(PlanFeature.allCases.map(\.rawValue))

  package init() {}

  /// What this program writes of a plan that has these programs, constants and facts.
  static func current(
    _ programs: [Program], _ constants: [ConstantRecord], _ facts: ModelFacts
  ) -> PlanOrigin {
    var origin = PlanOrigin()
    origin.writer = Release.version
    origin.features = features(of: programs, constants, facts)
    return origin
  }

  private static func features(
    of programs: [Program], _ constants: [ConstantRecord], _ facts: ModelFacts
  ) -> [Feature] {
    let steps = programs.flatMap(\.steps)
    var used = Set(steps.flatMap(\.step.payload.features))
    if programs.count > 1 { used.insert(.cascade) }
    let quantized = constants.filter { $0.element == .int8 }
    if !quantized.isEmpty { used.insert(.int8) }
    if quantized.contains(where: { $0.shape.count == 4 }) { used.insert(.int8Patches) }
    if facts.details != ModelDetails() { used.insert(.details) }
    if facts.otherPatchWidth != nil { used.insert(.patches) }
    if facts.preprocess.channels != 3 { used.insert(.channels) }
    return PlanFeature.allCases.filter(used.contains).map { Feature($0.rawValue) }
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("writer", &writer)
    try coder.code("features", list: &features)
  }

  /// Throws unless the plan lists what its programs, constants and facts use, and no more.
  func verify(
    _ programs: [Program], _ constants: [ConstantRecord], _ facts: ModelFacts, file: String
  ) throws {
    let used = Self.features(of: programs, constants, facts)
    guard features != used else { return }
    func list(_ features: [Feature]) -> String {
      features.isEmpty ? "none" : features.map(\.name).joined(separator: ", ")
    }
    throw InputError(
      file: file, field: "origin, features",
      expected: "those that the plan uses (\(list(used)))", found: list(features))
  }

  /// Throws if the plan needs what this program does not know.
  func requireKnownFeatures(file: String) throws {
    let unknown = features.map(\.name).filter { !Self.known.contains($0) }
    guard !unknown.isEmpty else { return }
    throw InputError(
      file: file, field: "features", expected: "those that vitc \(Release.version) knows",
      found: "one made by a newer vitc (\(writer), needs \(unknown.joined(separator: ", ")))")
  }
}
