internal import CLibrary
internal import Tensors

/// What the calling thread's last call of an interface did wrong, as C reads it.
///
/// Owns its texts, and the memory of the structure that a header describes; both end with the thread.
package final class LastError {
  /// Its texts; none is nil but `file` and `option`.
  package struct Texts {
    package let file: UnsafePointer<CChar>?
    package let option: UnsafePointer<CChar>?
    package let field: UnsafePointer<CChar>?
    package let expected: UnsafePointer<CChar>?
    package let found: UnsafePointer<CChar>?
    package let message: UnsafePointer<CChar>?
  }

  /// Bytes that a header's structure has at most.
  private static let recordBytes = 128

  /// What stands for a text that there is no memory for.
  private nonisolated(unsafe) static let empty: UnsafePointer<CChar> = {
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    text.initialize(to: 0)
    return UnsafePointer(text)
  }()

  /// A status of the header, 0 for none.
  package private(set) var kind: Int32 = 0

  private var owned: [UnsafeMutablePointer<CChar>] = []
  private var file: UnsafePointer<CChar>?
  private var option: UnsafePointer<CChar>?
  private var rest = [UnsafePointer<CChar>](repeating: empty, count: 4)
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: recordBytes, alignment: 16)

  /// Whether no other thread has it.
  let isOfOneThread: Bool

  private init(isOfOneThread: Bool) { self.isOfOneThread = isOfOneThread }

  deinit {
    for text in owned { free(text) }
    memory.deallocate()
  }

  /// Where each thread keeps its own; nil if the process has taken all such keys.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { error in
      if let error { Unmanaged<LastError>.fromOpaque(error).release() }
    }
    return status == 0 ? key : nil
  }()

  /// That there is no place for a thread's own; it never changes.
  private nonisolated(unsafe) static let withoutPlace: LastError = {
    let error = LastError(isOfOneThread: false)
    error.set(
      InputError(
        .outOfResources, option: NamedOption(name: "library"), field: "thread",
        expected: "memory for its errors (pthread_key_create)", found: "none"), naming: \.name)
    return error
  }()

  /// The calling thread's; one of all threads where there is no place for it.
  package static var ofThisThread: LastError {
    guard let key else { return withoutPlace }
    if let known = pthread_getspecific(key) {
      return Unmanaged<LastError>.fromOpaque(known).takeUnretainedValue()
    }
    let error = LastError(isOfOneThread: true)
    let owned = Unmanaged.passRetained(error)
    guard pthread_setspecific(key, owned.toOpaque()) == 0 else {
      owned.release()
      return withoutPlace
    }
    return error
  }

  /// The header's structure, made of what is known; it lives until the thread's next call.
  package func record<Record>(_ make: (Int32, Texts) -> Record) -> UnsafePointer<Record> {
    precondition(MemoryLayout<Record>.size <= Self.recordBytes)
    let record = memory.bindMemory(to: Record.self, capacity: 1)
    record.initialize(
      to: make(
        kind,
        Texts(
          file: file, option: option, field: rest[0], expected: rest[1], found: rest[2],
          message: rest[3])))
    return UnsafePointer(record)
  }

  /// All went well.
  func clear() {
    if kind != 0 { set(0, file: nil, option: nil, rest: []) }
  }

  /// Takes an error, with options in the names of the interface.
  func set(_ error: InputError, naming name: (any InputOption) -> String) {
    var option: String?
    if case .option(let known) = error.subject { option = name(known) }
    set(
      Self.code(of: error.kind), file: error.file, option: option,
      rest: (error.parts(naming: name) + [error.text(naming: name)]).map(VisibleText.escaped))
  }

  /// Takes a fault of the interface's own.
  func set(fault: any Error) {
    let text = VisibleText.escaped("\(fault)")
    set(9, file: nil, option: nil, rest: ["library", "no fault", text, "library: \(text)"])
  }

  private func set(_ kind: Int32, file: String?, option: String?, rest: [String]) {
    for text in owned { free(text) }
    owned = []
    self.kind = kind
    // The bytes of the path, as it was named.
    self.file = file.map { copy(PathText.bytes(of: $0)) }
    self.option = option.map { copy(Array($0.utf8)) }
    self.rest = rest.map { copy(Array($0.utf8)) }
    self.rest += [UnsafePointer<CChar>](repeating: Self.empty, count: 4 - rest.count)
  }

  private func copy(_ bytes: [UInt8]) -> UnsafePointer<CChar> {
    guard let text = CText.copy(bytes) else { return Self.empty }
    owned.append(text)
    return UnsafePointer(text)
  }

  /// What the headers call a kind.
  private static func code(of kind: InputError.Kind) -> Int32 {
    switch kind {
    case .invalidFile: 1
    case .unreadableFile: 2
    case .unsupported: 3
    case .contradiction: 4
    case .missingValue: 5
    case .invalidOption: 6
    case .outOfResources: 7
    case .output: 8
    }
  }
}

/// Texts in C's memory.
enum CText {
  /// A copy with a closing zero; nil if there is no memory for it.
  static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
    guard let memory = malloc(bytes.count + 1) else { return nil }
    bytes.withUnsafeBytes { if let base = $0.baseAddress { memcpy(memory, base, bytes.count) } }
    memory.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return memory.assumingMemoryBound(to: CChar.self)
  }

  /// Gives a copy's memory back.
  static func release(_ text: UnsafeMutablePointer<CChar>) { free(text) }
}
