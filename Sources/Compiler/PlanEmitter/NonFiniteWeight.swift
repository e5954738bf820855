internal import ModelGraph

/// A weight that holds NaN or infinity, with which a model can give no finite result.
package struct NonFiniteWeight: Sendable, CustomStringConvertible {
  /// The tensor.
  package let name: String

  private let count: Int
  private let total: Int
  private let first: (index: Int, value: Float)

  /// The constant, if its values are not all finite.
  init?(_ values: [Float], of constant: Constant) {
    // One pass of integers, which vectorises; what follows is for the few that it finds.
    let largest = values.reduce(0) { max($0, $1.bitPattern & 0x7FFF_FFFF) }
    guard largest >= Float.infinity.bitPattern,
      let index = values.firstIndex(where: { !$0.isFinite })
    else { return nil }
    name = constant.name
    count = values.count { !$0.isFinite }
    total = values.count
    first = (index, values[index])
  }

  /// `NAME: 2 of 192 values are not finite, the first is nan at index 5`.
  package var description: String {
    let verb = count == 1 ? "is" : "are"
    return "\(name): \(count) of \(total) values \(verb) not finite, the first, at index "
      + "\(first.index), is \(first.value)"
  }
}
