/// A polynomial of x with few terms.
struct Polynomial: Equatable, CustomStringConvertible {
  /// The constant first.
  private var coefficients: [Double]

  private static var largestDegree: Int { 4 }

  init(_ coefficients: [Double]) { self.coefficients = coefficients }

  private subscript(_ power: Int) -> Double {
    coefficients.indices.contains(power) ? coefficients[power] : 0
  }

  func scaled(by factor: Double) -> Polynomial { Polynomial(coefficients.map { $0 * factor }) }

  func adding(_ other: Polynomial) -> Polynomial {
    let count = max(coefficients.count, other.coefficients.count)
    return Polynomial((0..<count).map { self[$0] + other[$0] })
  }

  func multiplied(by other: Polynomial) -> Polynomial? {
    guard !coefficients.isEmpty, !other.coefficients.isEmpty else { return Polynomial([]) }
    let count = coefficients.count + other.coefficients.count - 1
    guard count <= Self.largestDegree + 1 else { return nil }
    var product = [Double](repeating: 0, count: count)
    for (i, a) in coefficients.enumerated() {
      for (j, b) in other.coefficients.enumerated() { product[i + j] += a * b }
    }
    return Polynomial(product)
  }

  /// Whether the coefficients are these but for the rounding of float32, or those of float16.
  func isClose(_ wanted: [Double]) -> Bool {
    (0..<max(coefficients.count, wanted.count)).allSatisfy { power in
      let number = wanted.indices.contains(power) ? wanted[power] : 0
      return TermReader.isClose(self[power], number)
    }
  }

  /// Whether it is `slope sqrt(2/pi) (x + 0.044715 x^3)`.
  func isCubic(slope: Double) -> Bool {
    let linear = slope * (2 / Double.pi).squareRoot()
    return coefficients.count == 4 && self[0] == 0 && self[2] == 0
      && TermReader.isClose(self[1], linear)
      && (TermReader.isClose(self[3] / self[1], 0.044715)
        || TermReader.isClose(self[3], linear * 0.044715))
  }

  var description: String {
    let terms = coefficients.enumerated().filter { $0.element != 0 }.map { power, number in
      let shown = "\(Float(number))"
      switch power {
      case 0: return shown
      case 1: return number == 1 ? "x" : "\(shown) x"
      default: return "\(shown) x^\(power)"
      }
    }
    return terms.isEmpty ? "0" : terms.joined(separator: " + ")
  }
}
