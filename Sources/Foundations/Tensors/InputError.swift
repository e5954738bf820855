/// Something that came from outside (a file, an option, an image) is not what it has to be.
///
/// Every module that reads untrusted bytes throws this type. It prints as one line,
/// `SUBJECT: FIELD: expected X, found Y`, with the options' Swift names; the commands name their flags in
/// their place, prefix their own name and exit with 1.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is to blame, or has to change.
  public let subject: Subject

  /// What a program can do about it.
  public let kind: Kind

  private let parts: [Message]

  /// What an error is about.
  public enum Subject: Equatable, Sendable {
    /// A file as the user named it, e.g. `model.safetensors`.
    case file(String)

    /// An option of the library that was called.
    case option(any InputOption)

    /// Whether both are the same file, as it was named, or the same option.
    public static func == (left: Self, right: Self) -> Bool {
      switch (left, right) {
      case (.file(let left), .file(let right)): left == right
      case (.option(let left), .option(let right)): left.isSame(as: right)
      case (.file, .option), (.option, .file): false
      }
    }
  }

  /// Kinds of errors that call for different answers.
  public enum Kind: Sendable, CaseIterable {
    /// A file is damaged, of another kind, or does not suit what it is used for.
    case invalidFile
    /// There is no such file, or the system does not let it be read.
    case unreadableFile
    /// Something well-formed that needs more than there is yet.
    case unsupported
    /// Two sources say different things.
    case contradiction
    /// Nothing says a value; the text names what can.
    case missingValue
    /// A value of an option or an argument does not suit.
    case invalidOption
    /// The system refuses memory or has no more open files. The same may do later or elsewhere.
    case outOfResources
    /// A result cannot be written.
    case output
  }

  /// Makes an error that names its place and both sides of the contradiction. A field whose name
  /// is empty is shown as `""`: formats allow such names.
  /// - Parameters:
  ///   - kind: what a program can do about it.
  ///   - file: the file as the user named it.
  ///   - field: the place inside the file: a header field, a tensor's or member's name, a byte position.
  ///   - expected: what would have been accepted.
  ///   - found: what is there.
  public init(
    _ kind: Kind = .invalidFile, file: String, field: String, expected: String, found: String
  ) {
    self.init(
      kind, subject: .file(file), field: Message(field), expected: Message(expected),
      found: Message(found))
  }

  /// As the other, where texts speak of options.
  public init(
    _ kind: Kind = .invalidFile, file: String, field: Message, expected: Message, found: Message
  ) {
    self.init(kind, subject: .file(file), field: field, expected: expected, found: found)
  }

  /// An error about an option's value.
  public init(
    _ kind: Kind = .invalidOption, option: any InputOption, field: Message, expected: Message,
    found: Message
  ) {
    self.init(
      kind, subject: .option(option), field: field, expected: expected,
      found: found)
  }

  /// An error about a file or an option.
  /// - Parameter kind: nil for ``Kind/invalidFile`` or ``Kind/invalidOption``, as the subject is.
  public init(
    _ kind: Kind? = nil, subject: Subject, field: Message, expected: Message, found: Message
  ) {
    self.subject = subject
    let usual: Kind =
      switch subject {
      case .file: .invalidFile
      case .option: .invalidOption
      }
    self.kind = kind ?? usual
    parts = [field.isEmpty ? "\"\"" : field, expected, found]
  }

  /// The file as the user named it; nil where an option is to blame.
  public var file: String? {
    switch subject {
    case .file(let path): path
    case .option: nil
    }
  }

  /// The place inside the file or the option.
  public var field: String { parts[0].description }

  /// What would have been accepted.
  public var expected: String { parts[1].description }

  /// What is there.
  public var found: String { parts[2].description }

  /// `SUBJECT: FIELD: expected X, found Y`, with control characters escaped so that it stays one line
  /// and long parts cut short.
  public var description: String { text(naming: \.name) }

  /// ``field``, ``expected`` and ``found`` with the caller's names of options.
  package func parts(naming name: (any InputOption) -> String) -> [String] {
    parts.map { $0.text(naming: name) }
  }

  /// The description with the caller's names of options.
  public func text(naming name: (any InputOption) -> String) -> String {
    let subject =
      switch subject {
      case .file(let path): path
      case .option(let option): name(option)
      }
    let texts = ([subject] + parts.map { $0.text(naming: name) }).map(Self.singleLine)
    return "\(texts[0]): \(texts[1]): expected \(texts[2]), found \(texts[3])"
  }

  private static let longestPart = 3000

  /// Escapes control characters and shortens, so that hostile names can neither forge further
  /// lines of output nor flood it.
  private static func singleLine(_ text: String) -> String {
    let part = VisibleText.escaped(String(text.unicodeScalars.prefix(longestPart)))
    return text.unicodeScalars.dropFirst(longestPart).isEmpty ? part : part + "..."
  }
}
