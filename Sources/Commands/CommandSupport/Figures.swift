/// Formats for figures in text output.
package enum Figures {
  /// `value` with a fixed number of digits behind the point, rounded half away from zero.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var factor = 1.0
    for _ in 0..<digits { factor *= 10 }
    let scaled = Int((abs(value) * factor).rounded())
    let whole = scaled / Int(factor)
    guard digits > 0 else { return (value < 0 && scaled > 0 ? "-" : "") + "\(whole)" }
    let fraction = String(scaled % Int(factor))
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return (value < 0 && scaled > 0 ? "-" : "") + "\(whole).\(zeros)\(fraction)"
  }

  /// Text padded with spaces on its left.
  package static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Text padded with spaces on its right.
  package static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
