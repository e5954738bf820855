internal import JSON
internal import Tensors

/// The schedules that were tried, in a file, so that a search that was ended goes on where it was.
///
/// What is tried next depends on the scores alone, so a search that finds them here takes the way that the other
/// took.
package struct SearchState {
  /// What the trials depend on; a file that says otherwise is refused.
  package struct Identity: Equatable, Sendable {
    /// Of the plan's bytes.
    package var plan: UInt64
    /// Of the images.
    package var images: UInt64
    /// The strategy and what goes with it, and the kernels.
    package var settings: String
    /// How many images each trial compares.
    package var comparisons: Int

    package init(plan: UInt64, images: UInt64, settings: String, comparisons: Int) {
      (self.plan, self.images, self.settings) = (plan, images, settings)
      self.comparisons = comparisons
    }
  }

  private let log: LineLog

  /// The file's path.
  var path: String { log.path }

  private var trials: [[Int]: SearchTrial]

  /// How many trials were found in the file.
  package let found: Int

  /// Opens the file, or makes it.
  /// - Throws: `InputError` if it is another search's, or no search's.
  package init(path: String, identity: Identity) throws {
    log = try LineLog(path: path)
    var known: [[Int]: SearchTrial] = [:]
    var number = 0
    try log.forEachLine { line in
      number += 1
      let value = try line.withUnsafeBytes { try JSONParser.parse($0, file: path) }
      if number == 1 { return try Self.check(value, identity, file: path) }
      let trial = try Self.trial(value, comparisons: identity.comparisons, file: path)
      known[trial.removed] = trial
    }
    trials = known
    found = known.count
    if number == 0 {
      let members = Self.members(identity).map { JSONMember($0, .string($1)) }
      try log.append(JSONValue.object(members).text())
    }
  }

  private static func check(_ head: JSONValue, _ identity: Identity, file: String) throws {
    for (name, value) in members(identity) {
      guard let text = head[name]?.string, text == value else {
        throw InputError(
          file: file, field: name,
          expected: "\(value), of this search; remove the file, or name another",
          found: head[name]?.kind ?? "none")
      }
    }
  }

  /// What is known of a schedule.
  package subscript(removed: [Int]) -> SearchTrial? { trials[removed] }

  /// Keeps a trial.
  package mutating func add(_ trial: SearchTrial) throws {
    trials[trial.removed] = trial
    try log.append(Self.json(trial).text())
  }

  /// Removes the file.
  package func remove() { log.remove() }

  private static func members(_ identity: Identity) -> [(name: String, value: String)] {
    [
      ("plan", String(identity.plan, radix: 16)), ("images", String(identity.images, radix: 16)),
      ("settings", identity.settings),
    ]
  }

  private static func json(_ trial: SearchTrial) -> JSONValue {
    [
      "removed": .array(trial.removed.map { .init($0) }),
      "multiply_adds": .init(trial.multiplyAdds),
      "divergences": .array(trial.comparison.divergences.map { .init($0) }),
      "agreements": .array(trial.comparison.agreements.map { .bool($0) }),
      "margins": .array(trial.comparison.margins.map { .init($0) }),
    ]
  }

  private static func trial(
    _ value: JSONValue, comparisons: Int, file: String
  ) throws -> SearchTrial {
    func list<T>(_ name: String, _ what: String, _ read: (JSONValue) -> T?) throws -> [T] {
      let elements = value[name]?.elements ?? []
      let read = elements.compactMap(read)
      guard !elements.isEmpty, read.count == elements.count else {
        throw InputError(
          file: file, field: "trials, \(name)", expected: "a list of \(what)",
          found: value[name]?.kind ?? "none")
      }
      return read
    }
    let removed = try list("removed", "numbers of tokens") {
      $0.integer.flatMap { $0 < 0 ? nil : $0 }
    }
    var comparison = Comparison()
    comparison.divergences = try list("divergences", "numbers from 0 on") {
      $0.double.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
    }
    comparison.agreements = try list("agreements", "true and false") { $0.boolean }
    comparison.margins = try list("margins", "numbers from 0 to 1") {
      $0.double.flatMap { $0 >= 0 && $0 <= 1 ? $0 : nil }
    }
    let counts = [comparison.count, comparison.agreements.count, comparison.margins.count]
    guard let multiplyAdds = value["multiply_adds"]?.integer,
      counts.allSatisfy({ $0 == comparisons })
    else {
      throw InputError(
        file: file, field: "trials", expected: "multiply_adds, and three lists of \(comparisons)",
        found: "lists of \(counts.map(String.init).joined(separator: ", "))")
    }
    return SearchTrial(removed: removed, multiplyAdds: multiplyAdds, comparison: comparison)
  }
}
