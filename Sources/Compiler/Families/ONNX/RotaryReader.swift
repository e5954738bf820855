internal import Tensors

/// Reads off traced terms how queries or keys are turned by their positions.
///
/// There are many ways to write it: pairs of neighbours or halves, in slices, stacked or joined. All of them make of each
/// element a sum of two elements of the same head times numbers, so that these sums are compared.
struct RotaryReader {
  let reader: TermReader

  /// The turned rows and by what they are turned.
  struct Found {
    /// What is turned, `[heads, tokens, headWidth]`.
    var source: TermView

    /// Tokens in front that stay as they are.
    var prefix: Int

    /// Elements i and `i + headWidth / 2` are turned together, and not `2 i` and `2 i + 1`.
    var turnsHalves: Bool

    /// How many heads the table tells apart: 1, or all of them.
    var tableHeads: Int

    /// `[tokens behind the prefix, tableHeads, headWidth]`: of each the cosines, then the sines.
    var table: [Float]

    /// Whether others are turned in the same way.
    func isAlike(_ other: Found) -> Bool {
      prefix == other.prefix && turnsHalves == other.turnsHalves
        && tableHeads == other.tableHeads && table == other.table
    }
  }

  /// How `view`, `[heads, tokens, headWidth]`, is turned; nil if it is no sum or joint at all.
  func read(_ view: TermView, _ name: String, depth: Int) throws(Mismatch) -> Found? {
    switch reader.terms[view.term].kind {
    case .concatenate, .add, .subtract: break
    default: return nil
    }
    let shape = view.shape
    let failure = Mismatch(
      term: view.term,
      expected: "\(name) as they are, or turned by positions in pairs of one head",
      depth: depth)
    guard shape.count == 3, shape[2] > 0, shape[2] % 2 == 0,
      let sums = ElementSums(of: view, reader), let found = Rotation(sums, shape).found
    else { throw failure }
    return found
  }
}

/// The search for a rotation in sums.
private struct Rotation {
  let sums: ElementSums
  let heads, tokens, width: Int
  private(set) var found: RotaryReader.Found?

  init(_ sums: ElementSums, _ shape: [Int]) {
    self.sums = sums
    (heads, tokens, width) = (shape[0], shape[1], shape[2])
    found = search()
  }

  private func place(_ head: Int, _ token: Int, _ element: Int) -> Int {
    (head * tokens + token) * width + element
  }

  private func search() -> RotaryReader.Found? {
    guard let prefix = (0..<tokens).first(where: { sums.hasTwo(place(0, $0, 0)) }) else {
      return nil
    }
    let half = width / 2
    // The first element of a head is turned with the next one, or with the first of the second half.
    let first = sums.places(place(0, prefix, 0))
    let distance = abs(first.0 - first.1)
    guard distance == 1 || distance == half else { return nil }
    let turnsHalves = distance == half
    func start(_ head: Int, _ token: Int) -> Int {
      let own = sums.places(place(head, token, 0))
      return token < prefix ? own.0 : min(own.0, own.1)
    }
    let origin = start(0, 0)
    let strides = (
      heads > 1 ? start(1, 0) - origin : 0, tokens > 1 ? start(0, 1) - origin : 0
    )
    guard origin >= 0, strides.0 >= 0, strides.1 >= 0 else { return nil }
    var table = [Float](repeating: 0, count: (tokens - prefix) * heads * width)
    for head in 0..<heads {
      for token in 0..<tokens {
        let base = origin + head * strides.0 + token * strides.1
        let row = ((token - prefix) * heads + head) * width
        for pair in 0..<half {
          let low = turnsHalves ? pair : 2 * pair
          let high = turnsHalves ? pair + half : 2 * pair + 1
          let places = (place(head, token, low), place(head, token, high))
          guard token >= prefix else {
            guard sums.isOnly(places.0, base + low), sums.isOnly(places.1, base + high) else {
              return nil
            }
            continue
          }
          guard let a = sums.pair(places.0, base + low, base + high),
            let b = sums.pair(places.1, base + high, base + low),
            abs(a.own - b.own) <= Self.rounding, abs(a.other + b.other) <= Self.rounding
          else { return nil }
          table[row + pair] = Float(a.own)
          table[row + half + pair] = Float(b.other)
        }
      }
    }
    let layout = Layout(
      offset: origin,
      dimensions: [
        [Layout.Axis(extent: heads, stride: strides.0)],
        [Layout.Axis(extent: tokens, stride: strides.1)], [Layout.Axis(extent: width, stride: 1)],
      ])
    let source = TermView(term: sums.source, layout: layout)
    let isShared = (0..<tokens - prefix).allSatisfy { token in
      (1..<heads).allSatisfy { head in
        let (own, other) = (token * heads * width, (token * heads + head) * width)
        return table[own..<own + width].elementsEqual(table[other..<other + width])
      }
    }
    if isShared, heads > 1 {
      table = (0..<tokens - prefix).flatMap {
        table[$0 * heads * width..<$0 * heads * width + width]
      }
    }
    return RotaryReader.Found(
      source: source, prefix: prefix, turnsHalves: turnsHalves, tableHeads: isShared ? 1 : heads,
      table: table)
  }

  /// What cosines and sines of one angle may be apart that an exporter wrote twice.
  private static var rounding: Double { 1e-6 }
}
