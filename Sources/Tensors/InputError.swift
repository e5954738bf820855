/// Something that came from outside (a file, a flag, a picture) is not what it has to be.
///
/// Every module that reads untrusted bytes throws this type. It prints as one line,
/// `FILE: FIELD: expected X, found Y`; the commands prefix their own name and exit with 1.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file as the user named it, or the flag, e.g. `model.safetensors` or `--keep`.
  public var file: String

  /// The place inside the file: a header field, a tensor's or member's name, a byte position.
  public var field: String

  /// What would have been accepted.
  public var expected: String

  /// What is there.
  public var found: String

  /// Whether the file is not to blame: the system refused memory or has no more open files. The same file
  /// may do later or elsewhere.
  public internal(set) var isShortage = false

  /// Makes an error that names its place and both sides of the contradiction. A field whose name
  /// is empty is shown as `""`: formats allow such names.
  public init(file: String, field: String, expected: String, found: String) {
    self.file = file
    self.field = field.isEmpty ? "\"\"" : field
    self.expected = expected
    self.found = found
  }

  /// `FILE: FIELD: expected X, found Y`, with control characters escaped so that it stays one line
  /// and long parts cut short.
  public var description: String {
    let parts = [file, field, expected, found].map(Self.singleLine)
    return "\(parts[0]): \(parts[1]): expected \(parts[2]), found \(parts[3])"
  }

  private static let longestPart = 3000

  /// Escapes control characters and shortens, so that hostile names can neither forge further
  /// lines of output nor flood it.
  private static func singleLine(_ text: String) -> String {
    let part = VisibleText.escaped(String(text.unicodeScalars.prefix(longestPart)))
    return text.unicodeScalars.dropFirst(longestPart).isEmpty ? part : part + "..."
  }
}
