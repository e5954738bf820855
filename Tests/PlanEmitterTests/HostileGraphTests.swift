import ModelGraph
import PlanEmitter
import PlanFormat
import TestSupport
import Tensors
import Testing

/// Graphs as a hostile plan may hold them.
struct HostileGraphTests {
  private func graph(rows count: Int, width: Int) throws -> (graph: Graph, rows: ValueID) {
    var graph = Graph()
    let picture = try graph.add(
      .picture(Picture(channels: 3, height: 1, width: count)))
    var convolution = Convolution()
    convolution.outputs = width
    convolution.weight = graph.add(
      Constant(name: "weight", shape: Shape([width, 3, 1, 1])) { [] })
    let map = try graph.add(.convolution(convolution), picture)
    let rows = try graph.add(.flatten, map)
    return (graph, rows)
  }

  @Test(arguments: [Int.min, -1, 0, 3, Int.max])
  func prefixesOfTokenNodesAreBounded(prefix: Int) throws {
    let (graph, tokens) = try graph(rows: 5, width: 6)
    var reduce = Reduce()
    reduce.prefix = prefix
    let match = Match(prefix: prefix, keep: 3, heads: 1, headWidth: 2)
    for op in [Op.reduce(reduce), .match(match), .select(Select(prefix: prefix, keep: 2))] {
      #expect(throws: GraphError.self) {
        var graph = graph
        let sizes = try graph.add(.unitSizes(TokenCount(5)))
        let (kept, dropped) = (
          try graph.add(.patchIndices(TokenCount(2))), try graph.add(.patchIndices(TokenCount(2)))
        )
        let operands =
          switch op {
          case .reduce: [tokens, kept, dropped, sizes]
          case .match: [tokens, tokens, sizes]
          default: [tokens]
          }
        try graph.append(op, operands)
      }
    }
  }

  @Test(arguments: [Int.min, -1, 0, 1, 4, Int.max])
  func aMatchKeepsAtLeastHalf(keep: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    let sizes = try graph.add(.unitSizes(TokenCount(5)))
    let match = Match(prefix: 1, keep: keep, heads: 1, headWidth: 2)
    #expect(throws: GraphError.self) {
      try graph.append(.match(match), [tokens, tokens, sizes])
    }
    try graph.append(
      .match(Match(prefix: 1, keep: 2, heads: 1, headWidth: 2)), [tokens, tokens, sizes])
  }

  @Test(arguments: [Int.min, -1, 4096, Int.max])
  func blocksAreBounded(block: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    #expect(throws: GraphError.self) { try graph.append(.columnMax, [tokens], block: block) }
    try graph.append(.columnMax, [tokens], block: 4095)
  }

  @Test func workIsBoundedSoThatSumsCannotOverflow() throws {
    var (graph, tokens) = try graph(rows: 1 << 24, width: 96)
    let attention = Attention(heads: 2, headWidth: 16, scale: 1)
    let error = #expect(throws: GraphError.self) {
      try graph.append(.attention(attention), [tokens])
    }
    #expect(error?.reason.contains("multiply-adds") == true)
  }

  @Test func nodesAreBounded() throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    let error = #expect(throws: GraphError.self) {
      while true { tokens = try graph.add(.scale(Scale(1)), tokens) }
    }
    #expect(error?.node == 16384)
  }

  @Test func aBaseGraphHasNoRewriteInIt() throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in try SmallPlan.all(in: folder) where name != "dense" {
      let plan = try PlanFile(path: folder.write(bytes, to: "rewritten.bin"))
      let output = folder.file("raised.bin")
      try PlanEmitter.convert(
        try PlanEmitter.executableGraph(of: plan), facts: plan.facts, labels: plan.labels,
        weights: .float32, to: output, notOver: [])
      let error = #expect(throws: InputError.self) {
        try PlanEmitter.executableGraph(of: try PlanFile(path: output))
      }
      #expect(error?.field.hasPrefix("graph, node ") == true, "\(name)")
    }
  }

  @Test func aPlanThatWouldNotHoldIsNotWritten() throws {
    let folder = try TemporaryFolder()
    let dense = try PlanFile(
      path: folder.write(try SmallPlan.all(in: folder)[0].bytes, to: "sound.bin"))
    var facts = dense.facts
    facts.patchSize = 1
    try PlanEmitter.convert(
      try PlanEmitter.executableGraph(of: dense), facts: facts, labels: dense.labels,
      weights: .float32, to: folder.file("lie.bin"), notOver: [])
    let lie = try PlanFile(path: folder.file("lie.bin"))
    let before = folder.names
    let error = #expect(throws: InputError.self) {
      try PlanEmitter.rewrite(
        lie, recipe: SmallPlan.recipes[0].recipe, to: folder.file("output.bin"))
    }
    #expect(error?.file == lie.path && error?.field == "facts, patch size")
    #expect(folder.names == before)
  }
}
