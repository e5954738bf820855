internal import KernelInterface
internal import Synchronization
internal import Tensors

/// A batch of prepared images on their way from a caller's memory to where the program reads them: copied, and looked
/// through for numbers that are not finite, by all threads in the region that runs the program. A thread that has
/// to be woken for it wakes meanwhile.
final class InputCopy: Sendable {
  /// Elements that one thread takes at a time: 64 KiB.
  private static let partCount = 16384

  private nonisolated(unsafe) let source: UnsafePointer<Float>
  private nonisolated(unsafe) let target: UnsafeMutablePointer<Float>
  private let count: Int
  private let first: Int
  private let notFinite = Atomic(false)

  /// - Parameters:
  ///   - count: elements of both.
  ///   - first: what errors call the first of them.
  init(
    from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int,
    first: Int
  ) {
    (self.source, self.target, self.count, self.first) = (source, target, count, first)
  }

  var items: WorkItems { WorkItems(parts: (count + Self.partCount - 1) / Self.partCount) }

  /// Copies a part.
  func run(_ item: Int) {
    let first = item * Self.partCount
    let end = min(first + Self.partCount, count)
    let exponent: UInt32 = 0x7F80_0000
    var found: UInt32 = 0
    for index in first..<end {
      let value = source[index]
      target[index] = value
      // Without a branch, so that many are looked at together.
      found |= value.bitPattern & exponent == exponent ? 1 : 0
    }
    if found != 0 { notFinite.store(true, ordering: .relaxed) }
  }

  /// Whether a number of the parts that are done is NaN or infinite.
  var hasNotFinite: Bool { notFinite.load(ordering: .relaxed) }

  /// Throws if there is such a number.
  func requireFinite() throws {
    guard hasNotFinite, let index = (0..<count).first(where: { !target[$0].isFinite }) else {
      return
    }
    throw InputError(
      .invalidOption, file: "tensor", field: "element \(first + index)",
      expected: "a finite number", found: "\(target[index])")
  }
}
