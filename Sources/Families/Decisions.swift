internal import ModelFacts

/// A value that nothing said: what was taken, why, and what else it could be.
public struct Assumption: Sendable, Equatable, CustomStringConvertible {
  /// The checkpoint.
  public let file: String

  /// What was decided, e.g. `heads`.
  public let key: String

  /// The value that was taken.
  public let value: String

  /// Why this one, e.g. `from the preset deit_small_patch16_224`.
  public let reason: String

  /// What else it could be, and what decides it; may be empty.
  public let alternatives: String

  /// `FILE: KEY: assumed VALUE, REASON; ALTERNATIVES`.
  public var description: String {
    "\(file): \(key): assumed \(value), \(reason)"
      + (alternatives.isEmpty ? "" : "; \(alternatives)")
  }
}

/// Something that a checkpoint says and that a user should know.
public struct Remark: Sendable, Equatable, CustomStringConvertible {
  /// The checkpoint.
  public let file: String

  /// What it is about, e.g. `logits`.
  public let key: String

  /// What there is to know.
  public let text: String

  /// `FILE: KEY: TEXT`.
  public var description: String { "\(file): \(key): \(text)" }
}

/// What was decided about a model, and from what.
struct Decisions {
  let file: String
  private(set) var provenance: [ProvenanceEntry] = []
  private(set) var assumptions: [Assumption] = []
  private(set) var remarks: [Remark] = []

  init(file: String) { self.file = file }

  /// Records what something said; it stands in for what was recorded of the key before.
  mutating func told(_ key: String, _ value: String, from source: String) {
    forget(key)
    provenance.append(ProvenanceEntry(key, value, from: source))
  }

  /// Records what something said and a user may not expect.
  mutating func remarked(_ key: String, _ text: String) {
    remarks.append(Remark(file: file, key: key, text: text))
  }

  /// Records what a checkpoint says for users.
  mutating func add(_ remarks: [Remark]) { self.remarks += remarks }

  /// Records what nothing said.
  mutating func assumed(_ key: String, _ value: String, _ reason: String, or alternatives: String) {
    forget(key)
    let known = Assumption(
      file: file, key: key, value: value, reason: reason, alternatives: alternatives)
    assumptions.append(known)
    provenance.append(
      ProvenanceEntry(
        key, value,
        from: "assumed, \(reason)" + (alternatives.isEmpty ? "" : "; \(alternatives)")))
  }

  /// Puts an assumption before the others, which follow from it.
  mutating func assumedFirst(_ key: String, _ value: String, _ reason: String, or other: String) {
    assumed(key, value, reason, or: other)
    assumptions.insert(assumptions.removeLast(), at: 0)
  }

  private mutating func forget(_ key: String) {
    provenance.removeAll { $0.key == key }
    assumptions.removeAll { $0.key == key }
  }
}
