/// Text for people that knows where it speaks of options.
///
/// Written as `"a number from \(option: .heads) or from a config.json"`. It reads with the options' Swift
/// names, or with the names that ``text(naming:)`` is told.
public struct Message: Equatable, Sendable, CustomStringConvertible {
  private enum Piece: Equatable, Sendable {
    case text(String)
    case option(any InputOption)

    static func == (left: Self, right: Self) -> Bool {
      switch (left, right) {
      case (.text(let left), .text(let right)): left == right
      case (.option(let left), .option(let right)): left.isSame(as: right)
      case (.text, .option), (.option, .text): false
      }
    }
  }

  private var pieces: [Piece]

  /// A message that speaks of no option.
  public init(_ text: String) { pieces = text.isEmpty ? [] : [.text(text)] }

  /// A message that is the name of an option.
  public init(option: any InputOption) { pieces = [.option(option)] }

  /// Whether there is nothing to read.
  public var isEmpty: Bool { pieces.isEmpty }

  /// The message with Swift names.
  public var description: String { text(naming: \.name) }

  /// The message with names of the caller's choice.
  public func text(naming name: (any InputOption) -> String) -> String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .option(let option): name(option)
      }
    }.joined()
  }

  /// Both, one behind the other.
  public static func + (left: Message, right: Message) -> Message {
    var whole = left
    // Equal messages have equal pieces, however they were put together.
    if case .text(let end)? = left.pieces.last, case .text(let start)? = right.pieces.first {
      whole.pieces.removeLast()
      whole.pieces.append(.text(end + start))
      whole.pieces += right.pieces.dropFirst()
    } else {
      whole.pieces += right.pieces
    }
    return whole
  }
}

extension Message: ExpressibleByStringInterpolation {
  /// Keeps options apart from text.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var message = Message("")

    /// Nothing yet.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Text of the program's own.
    public mutating func appendLiteral(_ literal: String) {
      message = message + Message(literal)
    }

    /// A value as text.
    public mutating func appendInterpolation(_ value: some Any) { appendLiteral("\(value)") }

    /// Another message, with its options.
    public mutating func appendInterpolation(_ other: Message) { message = message + other }

    /// The path or the option.
    public mutating func appendInterpolation(_ subject: InputError.Subject) {
      switch subject {
      case .file(let path): appendLiteral(path)
      case .option(let option): appendInterpolation(option: option)
      }
    }

    /// The name of an option.
    public mutating func appendInterpolation(option: any InputOption) {
      message = message + Message(option: option)
    }
  }

  /// A message that speaks of no option.
  public init(stringLiteral text: String) { self.init(text) }

  /// A message with what it has gathered.
  public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.message }
}

extension Sequence<Message> {
  /// All of them, with `separator` in between.
  package func joined(separator: String) -> Message {
    reduce(nil) { whole, next in whole.map { "\($0)\(separator)\(next)" } ?? next } ?? ""
  }
}

extension DefaultStringInterpolation {
  @available(*, unavailable, message: "a String forgets which of its words name options")
  package mutating func appendInterpolation(_ message: Message) {}

  @available(*, unavailable, message: "a String forgets which of its words name options")
  package mutating func appendInterpolation(_ subject: InputError.Subject) {}
}
