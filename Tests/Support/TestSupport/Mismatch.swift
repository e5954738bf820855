/// Where numbers are not within `tolerance` of those that are expected, in words; `nil` where they are.
///
/// There must be as many, at least one, and a difference that is not a number is too large. Tests say
/// `#expect(mismatch(found, expected, within: 1e-5) == nil)`: this module knows no test library, as the
/// fuzz targets link it too.
package func mismatch(
  _ found: some Collection<some BinaryFloatingPoint>,
  _ expected: some Collection<some BinaryFloatingPoint>, within tolerance: Double
) -> String? {
  guard found.count == expected.count else {
    return "\(found.count) numbers, expected \(expected.count)"
  }
  guard !expected.isEmpty else { return "no numbers" }
  var worst = (place: 0, difference: 0.0)
  for (place, (a, b)) in zip(found, expected).enumerated() {
    let difference = abs(Double(a) - Double(b))
    if difference.isNaN { return "[\(place)] is \(a), expected \(b)" }
    if difference > worst.difference { worst = (place, difference) }
  }
  guard worst.difference > tolerance else { return nil }
  let (a, b) = (Array(found)[worst.place], Array(expected)[worst.place])
  return "[\(worst.place)] is \(a), expected \(b) within \(tolerance)"
}
