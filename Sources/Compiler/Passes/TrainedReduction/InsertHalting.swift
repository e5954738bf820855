internal import ModelFacts
internal import ModelGraph

/// A-ViT: behind every block but the last tokens halt whose halting values add up to 1, and the head reads the class
/// token's values of all its blocks, weighted by its halting values.
///
/// Where the class token has halted nothing depends on the others any more: they are left out, where the authors' code
/// goes on with them. Source: `tools/reference/vit_reference/methods/avit.py`.
struct InsertHalting: Pass {
  static let method = "avit"

  /// The constants that hold the gate's numbers.
  static let (scale, center, epsilon) = ("gate_scale", "gate_center", "eps")

  /// Blocks.
  let depth: Int

  /// What is carried from block to block.
  private struct State {
    /// What is left of 1 of each token's halting values, `[1, T]`.
    var remainders: ValueID

    /// What the class token has come to, `[1, D]`; nil in front of the first block.
    var sum: ValueID?
  }

  func run(_ graph: Graph) throws -> Graph {
    let gate = HaltingGate(
      scale: try graph.setting(Self.scale), center: try graph.setting(Self.center),
      epsilon: try graph.setting(Self.epsilon))
    var rebuilder = GraphRebuilder(graph)
    var inputs = BlockInputs()
    var state: State?
    for node in graph.nodes {
      if let (block, tokens) = inputs.next(node) {
        if let before = block.map({ $0 - 1 }) ?? (state == nil ? nil : depth - 1) {
          try finish(before, tokens, gate, &state, &rebuilder)
        }
      }
      try rebuilder.copy(node)
    }
    return try rebuilder.finish()
  }

  /// Appends what follows a block, of whose result `tokens` the graph goes on; -1 stands for what precedes the first.
  private func finish(
    _ block: Int, _ tokens: ValueID, _ gate: HaltingGate, _ state: inout State?,
    _ rebuilder: inout GraphRebuilder
  ) throws {
    let rows = try rebuilder.replacement(tokens)
    guard case .rows(let count, _, _) = rebuilder.result.type(rows) else { return }
    guard let before = state else {
      let ones = try rebuilder.result.add(.unitSizes(UnitSizes(count)), block: block + 1)
      state = State(remainders: ones, sum: nil)
      return
    }
    let isLast = block == depth - 1
    let sum = try rebuilder.result.append(
      .accumulate(Accumulate(gate, hasSum: before.sum != nil, isLast: isLast)),
      [rows, before.remainders] + [before.sum].compactMap(\.self), block: block)[0]
    if isLast {
      rebuilder.replace(tokens, with: sum)
      state = nil
      return
    }
    let halted = try rebuilder.result.append(
      .halt(Halt(gate)), [rows, before.remainders], block: block)
    var gather = Gather(.drop, prefix: 1)
    // What is left of a token is carried along as sizes are.
    gather.hasSizes = true
    let left = try rebuilder.result.append(
      .gather(gather), [rows, halted[0], halted[1], halted[2]], block: block)
    rebuilder.replace(tokens, with: left[0])
    state = State(remainders: left[1], sum: sum)
  }
}
