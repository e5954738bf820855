import JSON
import Tensors

/// The shares of the limit that steps reached on a processor, by kernels, threads and step.
struct ShareRecord {
  /// By ``key(kernels:threads:step:)``.
  var shares: [String: Double] = [:]

  /// How far a share may fall behind what was recorded before that is a regression: a shared machine's
  /// neighbours move it by less.
  static let tolerance = 0.05

  init() {}

  /// Reads a record.
  init(path: String) throws {
    let file = try MappedFile(path: path)
    let root = try file.withBytes { try JSONParser.parse($0, file: path) }
    for member in root["shares"]?.members ?? [] {
      guard let share = member.value.double, share > 0 else {
        throw InputError(
          file: path, field: "shares/\(member.name)", expected: "a number above 0",
          found: member.value.kind)
      }
      shares[member.name] = share
    }
    guard !shares.isEmpty else {
      throw InputError(file: path, field: "shares", expected: "at least one", found: "none")
    }
  }

  /// What a share is recorded under.
  static func key(kernels: String, threads: Int, step: String) -> String {
    "\(kernels), \(threads) \(threads == 1 ? "thread" : "threads"): \(step)"
  }

  /// Writes the record whole or not at all.
  func write(path: String) throws {
    let members = shares.sorted { $0.key < $1.key }.map {
      JSONMember($0.key, .number("\(($0.value * 1000).rounded() / 1000)"))
    }
    let root: JSONValue = ["shares": .object(members)]
    var output = try OutputFile(path: path)
    try output.append(Array((root.text() + "\n").utf8))
    try output.commit()
  }
}
