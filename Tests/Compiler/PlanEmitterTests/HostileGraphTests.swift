import ModelFacts
import ModelGraph
import PlanFormat
import Records
import TestSupport
import Tensors
import Testing
import ViTCompiler

/// Graphs as a hostile plan may hold them.
struct HostileGraphTests {
  private func graph(rows count: Int, width: Int) throws -> (graph: Graph, rows: ValueID) {
    var graph = Graph()
    let image = try graph.add(
      .image(InputImage(channels: 3, height: 1, width: count)))
    var convolution = Convolution()
    convolution.outputs = width
    convolution.weight = graph.add(
      Constant(name: "weight", shape: Shape([width, 3, 1, 1])) { [] })
    let map = try graph.add(.convolution(convolution), image)
    let rows = try graph.add(.flatten, map)
    return (graph, rows)
  }

  @Test(arguments: [Int.min, -1, 6, 17, Int.max])
  func prefixesOfTokenNodesAreBounded(prefix: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    let half = try graph.add(.patchIndices(PatchIndices(2)))
    let all = try graph.add(.patchIndices(PatchIndices(4)))
    func check(_ prefix: Int) throws {
      var other = graph
      try other.append(.score(Score(prefix: prefix)), [tokens])
      try other.append(
        .assign(Assign(.cosine, prefix: prefix, seed: 0, block: 0)), [tokens, half, half, all])
      try other.append(
        .bipartiteAssign(BipartiteAssign(prefix: prefix, heads: 1, headWidth: 2)), [tokens])
      try other.append(.nearestAssign(NearestAssign(prefix: prefix)), [tokens])
      try other.append(.gather(Gather(.mean, prefix: prefix)), [tokens, half, all])
    }
    try check(1)
    for op in [
      Op.score(Score(prefix: prefix)),
      .assign(Assign(.cosine, prefix: prefix, seed: 0, block: 0)),
      .bipartiteAssign(BipartiteAssign(prefix: prefix, heads: 1, headWidth: 2)),
      .nearestAssign(NearestAssign(prefix: prefix)),
      .gather(Gather(.mean, prefix: prefix)),
    ] {
      let operands =
        switch op.kind {
        case .assign: [tokens, half, half, all]
        case .gather: [tokens, half, all]
        default: [tokens]
        }
      #expect(throws: GraphError.self) { try graph.append(op, operands) }
    }
  }

