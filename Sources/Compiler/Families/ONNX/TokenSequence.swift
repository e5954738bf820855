/// Tokens in front of the first block as what they are made of: constant rows, and the patches' with their positions.
///
/// Class and register tokens come in front before or behind the sum with positions, one by one or joined, and some
/// models put registers between a class token that has its position and the patches.
struct TokenSequence {
  /// What the rows in front of the patches' are the sums of, in order.
  private(set) var prefix: [[Literal]] = []

  /// The patches' rows, before positions.
  private(set) var patches: TermView

  /// What is added to the patches' rows.
  private(set) var positions: Literal?

  /// The table that was added to all rows last, whole; nil where rows came in front behind that.
  private(set) var table: Literal?

  /// There are patches, and not only constant rows of a sequence.
  private var hasPatches = true

  private var reader: TermReader

  private var steps: Steps

  private static let expected = "tokens: constant rows, patches and positions"

  /// How many sums and joints are still taken apart: no model has more.
  private final class Steps {
    var left = 256
  }

  /// More rows are no prefix of a model's.
  private static let mostPrefixRows = 64

  /// Takes apart the tokens that a view is.
  init(_ tokens: TermView, _ reader: TermReader) throws(Mismatch) {
    try self.init(tokens, reader, Steps())
  }

  private init(_ tokens: TermView, _ reader: TermReader, _ steps: Steps) throws(Mismatch) {
    (self.reader, self.steps) = (reader, steps)
    patches = tokens
    steps.left -= 1
    guard steps.left > 0 else { throw Self.mismatch(tokens) }
    guard let rows = reader.rows(tokens), !reader.isWhole(tokens) else {
      try read(tokens)
      return
    }
    // Some rows of tokens; of patches alone they are no rows one behind the other.
    switch reader.terms[rows.term].kind {
    case .addConstant, .concatenate: break
    default: return
    }
    self = try TokenSequence(reader.whole(rows.term), reader, steps)
    guard rows.range.lowerBound <= prefix.count else { throw Self.mismatch(tokens) }
    if rows.range.upperBound <= prefix.count {
      prefix = Array(prefix[rows.range])
      hasPatches = false
    } else {
      guard rows.range.upperBound == reader.rowCount(rows.term) else {
        throw Self.mismatch(tokens)
      }
      prefix.removeFirst(rows.range.lowerBound)
    }
    table = nil
  }

  private static func mismatch(_ view: TermView, _ expected: String = expected) -> Mismatch {
    Mismatch(term: view.term, expected: expected, depth: 0)
  }

  /// Reads a sum with a table or a joint; everything else is patches.
  private mutating func read(_ tokens: TermView) throws(Mismatch) {
    guard reader.isWhole(tokens), let width = tokens.shape.last else { return }
    switch reader.terms[tokens.term].kind {
    case .addConstant(let inner, let table) where reader.normIfThere(tokens) == nil:
      self = try TokenSequence(inner, reader, steps)
      try add(table, to: tokens, width)
    case .concatenate(let pieces, let dimension):
      guard dimension == tokens.shape.count - 2, let last = pieces.last,
        case .data(let view) = last
      else { throw Self.mismatch(tokens, "patches behind the class token") }
      var front: [[Literal]] = []
      for piece in pieces.dropLast() {
        switch piece {
        case .constant(let literal):
          let rows = rows(of: literal, width, atMost: Self.mostPrefixRows)
          guard rows.count * width == literal.layout.elementCount else {
            throw Self.mismatch(tokens, Self.few)
          }
          front += rows.map { [$0] }
        case .data(let view):
          let part = try TokenSequence(view, reader, steps)
          guard !part.hasPatches else {
            throw Self.mismatch(tokens, "constant rows before the patches")
          }
          front += part.prefix
        }
        guard front.count <= Self.mostPrefixRows else {
          throw Self.mismatch(tokens, Self.few)
        }
      }
      self = try TokenSequence(view, reader, steps)
      guard hasPatches else { throw Self.mismatch(tokens, "patches behind the class token") }
      prefix = front + prefix
      table = nil
    default: break
    }
  }

  private mutating func add(
    _ literal: Literal, to tokens: TermView, _ width: Int
  ) throws(Mismatch) {
    let count = tokens.layout.elementCount / max(width, 1)
    guard positions == nil, hasPatches, let whole = literal.layout.reshaped([count, width]),
      let own = whole.sliced(0, min(prefix.count, count)..<count)
    else { throw Self.mismatch(tokens, "one table of positions, of each token's width") }
    for (index, row) in rows(of: literal, width, atMost: prefix.count).enumerated() {
      prefix[index].append(row)
    }
    (table, positions) = (literal, literal)
    positions?.layout = own
  }

  private static let few = "at most \(mostPrefixRows) constant rows before the patches"

  /// The first rows of `[1, count, width]`, each on its own.
  private func rows(of literal: Literal, _ width: Int, atMost limit: Int) -> [Literal] {
    let count = literal.layout.elementCount / max(width, 1)
    guard let table = literal.layout.reshaped([count, width]) else { return [] }
    return (0..<min(count, limit)).compactMap { index in
      guard let row = table.sliced(0, index..<(index + 1))?.squeezed(0) else { return nil }
      var literal = literal
      literal.layout = row
      return literal
    }
  }
}
