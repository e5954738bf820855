internal import CLibrary
package import Tensors

/// What the functions of a C interface have in common: errors become codes, and what is handed out is known.
package struct Interface: Sendable {
  private let name: @Sendable (any InputOption) -> String
  private let texts: TextTable
  private let handles: HandleTable

  /// Those of a library; to be made once, before its first call does anything.
  /// - Parameter name: what its users call an option.
  package init(naming name: @escaping @Sendable (any InputOption) -> String) {
    let (texts, handles) = (TextTable(), HandleTable())
    self.name = { ($0 as? NamedOption)?.name ?? name($0) }
    (self.texts, self.handles) = (texts, handles)
    ForkSafety.begin {
      handles.acquire()
      texts.acquire()
    } unlock: {
      texts.release()
      handles.release()
    }
  }

  /// Runs the body of a function.
  /// - Returns: its status, 0 if it threw nothing; what it threw is the thread's last error.
  package func call(_ body: () throws -> Void) -> Int32 {
    let last = LastError.ofThisThread
    guard last.isOfOneThread else { return last.kind }
    do {
      try body()
      last.clear()
    } catch let error as InputError {
      last.set(error, naming: name)
    } catch {
      last.set(fault: error)
    }
    return last.kind
  }

  /// A text that C may keep.
  package static func forever(_ text: String) -> UnsafePointer<CChar>? {
    CText.copy(Array(text.utf8)).map { UnsafePointer($0) }
  }

  /// A message in the names of the interface.
  package func text(_ message: Message) -> String { message.text(naming: name) }

  // MARK: - What is handed out

  /// A new handle of an object.
  package func handle(of object: some AnyObject & Sendable) -> UInt64 { handles.add(object) }

  /// The object of a handle.
  /// - Throws: `InputError` naming `argument` if there is none, or it is of another kind.
  package func object<T: AnyObject & Sendable>(
    _ handle: UInt64, _ argument: String, as type: T.Type
  ) throws -> T {
    try handles.object(handle, argument, as: type)
  }

  /// Forgets a handle.
  /// - Throws: as ``object(_:_:as:)``.
  package func close<T: AnyObject & Sendable>(
    _ handle: UInt64, _ argument: String, as type: T.Type
  ) throws {
    try handles.remove(handle, argument, as: type)
  }

  /// A copy of a text that a caller gives back with ``free(_:)``.
  package func give(_ text: String) throws -> UnsafeMutablePointer<CChar> { try texts.give(text) }

  /// Takes a text back.
  /// - Throws: `InputError` if it is none that was given.
  package func free(_ text: UnsafeMutablePointer<CChar>?) throws { try texts.take(text) }

  // MARK: - Arguments

  /// A pointer that must not be NULL.
  package func pointer<P>(_ pointer: P?, _ argument: String) throws -> P {
    guard let pointer else { throw Self.error(argument, "a pointer", "NULL") }
    return pointer
  }

  /// A path, as the bytes that it is.
  package func path(_ text: UnsafePointer<CChar>?, _ argument: String) throws -> String {
    let text = try pointer(text, argument)
    return PathText.text(of: UnsafeRawBufferPointer(start: text, count: strlen(text)))
  }

  /// A path for errors only, which may be NULL.
  package func path(_ text: UnsafePointer<CChar>?, or usual: String) -> String {
    guard let text else { return usual }
    return PathText.text(of: UnsafeRawBufferPointer(start: text, count: strlen(text)))
  }

  /// A text in UTF-8.
  package func text(_ text: UnsafePointer<CChar>?, _ argument: String) throws -> String {
    guard let valid = String(validatingCString: try pointer(text, argument)) else {
      throw Self.error(argument, "UTF-8", "other bytes")
    }
    return valid
  }

  /// An array of a caller's.
  package func array<T>(_ start: UnsafePointer<T>?, count: Int, _ argument: String) throws
    -> UnsafeBufferPointer<T>
  {
    guard count >= 0, !count.multipliedReportingOverflow(by: MemoryLayout<T>.stride).overflow else {
      throw Self.error(argument, "a count of elements in memory", "\(UInt(bitPattern: count))")
    }
    guard start != nil || count == 0 else { throw Self.error(argument, "a pointer", "NULL") }
    return UnsafeBufferPointer(start: start, count: count)
  }

  /// An argument that does not suit.
  package static func error(_ argument: String, _ expected: String, _ found: String) -> InputError {
    InputError(
      option: NamedOption(name: argument), field: "argument", expected: "\(expected)",
      found: "\(found)")
  }
}

/// An argument or a member of a function's options.
struct NamedOption: InputOption {
  let name: String
}
