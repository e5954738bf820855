import ModelFacts
import ModelGraph
import Testing

/// Values of which some tokens may not be in use: where the graph says so, and what refuses them.
struct UnusedTokenTests {
  /// Tokens `[1 + 6, 6]` of which 1 + 4 are left, with what led there.
  private struct Tokens {
    var graph = Graph()
    let importance, kept, dropped, destination, unused, left: ValueID

    init(threshold: Float? = 0.1, mode: GatherMode = .drop) throws {
      let image = try graph.add(.image(InputImage(channels: 1, height: 7, width: 1)))
      var convolution = Convolution()
      convolution.outputs = 6
      convolution.weight = graph.add(
        Constant(name: "weight", shape: [6, 1, 1, 1]) { [Float](repeating: 1, count: 6) })
      let tokens = try graph.add(.flatten, try graph.add(.convolution(convolution), image))
      var attention = Attention(heads: 1, headWidth: 2, scale: 1)
      attention.keepsClassAttention = true
      let rows = try graph.append(.attention(attention), [tokens])[1]
      importance = try graph.add(.score(Score(prefix: 1)), rows)
      let partition = Partition(
        by: .importance, patches: 6, keep: 4, appendsRow: mode == .sum,
        threshold: threshold.map(Threshold.init))
      let parts = try graph.append(.partition(partition), [importance])
      (kept, dropped, destination) = (parts[0], parts[1], parts[2])
      unused = parts[parts.count - 1]
      left = try graph.add(.gather(Gather(mode, prefix: 1)), tokens, kept, destination)
    }

