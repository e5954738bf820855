internal import ArgumentParser

/// Numbers, separated by commas.
package struct NumberList<Number: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
  /// At least one.
  package let values: [Number]

  package init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Number(String($0)) }
    guard values.count == parts.count else { return nil }
  }
}
