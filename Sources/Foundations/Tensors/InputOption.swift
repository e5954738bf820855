/// What a caller of a library can set, by its Swift name.
///
/// Each library lists its own. An error or a note speaks of them as parts of a ``Message``, so that a program
/// can name them as its users know them: a command as its flags.
public protocol InputOption: Hashable, Sendable {
  /// The name in Swift, e.g. `keepRates`.
  var name: String { get }
}

extension InputOption where Self: RawRepresentable<String> {
  /// The raw value.
  public var name: String { rawValue }
}

extension InputOption {
  /// Whether both are the same option of the same library.
  func isSame(as other: any InputOption) -> Bool { AnyHashable(self) == AnyHashable(other) }
}
