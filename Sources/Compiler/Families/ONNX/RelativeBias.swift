internal import ModelFacts
internal import ModelGraph
internal import Tensors

/// A table of relative positions, recovered from what a graph adds to the scores of attention for every query and key.
struct RelativeBias: Equatable {
  let heads: Int

  /// `[entries, heads]`, as checkpoints have it. Every entry is that of some query and key.
  let values: [Float]

  /// More numbers are not looked at: sixteen heads of 1025 tokens have 17 million.
  private static let mostElements = 20 << 20

  /// More of all blocks are not: twenty-four of these have 400 million.
  static let mostElementsOfAll = 1 << 30

  /// The table of the sum of constants; zeros where there are none.
  /// - Throws: `InputError` unless the sum is one finite number for all queries and keys of a head that lie alike.
  init(
    _ biases: [AttentionReader.Bias], heads: Int, _ grid: RelativeGrid, block: Int, file: String
  ) throws {
    self.heads = heads
    let count = grid.prefix + grid.patches
    func refused(_ expected: String, _ found: String) -> InputError {
      InputError(
        .unsupported, file: file, field: "blocks.\(block).attn, what scores have added",
        expected: expected, found: found)
    }
    for literal in biases.map(\.literal) {
      guard literal.shape == [heads, count, count] else {
        throw refused(
          "\([heads, count, count]), of each head, query and key of \(grid.prefix) + "
            + "\(grid.rows) x \(grid.columns) tokens", "\(literal.shape)")
      }
      guard max(literal.layout.elementCount, literal.storage.count) <= Self.mostElements,
        !literal.isInteger
      else {
        throw refused(
          "at most \(Self.mostElements) numbers with a fraction",
          "\(literal.storage.count) of \(literal.storage.dtype.rawValue)")
      }
    }
    let places = (0..<grid.patches).map { grid.place(ofPatch: $0) }
    func entry(_ query: Int, _ key: Int) -> Int {
      guard query >= grid.prefix, key >= grid.prefix else {
        return grid.entry(query: query, key: key)
      }
      return places[query - grid.prefix] - places[key - grid.prefix] + grid.centre
    }
    var table = [Float](repeating: 0, count: grid.entries * heads)
    let storages = biases.map { $0.literal.storage.floats() }
    for head in biases.isEmpty ? 0..<0 : 0..<heads {
      let sums = Self.sums(biases, storages, head: head)
      // The first query and key of each entry.
      var first = [Int](repeating: -1, count: grid.entries)
      for query in 0..<count {
        for key in 0..<count {
          let (place, entry) = (query * count + key, entry(query, key))
          let value = sums[place]
          guard value.isFinite else {
            throw refused("finite numbers", "\(value) for head \(head), tokens \(query), \(key)")
          }
          if first[entry] < 0 {
            first[entry] = place
            table[entry * heads + head] = value
          }
          guard table[entry * heads + head] == value else {
            let (other, its) = first[entry].quotientAndRemainder(dividingBy: count)
            throw refused(
              "relative positions: one number for all tokens that lie alike in a grid of "
                + "\(grid.rows) x \(grid.columns)",
              "\(sums[first[entry]]) for tokens \(other), \(its) of head \(head), "
                + "\(value) for \(query), \(key)")
          }
        }
      }
    }
    values = table
  }

  /// What the scores of a head have added, `[tokens, tokens]`.
  private static func sums(
    _ biases: [AttentionReader.Bias], _ storages: [[Float]], head: Int
  ) -> [Float] {
    let parts = zip(biases, storages).map { bias, storage -> [Float] in
      let own = bias.literal.layout.sliced(0, head..<head + 1)?.elements(of: storage) ?? []
      return bias.factor == 1 ? own : own.map { Float(Double($0) * bias.factor) }
    }
    return parts.dropFirst().reduce(parts[0]) { zip($0, $1).map(+) }
  }
}
