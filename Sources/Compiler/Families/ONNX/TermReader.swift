internal import Tensors

/// A place where a traced graph is not what a ViT has.
struct Mismatch: Error {
  let term: Int
  let expected: Message

  /// How many parts of the model had fitted before it; of several ways to read a graph the one that
  /// got furthest tells most.
  let depth: Int

  /// What is there instead; without it an error names the node's inputs alone.
  var found: String?

  init(term: Int, expected: Message, depth: Int, found: String? = nil) {
    self.term = term
    self.expected = expected
    self.depth = depth
    self.found = found
  }

  /// As the other, with text that speaks of no option.
  init(term: Int, expected: String, depth: Int, found: String? = nil) {
    self.init(term: term, expected: Message(expected), depth: depth, found: found)
  }
}

/// Reads parts of a ViT off traced terms, from results to operands.
struct TermReader {
  let terms: [Term]

  /// A linear layer.
  struct Layer {
    var input: TermView
    var weight: Literal
    var bias: Literal?
  }

  /// A LayerNorm, or an RMSNorm, which has no bias.
  struct NormLayer {
    var input: TermView
    var weight: Literal
    var bias: Literal?
    var epsilon: Float
    var isRMS = false
  }

  /// Whether a view is all of its term in order, times one.
  func isWhole(_ view: TermView) -> Bool {
    view.factor == 1 && isOrdered(view)
  }

  /// Whether a view is all of its term in order, times anything.
  func isOrdered(_ view: TermView) -> Bool {
    view.layout.isContiguous
      && view.layout.elementCount == terms[view.term].shape.reduce(1, *)
  }

  /// All of a term.
  func whole(_ term: Int) -> TermView {
    TermView(term: term, layout: Layout(contiguous: terms[term].shape))
  }

  /// Whether two views are the same elements of one term, or all of it.
  func isSame(_ a: TermView, _ b: TermView) -> Bool {
    a == b || a.term == b.term && isWhole(a) && isWhole(b)
  }

  /// What lies behind a view of a view.
  func look(through view: TermView, at inner: TermView) -> TermView? {
    view.layout.over(inner.layout).map {
      TermView(term: inner.term, layout: $0, factor: view.factor * inner.factor)
    }
  }

  /// A view of the one part of a joint that it lies in, or of the part of that; itself where it is of several.
  func behindJoints(_ view: TermView) -> TermView {
    var view = view
    for _ in 0..<Self.mostJoints {
      guard case .concatenate(let pieces, let dimension) = terms[view.term].kind else { break }
      var start = 0
      var found: TermView?
      for piece in pieces {
        let extent: Int
        switch piece {
        case .data(let part):
          extent = part.shape[dimension]
          let own = view.layout.inside(
            start..<start + extent, of: dimension, terms[view.term].shape)
          if let own, let layout = own.over(part.layout) {
            found = TermView(term: part.term, layout: layout, factor: view.factor * part.factor)
          }
        case .constant(let literal): extent = literal.shape[dimension]
        }
        start += extent
      }
      guard let found else { break }
      view = found
    }
    return view
  }

  private static let mostJoints = 8

  /// Some of a term's rows, all of their elements in order.
  struct Rows: Equatable {
    var term: Int
    var range: Range<Int>

    /// Elements of a row.
    var width: Int
  }

  /// The rows that a view is, if it is rows one behind the other, times one.
  func rows(_ view: TermView) -> Rows? {
    guard let width = terms[view.term].shape.last, width > 0, view.factor == 1,
      view.layout.offset % width == 0, view.layout.elementCount % width == 0
    else { return nil }
    let (first, count) = (view.layout.offset / width, view.layout.elementCount / width)
    let expected = Layout(
      offset: view.layout.offset,
      dimensions: [
        [Layout.Axis(extent: count, stride: width)], [Layout.Axis(extent: width, stride: 1)],
      ])
    guard count > 0, view.layout.withoutUnits == expected.withoutUnits,
      first + count <= rowCount(view.term)
    else { return nil }
    return Rows(term: view.term, range: first..<first + count, width: width)
  }

