internal import Tensors

/// Objects by the numbers that stand for them in C.
///
/// A number is never used twice, so that one whose object was closed is known to be none; where they begin is
/// random, so that those of another library or an earlier process are none too.
final class HandleTable: Sendable {
  private struct State: Sendable {
    var next = UInt64.random(in: .min ... .max)
    var objects: [UInt64: any AnyObject & Sendable] = [:]
  }

  private let state = Lock(State())

  func acquire() { state.acquire() }
  func release() { state.release() }

  func add(_ object: any AnyObject & Sendable) -> UInt64 {
    state.withLock { state in
      // An odd step visits every number before one comes again.
      repeat { state.next &+= 0x9E37_79B9_7F4A_7C15 } while state.next == 0
      state.objects[state.next] = object
      return state.next
    }
  }

  func object<T: AnyObject & Sendable>(
    _ handle: UInt64, _ argument: String, as type: T.Type
  ) throws -> T {
    try check(state.withLock { $0.objects[handle] }, argument)
  }

  /// The object ends outside the lock: it may wait for its threads.
  func remove<T: AnyObject & Sendable>(
    _ handle: UInt64, _ argument: String, as type: T.Type
  ) throws {
    let removed = try state.withLock { state -> any AnyObject & Sendable in
      let object: T = try check(state.objects[handle], argument)
      state.objects[handle] = nil
      return object
    }
    withExtendedLifetime(removed) {}
  }

  private func check<T: AnyObject & Sendable>(
    _ object: (any AnyObject & Sendable)?, _ argument: String
  ) throws -> T {
    guard let object else {
      throw Interface.error(
        argument, "a handle that is open", "one that was closed or never handed out")
    }
    guard let object = object as? T else {
      throw Interface.error(argument, "a handle of its kind", "one of another")
    }
    return object
  }
}

/// Texts that were handed out.
final class TextTable: Sendable {
  private let given = Lock<Set<UInt>>([])

  func acquire() { given.acquire() }
  func release() { given.release() }

  /// A text that holds a zero, where C would see its end, has it escaped.
  func give(_ text: String) throws -> UnsafeMutablePointer<CChar> {
    let whole = text.utf8.contains(0) ? VisibleText.escaped(text) : text
    let bytes = Array(whole.utf8)
    guard let copy = CText.copy(bytes) else {
      throw InputError.noMemory("text", bytes.count, "none")
    }
    given.withLock { _ = $0.insert(UInt(bitPattern: copy)) }
    return copy
  }

  func take(_ text: UnsafeMutablePointer<CChar>?) throws {
    guard let text else { return }
    guard given.withLock({ $0.remove(UInt(bitPattern: text)) }) != nil else {
      throw Interface.error(
        "text", "one that this library gave", "another, or one that was taken back")
    }
    CText.release(text)
  }
}