    mutating func refuses(
      _ op: Op, _ inputs: ValueID..., expecting text: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let error = #expect(throws: GraphError.self, sourceLocation: sourceLocation) {
        try graph.append(op, inputs)
      }
      #expect(
        error?.reason.contains(text) == true, "\(error?.reason ?? "")",
        sourceLocation: sourceLocation)
    }
  }

  @Test func typesSayWhatCountsThem() throws {
    var tokens = try Tokens()
    let count = tokens.unused
    #expect(tokens.graph.type(count) == .indices(count: 1))
    #expect(tokens.graph.type(tokens.dropped) == .indices(count: 5))
    #expect(tokens.graph.type(tokens.destination) == .indices(count: 6))
    for value in [tokens.kept, tokens.left] {
      let unused = tokens.graph.type(value).unused
      #expect(unused?.value == count && unused?.most == 3)
      #expect(unused?.axis == (value == tokens.kept ? .columns : .rows))
    }
    #expect("\(tokens.graph.type(tokens.left))" == "rows[5, 6] less %\(count.index) rows")
    var attention = Attention(heads: 1, headWidth: 2, scale: 1)
    (attention.keepsClassAttention, attention.keepsProbabilities) = (true, true)
    let results = try tokens.graph.append(.attention(attention), [tokens.left])
    let rows = tokens.graph.type(tokens.left).unused
    let columns = tokens.graph.type(tokens.kept).unused
    #expect(tokens.graph.type(results[0]) == .rows(count: 5, width: 2, unused: rows))
    #expect(tokens.graph.type(results[1]) == .rows(count: 1, width: 5, unused: columns))
    #expect(tokens.graph.type(results[2]) == .rows(count: 5, width: 5, unused: columns))
    // A second partition counts anew, with a threshold or without.
    let score = try tokens.graph.add(.score(Score(prefix: 1)), results[1])
    #expect(tokens.graph.type(score) == .rows(count: 1, width: 4, unused: columns))
    let parts = try tokens.graph.append(
      .partition(Partition(by: .importance, patches: 4, keep: 2)), [score])
    #expect(parts.count == 4 && tokens.graph.type(parts[0]).unused?.value == parts[3])
    #expect(tokens.graph.type(parts[2]) == .indices(count: 4, unused: columns))
    tokens.graph.outputs = [Graph.Output(.tokens, tokens.left)]
    try tokens.graph.verify()
  }

  @Test func withoutAThresholdNothingIsCounted() throws {
    let tokens = try Tokens(threshold: nil)
    #expect(tokens.unused == tokens.destination)
    #expect(tokens.graph.types.allSatisfy { $0.unused == nil })
    #expect(tokens.graph.type(tokens.dropped) == .indices(count: 2))
  }

  @Test func slicesAreInUseOrReachToTheEnd() throws {
    var tokens = try Tokens()
    func slice(_ first: Int, _ count: Int) -> Op { .slice(Slice(first: first, count: count)) }
    for (first, count) in [(0, 1), (0, 2), (1, 1)] {
      let value = try tokens.graph.add(slice(first, count), tokens.left)
      #expect(tokens.graph.type(value) == .rows(count: count, width: 6))
    }
    // Of the last three rows all may not be in use.
    for (first, count) in [(0, 5), (1, 4), (2, 3)] {
      let value = try tokens.graph.add(slice(first, count), tokens.left)
      #expect(tokens.graph.type(value).unused == tokens.graph.type(tokens.left).unused)
    }
    for (first, count) in [(0, 3), (1, 2), (3, 2), (4, 1)] {
      tokens.refuses(slice(first, count), tokens.left, expecting: "rows that are in use")
    }
    var attention = Attention(heads: 1, headWidth: 2, scale: 1)
    attention.queries = 3
    tokens.refuses(.attention(attention), tokens.left, expecting: "those that are in use")
    attention.queries = 2
    let first = try tokens.graph.add(.attention(attention), tokens.left)
    #expect(tokens.graph.type(first) == .rows(count: 2, width: 2))
  }

  @Test func otherOpsRefuseThem() throws {
    var tokens = try Tokens()
    let table = tokens.graph.add(
      Constant(name: "table", shape: [5, 6]) { [Float](repeating: 1, count: 30) })
    let all = "all in use"
    let left = tokens.left
    tokens.refuses(.concatenate, left, left, expecting: all)
    tokens.refuses(.prepend(Prepend(table)), left, expecting: all)
    tokens.refuses(.addPositions(AddPositions(table)), left, expecting: all)
    tokens.refuses(.gridAvgPool(GridAvgPool(prefix: 1, height: 2, width: 2)), left, expecting: all)
    tokens.refuses(
      .gridUpsample(GridUpsample(prefix: 1, height: 2, width: 2)), left, expecting: all)
    tokens.refuses(.depthwise(Depthwise()), left, expecting: all)
    let match = BipartiteAssign(prefix: 1, heads: 1, headWidth: 2)
    tokens.refuses(.bipartiteAssign(match), left, expecting: all)
    tokens.refuses(.nearestAssign(NearestAssign(prefix: 1)), left, expecting: all)
    tokens.refuses(
      .greedyPartition(GreedyPartition(prefix: 1, keep: 3)), left, tokens.importance,
      tokens.destination, tokens.importance, tokens.importance, expecting: all)
    tokens.refuses(.score(Score(prefix: 1)), left, expecting: "tokens along columns")
    let whole = try tokens.graph.add(.slice(Slice(first: 0, count: 2)), left)
    tokens.refuses(.add, left, whole, expecting: "one shape")
    // Another partition's tokens are others, even if they are as many at most.
    let parts = try tokens.graph.append(
      .partition(Partition(by: .importance, patches: 6, keep: 4, threshold: Threshold(0))),
      [tokens.importance])
    let others = try tokens.graph.add(
      .gather(Gather(.drop, prefix: 1)), ValueID(2), parts[0], parts[2])
    tokens.refuses(.add, left, others, expecting: "one shape")
  }

  @Test func partitionsRefuseWhatMeansNothing() throws {
    var tokens = try Tokens()
    for value in [Float.nan, .infinity] {
      let partition = Partition(
        by: .importance, patches: 6, keep: 4, threshold: Threshold(value))
      tokens.refuses(.partition(partition), tokens.importance, expecting: "finite threshold")
    }
    let edges = Partition(by: .edges, patches: 7, keep: 5, threshold: Threshold(1))
    let match = try tokens.graph.append(
      .bipartiteAssign(BipartiteAssign(prefix: 1, heads: 1, headWidth: 2)), [ValueID(2)])
    tokens.refuses(
      .partition(Partition(by: .edges, patches: 6, keep: 4, threshold: edges.threshold)),
      match[1], match[0], expecting: "or a threshold")
    // Dropped tokens of a fixed number are fewer than of one that differs.
    let fixed = try tokens.graph.append(
      .partition(Partition(by: .importance, patches: 6, keep: 4)), [tokens.importance])
    tokens.refuses(
      .assign(Assign(.cosine, prefix: 1, seed: 0, block: 0)), ValueID(2), tokens.kept, fixed[1],
      tokens.destination, expecting: "5 indices of dropped tokens")
  }
}
