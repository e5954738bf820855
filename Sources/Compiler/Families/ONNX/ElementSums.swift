internal import Tensors

/// Every element of a view as a sum of at most two elements of one term, each times a number.
struct ElementSums {
  /// The term whose elements are added.
  private(set) var source: Int

  /// One summand, or two, of each element.
  private var summands: [Summand]

  /// Of every element one.
  private struct Summand {
    var places: [Int32]
    var factors: [Double]
  }

  /// More elements are not compared one by one: all heads of 1000 tokens have a million or two.
  private static var largestCount: Int { 1 << 22 }

  /// Deeper expressions are no rotations.
  private static var largestDepth: Int { 8 }

  private static var none: Int32 { -1 }

  /// What a view is made of; nil if it is more than sums, joints and products with constants of one term.
  init?(of view: TermView, _ reader: TermReader) { self.init(of: view, reader, depth: 0) }

  private init?(of view: TermView, _ reader: TermReader, depth: Int) {
    guard depth <= Self.largestDepth else { return nil }
    let view = reader.behindJoints(view)
    func part(_ view: TermView) -> ElementSums? { ElementSums(of: view, reader, depth: depth + 1) }
    var whole: ElementSums?
    let term = reader.terms[view.term]
    guard view.layout.elementCount <= Self.largestCount else { return nil }
    switch term.kind {
    case .add, .subtract, .multiplyConstant, .concatenate:
      // All of the term is made, of which the view may be a part.
      guard term.shape.reduce(1, *) <= Self.largestCount else { return nil }
    default: break
    }
    switch term.kind {
    case .add(let a, let b) where a.shape == b.shape:
      whole = part(a).flatMap { a in part(b).flatMap { a.adding($0, times: 1) } }
    case .subtract(let a, let b) where a.shape == b.shape:
      whole = part(a).flatMap { a in part(b).flatMap { a.adding($0, times: -1) } }
    case .multiplyConstant(let inner, let literal):
      whole = part(inner).flatMap { $0.multiplied(by: literal, inner.shape) }
    case .concatenate(let pieces, let dimension):
      var parts: [(sums: ElementSums, shape: [Int])] = []
      for piece in pieces {
        guard case .data(let view) = piece, let sums = part(view) else { return nil }
        parts.append((sums, view.shape))
      }
      whole = Self.joined(parts, along: dimension)
    default:
      let places = view.layout.places
      guard term.shape.reduce(1, *) <= Int(Int32.max) else { return nil }
      source = view.term
      summands = [
        Summand(
          places: places.map { Int32($0) },
          factors: [Double](repeating: view.factor, count: places.count))
      ]
      return
    }
    guard let whole else { return nil }
    let places = view.layout.places
    source = whole.source
    summands = whole.summands.map { summand in
      Summand(
        places: places.map { summand.places[$0] },
        factors: places.map { summand.factors[$0] * view.factor })
    }
  }

  private init(_ source: Int, _ summands: [Summand]) {
    (self.source, self.summands) = (source, summands)
  }

  private func adding(_ other: ElementSums, times number: Double) -> ElementSums? {
    guard source == other.source, summands.count + other.summands.count <= 2 else { return nil }
    let added = other.summands.map {
      Summand(places: $0.places, factors: $0.factors.map { $0 * number })
    }
    return ElementSums(source, summands + added)
  }

  private func multiplied(by literal: Literal, _ shape: [Int]) -> ElementSums? {
    guard let layout = literal.layout.broadcast(to: shape),
      let numbers = literal.floats(in: layout)
    else { return nil }
    return ElementSums(
      source,
      summands.map { summand in
        Summand(
          places: summand.places,
          factors: zip(summand.factors, numbers).map { $0 * Double($1) })
      })
  }

  private static func joined(
    _ parts: [(sums: ElementSums, shape: [Int])], along dimension: Int
  ) -> ElementSums? {
    guard let first = parts.first, parts.allSatisfy({ $0.sums.source == first.sums.source }) else {
      return nil
    }
    let outer = first.shape[..<dimension].reduce(1, *)
    let count = parts.map(\.sums.summands.count).max() ?? 1
    var result = [Summand](repeating: Summand(places: [], factors: []), count: count)
    for row in 0..<outer {
      for part in parts {
        let length = part.shape.reduce(1, *) / outer
        let range = row * length..<(row + 1) * length
        for index in 0..<count {
          guard part.sums.summands.indices.contains(index) else {
            result[index].places += [Int32](repeating: none, count: length)
            result[index].factors += [Double](repeating: 0, count: length)
            continue
          }
          result[index].places += part.sums.summands[index].places[range]
          result[index].factors += part.sums.summands[index].factors[range]
        }
      }
    }
    return ElementSums(first.sums.source, result)
  }

  // MARK: - Elements

  /// Whether an element is a sum of two.
  func hasTwo(_ element: Int) -> Bool {
    summands.count == 2 && summands[1].places[element] != Self.none
  }

  /// Where the elements are that one is made of; the second is -1 where there is none.
  func places(_ element: Int) -> (Int, Int) {
    (
      Int(summands[0].places[element]),
      summands.count == 2 ? Int(summands[1].places[element]) : Int(Self.none)
    )
  }

  /// Whether an element is that at `place` as it is.
  func isOnly(_ element: Int, _ place: Int) -> Bool {
    !hasTwo(element) && summands[0].places[element] == place && summands[0].factors[element] == 1
  }

  /// The factors of an element that is the sum of those at two places.
  func pair(_ element: Int, _ own: Int, _ other: Int) -> (own: Double, other: Double)? {
    guard hasTwo(element) else { return nil }
    let (a, b) = (summands[0], summands[1])
    switch places(element) {
    case (own, other): return (a.factors[element], b.factors[element])
    case (other, own): return (b.factors[element], a.factors[element])
    default: return nil
    }
  }
}
