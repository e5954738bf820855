internal import COnnx

/// Memory of messages of libprotobuf-c while they are put together.
///
/// The one place that owns pointers here: what it hands out lives as long as it.
final class MessageMemory {
  private var pointers: [UnsafeMutableRawPointer] = []

  init() {}

  deinit { for pointer in pointers { pointer.deallocate() } }

  /// A text, which holds no zero byte.
  func text(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = text.utf8.map { CChar(bitPattern: $0) }
    precondition(!bytes.contains(0), "escaped")
    return filled(bytes + [0])
  }

  /// A value in a place of its own.
  func placed<T>(_ value: T) -> UnsafeMutablePointer<T> { filled([value]) }

  /// Values one after the other.
  func list<T>(_ values: [T]) -> UnsafeMutablePointer<T>? {
    values.isEmpty ? nil : filled(values)
  }

  /// Places of values, each of its own.
  func places<T>(_ values: [T]) -> UnsafeMutablePointer<UnsafeMutablePointer<T>?>? {
    list(values.map { placed($0) })
  }

  /// Places of texts.
  func texts(_ values: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    list(values.map { text($0) })
  }

  private func filled<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    pointers.append(UnsafeMutableRawPointer(memory))
    return memory
  }
}