  @Test(arguments: [Int.min, -1, 0, 1, 4, Int.max])
  func aPartitionByEdgesKeepsAtLeastHalf(keep: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    let edges = try graph.append(
      .bipartiteAssign(BipartiteAssign(prefix: 1, heads: 1, headWidth: 2)), [tokens])
    #expect(throws: GraphError.self) {
      try graph.append(
        .partition(Partition(by: .edges, patches: 4, keep: keep)), [edges[1], edges[0]])
    }
    try graph.append(.partition(Partition(by: .edges, patches: 4, keep: 2)), [edges[1], edges[0]])
  }

  @Test(arguments: [Int.min, -1, 0, 1, 4, Int.max])
  func aGreedyPartitionKeepsAtLeastHalf(keep: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 5)
    let nearest = try graph.append(.nearestAssign(NearestAssign(prefix: 1)), [tokens])
    let importance = try graph.add(.score(Score(prefix: 1)), tokens)
    let sizes = try graph.add(.unitSizes(UnitSizes(5)))
    func append(keep: Int, _ operands: [ValueID]) throws {
      try graph.append(.greedyPartition(GreedyPartition(prefix: 1, keep: keep)), operands)
    }
    let operands = [tokens, importance, nearest[0], nearest[1], sizes]
    #expect(throws: GraphError.self) { try append(keep: keep, operands) }
    for position in operands.indices {
      var others = operands
      others[position] = position == 2 ? sizes : nearest[0]
      #expect(throws: GraphError.self) { try append(keep: 2, others) }
    }
    try append(keep: 2, operands)
  }

  @Test(arguments: [Int.min, -1, 0, 1, 3, 5, Int.max])
  func aPartitionIsOfAsManyTokensAsAreScored(patches: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 5)
    let importance = try graph.add(.score(Score(prefix: 1)), tokens)
    #expect(throws: GraphError.self) {
      try graph.append(
        .partition(Partition(by: .importance, patches: patches, keep: 1)), [importance])
    }
    for first in [Int.min, -1, 2, Int.max] {
      #expect(throws: GraphError.self) {
        try graph.append(
          .bipartiteAssign(BipartiteAssign(prefix: 1, heads: 1, headWidth: 1, first: first)),
          [tokens])
      }
    }
  }

  @Test(arguments: [Int.min, -1, 4096, Int.max])
  func blocksAreBounded(block: Int) throws {
    var (graph, tokens) = try graph(rows: 5, width: 6)
    #expect(throws: GraphError.self) { try graph.append(.reduceMax, [tokens], block: block) }
    try graph.append(.reduceMax, [tokens], block: 4095)
  }

  @Test func workIsBoundedSoThatSumsCannotOverflow() throws {
    var (graph, tokens) = try graph(rows: 1 << 24, width: 96)
    let attention = Attention(heads: 2, headWidth: 16, scale: 1)
    let error = #expect(throws: GraphError.self) {
      try graph.append(.attention(attention), [tokens])
    }
    #expect(error?.reason.contains("multiply-adds") == true)
  }

  @Test(arguments: [Int.min, -1, 0, 2, Int.max])
  func paddingThatDoesNotKeepTheGridIsRefused(padding: Int) throws {
    var (graph, tokens) = try graph(rows: 4, width: 6)
    var depthwise = Depthwise()
    depthwise.weight = graph.add(Constant(name: "taps", shape: [6, 1, 3, 3]) { [] })
    depthwise.bias = graph.add(Constant(name: "bias", shape: [6]) { [] })
    (depthwise.kernel, depthwise.height, depthwise.width) = (3, 2, 2)
    depthwise.padding = padding
    #expect(throws: GraphError.self) { try graph.append(.depthwise(depthwise), [tokens]) }
    depthwise.padding = 1
    try graph.append(.depthwise(depthwise), [tokens])
  }

  @Test(arguments: [0, 5, 7])
  func valuesThatDoNotFillAShapeAreRefused(count: Int) throws {
    let constant = Constant(name: "odd", shape: [2, 3]) { [Float](repeating: 0, count: count) }
    let error = #expect(throws: InputError.self) { try constant.values() }
    #expect(error?.field == "constant odd" && error?.found == "\(count)")
  }

  /// Whatever a conversion finds in a graph is an error of the checkpoint that it came from.
  @Test func aGraphThatDoesNotHoldIsAnErrorOfItsFile() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    let checkpoint = try MappedFile(path: folder.file("model.safetensors"))
    func refuse(_ graph: Graph, _ field: String, from inputs: [MappedFile]) {
      let before = folder.names
      let error = #expect(throws: InputError.self) {
        try PlanCompiler.convert(
          graph, facts: model.facts, labels: Labels(), weights: .float32,
          to: folder.file("plan.bin"), from: inputs)
      }
      #expect(error?.file == inputs.first?.path ?? folder.file("plan.bin"))
      #expect(error?.field.hasPrefix(field) == true, "\(error?.description ?? "")")
      #expect(folder.names == before)
    }
    var nothing = model.graph
    nothing.outputs = []
    refuse(nothing, "graph, outputs", from: [checkpoint])
    refuse(nothing, "graph, outputs", from: [])

    // As many nodes as a graph may have, two of them slices that fusion makes one more for.
    var (full, tokens) = try graph(rows: 9, width: 6)
    while full.nodes.count < 16384 - 3 {
      tokens = try full.add(.combine(Combine(alpha: 1, beta: 1)), tokens, tokens)
    }
    let first = try full.add(.slice(Slice(first: 0, count: 1)), tokens)
    let second = try full.add(.slice(Slice(first: 1, count: 1)), tokens)
    full.outputs = [Graph.Output(.logits, try full.add(.add, first, second))]
    refuse(full, "graph, node 16384 (", from: [checkpoint])

    var unlowered = model.graph
    for function in [Activation.gelu, .relu] {
      let logits = unlowered.outputs[0].value
      unlowered.outputs[0].value = try unlowered.add(.activation(ActivationNode(function)), logits)
    }
    refuse(unlowered, "graph, node ", from: [checkpoint])
  }

  @Test func aRewriteThatDoesNotSuitIsAnErrorOfThePlan() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try SmallPlan.all(in: folder)[0].bytes, to: "sound.bin")
    var recipe = RewriteRecipe()
    recipe.strategy = "tome"
    recipe.stages = [.init(block: 0, keepRate: 0.1)]
    let error = #expect(throws: InputError.self) {
      try PlanCompiler.rewrite(
        try PlanFile(path: path), recipe: recipe, to: folder.file("output.bin"))
    }
    #expect(error?.file == path)
    #expect(error?.field.hasPrefix("graph, node ") == true)
    #expect(error?.field.hasSuffix(" (partition)") == true)
  }

  /// The stage's weights are only looked at once a rewrite asks for them.
  @Test(arguments: [
    ("cls_token", [2, 1, 8]), ("cls_token", [1, 2, 8]), ("cls_token", [1, 1, 0]),
    ("cls_token", [8]), ("pos_embed", [2, 2, 8]), ("pos_embed", [2, 1, 4]),
    ("pos_embed", [1, 0, 8]),
    ("pos_embed", [1, 2, 4]), ("pos_embed", [16]), ("lka.conv1.weight", [8, 8, 1, 2]),
    ("lka.conv1.weight", [8, 8, 2, 1]), ("lka.conv1.weight", [8, 8]), ("peg.weight", [8, 1, 3, 4]),
    ("lka.conv0.bias", [4, 2]),
  ])
  func weightsOfTheMultiScaleStageOfOtherShapesAreRefused(name: String, shape: [Int]) throws {
    let folder = try TemporaryFolder()
    var form = SmallModel.Form("smallest")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 1, 8, 2)
    (form.patch, form.classes, form.hasMultiScale) = (2, 2, true)
    let model = try SmallModel(form, in: folder)
    var graph = model.graph
    let weight = try #require(graph.constant(named: "multiscale.\(name)"))
    graph.constants[weight.index] = Constant(name: "multiscale.\(name)", shape: Shape(shape)) {
      [Float](repeating: 1, count: shape.reduce(1, *))
    }
    let path = folder.file("plan.bin")
    var recipe = RewriteRecipe()
    recipe.multiScaleBlocks = 0
    #expect(throws: InputError.self) {
      try PlanCompiler.convert(
        graph, facts: model.facts, labels: Labels(), weights: .float32, to: path, from: [])
      try PlanCompiler.rewrite(
        try PlanFile(path: path), recipe: recipe,
        to: folder.file("scales.bin"))
    }
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
    for (name, bytes) in try SmallPlan.all(in: folder)
    where ![
      "dense", "tanh", "int8", "int8, int8Patches", "pooling, details", "rmsNorm",
      "patches, channels",
    ].contains(name) {
      let plan = try PlanFile(path: folder.write(bytes, to: "rewritten.bin"))
      let graph = try PlanCompiler.executableGraph(of: plan)
      let before = folder.names
      let written = #expect(throws: InputError.self) {
        try PlanCompiler.convert(
          graph, facts: plan.facts, labels: plan.labels, weights: .float32,
          to: folder.file("raised.bin"), from: [])
      }
      #expect(folder.names == before)
      var record = GraphRecord(graph)
      record.constantCount = plan.constants.count
      let raised = try folder.write(
        PlanSeal.plan(bytes, with: RecordWriter.bytes(of: record), as: .graph), to: "raised.bin")
      let read = #expect(throws: InputError.self) { try PlanFile(path: raised) }
      for error in [written, read] {
        #expect(error?.field.hasPrefix("graph, node ") == true, "\(name)")
        #expect(error?.expected == "one of a model before any rewrite", "\(name)")
      }
    }
  }

  @Test func aPlanThatWouldNotHoldIsNotWritten() throws {
    let folder = try TemporaryFolder()
    let dense = try PlanFile(
      path: folder.write(try SmallPlan.all(in: folder)[0].bytes, to: "sound.bin"))
    var facts = dense.facts
    facts.patchSize = 1
    try PlanCompiler.convert(
      try PlanCompiler.executableGraph(of: dense), facts: facts, labels: dense.labels,
      weights: .float32, to: folder.file("lie.bin"), from: [])
    let lie = try PlanFile(path: folder.file("lie.bin"))
    let before = folder.names
    let error = #expect(throws: InputError.self) {
      try PlanCompiler.rewrite(
        lie, recipe: SmallPlan.recipes[0].recipe, to: folder.file("output.bin"))
    }
    #expect(error?.file == lie.path && error?.field == "facts, patch size")
    #expect(folder.names == before)
  }
}
