public import Tensors

/// A value that nothing said: what was taken, why, and what else it could be.
public struct Assumption: Sendable, Equatable, CustomStringConvertible {
  /// The checkpoint.
  public let file: String

  /// What was decided, e.g. `heads`.
  public let key: String

  /// The value that was taken.
  public let value: String

  /// Why this one, e.g. `from the preset deit_small_patch16_224`.
  public let reason: Message

  /// What else it could be, and what decides it; may be empty.
  public let alternatives: Message

  /// `FILE: KEY: assumed VALUE, REASON; ALTERNATIVES`.
  public var message: Message {
    "\(file): \(key): assumed \(value), \(reason)"
      + (alternatives.isEmpty ? "" : "; \(alternatives)")
  }

  /// The message with the options' Swift names.
  public var description: String { message.description }
}

/// Something that a checkpoint says and that a user should know.
public struct Remark: Sendable, Equatable, CustomStringConvertible {
  /// The checkpoint.
  public let file: String

  /// What it is about, e.g. `logits`.
  public let key: String

  /// What there is to know.
  public let text: Message

  /// `FILE: KEY: TEXT`.
  public var message: Message { "\(file): \(key): \(text)" }

  /// The message with the options' Swift names.
  public var description: String { message.description }
}

/// Where a value of a model came from.
public struct Origin: Sendable, Equatable {
  /// What was decided, e.g. `heads`.
  public let key: String

  /// The value.
  public let value: String

  /// A file, an option, or a reason.
  public let source: Message
}

/// What was decided about a model, and from what.
struct Decisions {
  let file: String
  private(set) var provenance: [Origin] = []
  private(set) var assumptions: [Assumption] = []
  private(set) var remarks: [Remark] = []

  init(file: String) { self.file = file }

  /// Records what something said; it stands in for what was recorded of the key before.
  mutating func told(_ key: String, _ value: String, from source: Message) {
    forget(key)
    provenance.append(Origin(key: key, value: value, source: source))
  }

  /// What decided a value that is recorded.
  func source(of key: String) -> Message? { provenance.last { $0.key == key }?.source }

  /// Records what something said and a user may not expect.
  mutating func remarked(_ key: String, _ text: Message) {
    remarks.append(Remark(file: file, key: key, text: text))
  }

  /// Records what a checkpoint says for users.
  mutating func add(_ remarks: [Remark]) { self.remarks += remarks }

  /// Records what a checkpoint leaves open.
  mutating func add(_ assumptions: [Assumption]) {
    for known in assumptions {
      assumed(known.key, known.value, known.reason, or: known.alternatives)
    }
  }

  /// Records what nothing said.
  mutating func assumed(
    _ key: String, _ value: String, _ reason: Message, or alternatives: Message
  ) {
    forget(key)
    let known = Assumption(
      file: file, key: key, value: value, reason: reason, alternatives: alternatives)
    assumptions.append(known)
    provenance.append(
      Origin(
        key: key, value: value,
        source: "assumed, \(reason)" + (alternatives.isEmpty ? "" : "; \(alternatives)")))
  }

  /// Puts an assumption before the others, which follow from it.
  mutating func assumedFirst(_ key: String, _ value: String, _ reason: Message, or other: Message) {
    assumed(key, value, reason, or: other)
    assumptions.insert(assumptions.removeLast(), at: 0)
  }

  private mutating func forget(_ key: String) {
    provenance.removeAll { $0.key == key }
    assumptions.removeAll { $0.key == key }
  }
}
