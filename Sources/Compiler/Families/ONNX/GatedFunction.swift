internal import ModelFacts

/// `a(x) + b(x) g(c(x))` for polynomials a, b and c and one function g.
struct GatedFunction: CustomStringConvertible {
  /// `a`, then `b`.
  private var plain, factor: Polynomial
  private var gate: Gate?

  /// What x is; nil for constants.
  private(set) var input: TermView?

  private struct Gate: Equatable {
    var name: String
    var argument: Polynomial
  }

  /// Deeper expressions are no activations.
  private static var largestDepth: Int { 10 }

  /// What a view computes from the last term that is no arithmetic; nil if it is more than this.
  init?(of view: TermView, _ reader: TermReader, depth: Int = 0) {
    guard depth <= Self.largestDepth else { return nil }
    func part(_ view: TermView) -> GatedFunction? {
      GatedFunction(of: view, reader, depth: depth + 1)
    }
    // A part of a term, such as the gates of a layer, is read no further.
    let kind = reader.isOrdered(view) ? reader.terms[view.term].kind : nil
    let found: GatedFunction?
    switch kind {
    case .add(let a, let b)? where a.shape == b.shape:
      found = part(a).flatMap { a in part(b).flatMap { a.adding($0, times: 1) } }
    case .subtract(let a, let b)? where a.shape == b.shape:
      found = part(a).flatMap { a in part(b).flatMap { a.adding($0, times: -1) } }
    case .multiply(let a, let b)? where a.shape == b.shape:
      found = part(a).flatMap { a in part(b).flatMap { a.multiplied(by: $0) } }
    case .addConstant(let rest, let literal)? where literal.layout.elementCount == 1:
      let number = literal.scalar.map { GatedFunction(Polynomial([$0])) }
      found = part(rest).flatMap { rest in number.flatMap { rest.adding($0, times: 1) } }
    case .function(let name, let argument)? where ["Erf", "Tanh", "Sigmoid"].contains(name):
      guard let inner = part(argument), inner.gate == nil else { return nil }
      found = GatedFunction(
        Polynomial([]), factor: Polynomial([1]),
        gate: Gate(name: name, argument: inner.plain), input: inner.input)
    default:
      var input = reader.isOrdered(view) ? reader.whole(view.term) : view
      input.factor = 1
      found = GatedFunction(Polynomial([0, 1]), input: input)
    }
    guard let found else { return nil }
    self = found
    plain = plain.scaled(by: view.factor)
    factor = factor.scaled(by: view.factor)
  }

  private init(
    _ plain: Polynomial, factor: Polynomial = Polynomial([]), gate: Gate? = nil,
    input: TermView? = nil
  ) {
    (self.plain, self.factor, self.gate, self.input) = (plain, factor, gate, input)
  }

  /// Both of one x and with one gate at most; nil otherwise.
  private func together(_ other: GatedFunction) -> GatedFunction? {
    guard input == nil || other.input == nil || input == other.input,
      gate == nil || other.gate == nil || gate == other.gate
    else { return nil }
    return GatedFunction(
      plain, factor: factor, gate: gate ?? other.gate, input: input ?? other.input)
  }

  private func adding(_ other: GatedFunction, times number: Double) -> GatedFunction? {
    var result = together(other)
    result?.plain = plain.adding(other.plain.scaled(by: number))
    result?.factor = factor.adding(other.factor.scaled(by: number))
    return result
  }

  private func multiplied(by other: GatedFunction) -> GatedFunction? {
    guard gate == nil || other.gate == nil, var result = together(other),
      let plain = plain.multiplied(by: other.plain),
      let mine = factor.multiplied(by: other.plain),
      let others = self.plain.multiplied(by: other.factor)
    else { return nil }
    result.plain = plain
    result.factor = mine.adding(others)
    return result
  }

  /// The activation that this is, if it is one.
  var activation: Activation? {
    guard let gate else { return nil }
    let isHalved = plain.isClose([0, 0.5]) && factor.isClose([0, 0.5])
    switch gate.name {
    case "Erf" where isHalved:
      // Exporters multiply by the root of a half or divide by that of two, each rounded in its type.
      let roots = [(0.5).squareRoot(), 1 / Double(Float16((2.0).squareRoot()))]
      return roots.contains { gate.argument.isClose([0, $0]) } ? .gelu : nil
    case "Tanh" where isHalved: return gate.argument.isCubic(slope: 1) ? .geluTanh : nil
    case "Sigmoid" where plain.isClose([]) && factor.isClose([0, 1]):
      if gate.argument.isClose([0, 1]) { return .silu }
      if gate.argument.isClose([0, 1.702]) { return .quickGelu }
      return gate.argument.isCubic(slope: 2) ? .geluTanh : nil
    default: return nil
    }
  }

  var description: String {
    guard let gate else { return "\(plain)" }
    let gated = "(\(factor)) * \(gate.name.lowercased())(\(gate.argument))"
    return plain.isClose([]) ? gated : "\(plain) + \(gated)"
  }
}
