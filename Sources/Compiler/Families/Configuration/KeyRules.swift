package import JSON
internal import Tensors

/// What the importer does with a key of a configuration. A key that no table lists is an error: it may
/// change what the model computes.
package enum KeyRule: Sendable {
  /// It is used: decided from, or compared with what the tensors show.
  case read

  /// It cannot change the output of inference, for this reason.
  case noEffect(String)

  /// Only these values (and null) are what is built; the words say what another one asks for.
  case only([JSONValue], String)
}

/// The keys that an object of a configuration may have.
package struct KeyTable: Sendable {
  /// By key.
  package let rules: [String: KeyRule]

  init(_ rows: [(key: String, rule: KeyRule)]) {
    rules = Dictionary(rows.map { ($0.key, $0.rule) }) { first, _ in first }
  }

  /// This table's keys and, where it has none of the name, another's.
  func joined(_ other: KeyTable) -> KeyTable {
    KeyTable(rules: rules.merging(other.rules) { own, _ in own })
  }

  private init(rules: [String: KeyRule]) { self.rules = rules }

  /// Throws unless every member of an object is known and has a value that is built.
  func check(_ object: [JSONMember], place: String, file: String) throws {
    var seen: Set<String> = []
    for member in object {
      let field = place.isEmpty ? member.name : "\(place).\(member.name)"
      guard seen.insert(member.name).inserted else {
        throw InputError(file: file, field: field, expected: "each key once", found: "it twice")
      }
      switch rules[member.name] {
      case .read, .noEffect: break
      case .only(let values, let need):
        guard member.value == .null || values.contains(where: { $0.means(member.value) }) else {
          let accepted = values.map { $0.text() }.joined(separator: " or ")
          throw InputError(
            .unsupported, file: file, field: field,
            expected: accepted.isEmpty ? "no value" : accepted,
            found: "\(member.value.shortText), which needs \(need) and is not supported yet")
        }
      case nil:
        throw InputError(
          .unsupported, file: file, field: field,
          expected: "a key whose meaning is known; take it out if it cannot change the output",
          found: "\(member.value.shortText)")
      }
    }
  }
}

extension JSONValue {
  /// Whether both mean the same: numbers by value, everything else as it is.
  func means(_ other: JSONValue) -> Bool {
    if let double, let number = other.double { return double == number }
    return self == other
  }

  /// The text, cut short.
  var shortText: String {
    let text = text()
    return text.utf8.count <= 80 ? text : String(text.prefix(77)) + "..."
  }
}