  /// How many rows a term has.
  func rowCount(_ term: Int) -> Int { terms[term].shape.dropLast().reduce(1, *) }

  /// The kind of a term that is read as a whole.
  func kind(_ view: TermView, _ expected: String, depth: Int = 0) throws(Mismatch) -> Term.Kind {
    guard isWhole(view) else {
      throw Mismatch(term: view.term, expected: "\(expected), read in order", depth: depth)
    }
    return terms[view.term].kind
  }

  /// `x W + b`, or without `b`.
  func linear(_ view: TermView, _ name: String, depth: Int = 0) throws(Mismatch) -> Layer {
    let expected = "the linear layer \(name)"
    switch try kind(view, expected, depth: depth) {
    case .linear(let input, let weight): return Layer(input: input, weight: weight)
    case .addConstant(let product, let bias):
      guard case .linear(let input, let weight) = try kind(product, expected, depth: depth),
        bias.isOneRow(of: weight.shape[1])
      else { break }
      return Layer(input: input, weight: weight, bias: bias)
    default: break
    }
    throw Mismatch(term: view.term, expected: expected, depth: depth)
  }

  /// LayerNorm or RMSNorm, as one operator or taken apart. What it normalises may be a part of a term, or times a number.
  func norm(_ view: TermView, _ name: String, depth: Int = 0) throws(Mismatch) -> NormLayer {
    let expected = "the LayerNorm or RMSNorm \(name)"
    let failure = Mismatch(term: view.term, expected: expected, depth: depth)
    var rest = view
    var bias: Literal?
    switch try kind(view, expected, depth: depth) {
    case .layerNorm(let input, let weight, let bias, let epsilon):
      return NormLayer(input: input, weight: weight, bias: bias, epsilon: epsilon)
    case .rmsNorm(let input, let weight, let epsilon):
      return NormLayer(input: input, weight: weight, epsilon: epsilon, isRMS: true)
    case .addConstant(let inner, let literal): (rest, bias) = (inner, literal)
    default: break
    }
    guard case .multiplyConstant(let quotient, let weight) = try kind(rest, expected, depth: depth),
      case .divide(let numerator, let spread) = try kind(quotient, expected, depth: depth),
      case .function("Sqrt", let sum) = try kind(spread, expected, depth: depth),
      case .addConstant(let average, let epsilon) = try kind(sum, expected, depth: depth),
      case .mean(let squares) = try kind(average, expected, depth: depth),
      case .multiply(let left, let right) = try kind(squares, expected, depth: depth),
      let number = epsilon.scalar, left == right,
      spread.shape == Array(numerator.shape.dropLast()) + [1],
      weight.isOneRow(of: numerator.shape.last)
    else { throw failure }
    guard isWhole(numerator), case .subtract(let input, let mean) = terms[numerator.term].kind
    else {
      guard isSame(left, numerator), bias == nil else { throw failure }
      return NormLayer(input: numerator, weight: weight, epsilon: Float(number), isRMS: true)
    }
    guard case .mean(let averaged) = try kind(mean, expected, depth: depth),
      mean.shape == spread.shape, isSame(left, numerator),
      isSame(input, averaged),
      bias?.isOneRow(of: input.shape.last) ?? true
    else { throw failure }
    return NormLayer(input: input, weight: weight, bias: bias, epsilon: Float(number))
  }

  /// A norm where there is one.
  func normIfThere(_ view: TermView) -> NormLayer? {
    do throws(Mismatch) { return try norm(view, "") } catch { return nil }
  }

  /// Equal but for half precision.
  func isClose(_ a: Double, _ b: Double) -> Bool { Self.isClose(a, b) }

  /// Whether a number is another but for the rounding of float32, or its rounding to float16.
  static func isClose(_ a: Double, _ b: Double) -> Bool {
    [b, Double(Float16(b))].contains { abs(a - $0) <= 1e-5 * abs($0) }
  }
}
