internal import Synchronization

/// How many elements of constants a trace has computed, and how many of them are in memory. A node of a few bytes can ask
/// for a million.
final class ComputedElements: Sendable {
  /// The most at once: 256 MB of numbers.
  static let mostHeld = 1 << 25

  /// The most in all: some seconds of work. Twelve blocks at 384 pixels whose relative positions each block computes anew
  /// have 155 million.
  static let mostOfAll = 1 << 28

  /// How many products of matrices count as an element: as many take its time.
  static let productsOfElement = 8

  private let heldCount = Atomic(0)
  private let allCount = Atomic(0)

  /// Those in memory.
  var held: Int { heldCount.load(ordering: .relaxed) }

  /// Those that were ever computed.
  var all: Int { allCount.load(ordering: .relaxed) }

  /// Counts elements that nothing holds.
  func count(_ elements: Int) { allCount.wrappingAdd(elements, ordering: .relaxed) }

  /// Elements that count as held as long as this lives.
  final class Share: Sendable {
    private let elements: Int
    private let whole: ComputedElements

    init(_ elements: Int, of whole: ComputedElements) {
      (self.elements, self.whole) = (elements, whole)
      whole.count(elements)
      whole.heldCount.wrappingAdd(elements, ordering: .relaxed)
    }

    deinit { whole.heldCount.wrappingSubtract(elements, ordering: .relaxed) }
  }
}
