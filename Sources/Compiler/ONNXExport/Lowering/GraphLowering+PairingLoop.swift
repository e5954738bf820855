internal import ModelGraph

/// What the loops of a greedy partition read.
struct PairingLoop {
  /// The patch tokens.
  let count: Int

  /// How many of them leave.
  let leaving: Int

  /// How similar each is to each other, `[n, count, count]`.
  let table: String

  /// The roots of their importance, `[n, count]`.
  let roots: String
}

extension GraphLowering {
  /// Which tokens have left, and the one that each of these has joined; both `[n, count]`.
  ///
  /// In a round those leave that can, in the order of what it costs, until as many have left as are to; in the next
  /// the others look for their nearest again. Nearly always there is one.
  mutating func paired(_ pairing: PairingLoop) -> (left: String, target: String) {
    let count = pairing.count
    let none = builder.booleans([Bool](repeating: false, count: count), extents: [1, count])
    let nobody = forEachImage(none, rank: 2, "nobody")
    let nowhere = forEachImage(
      builder.integers([Int](repeating: 0, count: count), extents: [1, count]), rank: 2, "nowhere")
    let left = carried("left.before", .bool, [count])
    let joined = carried("joined.before", .bool, [count])
    let target = carried("target.before", .int64, [count])
    let results = loop(
      atMost: count, from: [nobody, nobody, nowhere], [left, joined, target],
      results: ["left", "joined", "target"]
    ) { lowering in
      lowering.round(pairing, left: left.name, joined: joined.name, target: target.name)
    }
    return (results[0], results[2])
  }

  /// A round: what has become of the tokens behind it, and whether there is another.
  private mutating func round(
    _ pairing: PairingLoop, left: String, joined: String, target: String
  ) -> (goesOn: String, results: [String]) {
    let isFree = builder.add("Not", [builder.add("Or", [left, joined], "busy")], "free")
    let gone = aligned(left, 1, "left.row")
    let table = builder.add(
      "Where", [gone, builder.float(Self.never), pairing.table], "similarity.open")
    let nearest = argMax(table, axis: 2, "nearest")
    let cost = self.cost(of: table, pairing)
    let goesTo = builder.add(
      "Equal", [aligned(nearest, 2, "nearest.column"), numbers(pairing.count)], "goes")
    let isBefore = order(of: cost, pairing.count)
    let back = builder.add("Transpose", [goesTo], "comes", [("perm", .integers([0, 2, 1]))])
    let meets = builder.add("Or", [goesTo, back], "meets")
    let earlier = builder.add("And", [isBefore, meets], "meets.before")
    let hinders = builder.add("And", [earlier, aligned(isFree, 1, "free.row")], "hinders")
    let candidates = fixedPoint(
      hindered: cast(hinders, .float32, "hindrance"),
      free: aligned(cast(isFree, .float32, "free.number"), 2, "free.column"), pairing.count)

    let place = builder.add("MatMul", [cast(isBefore, .float32, "before"), candidates], "place")
    let departed = reduce("ReduceSum", cast(left, .float32, "left.number"), axis: 1, "departed")
    let missing = builder.add(
      "Sub", [builder.float(Float(pairing.leaving)), departed], "missing")
    let isInTime = builder.add("Less", [place, aligned(missing, 2, "missing.aligned")], "in.time")
    let isCandidate = builder.add("Greater", [candidates, builder.float(0.5)], "candidate")
    let chosen = builder.add("And", [isCandidate, isInTime], "chosen")
    let leaves = builder.add("Squeeze", [chosen, builder.integers([2])], "leaves")

    let leavers = aligned(cast(leaves, .float32, "leaves.number"), 1, "leaves.row")
    let arrivals = builder.add(
      "MatMul", [leavers, cast(goesTo, .float32, "goes.number")], "arrivals")
    let isMet = builder.add("Greater", [arrivals, builder.float(0.5)], "met.row")
    let met = builder.add("Squeeze", [isMet, builder.integers([1])], "met")
    let leftAfter = builder.add("Or", [left, leaves], "left.after")
    let joinedAfter = builder.add("Or", [joined, met], "joined.after")
    let targetAfter = builder.add("Where", [leaves, nearest, target], "target.after")
    let counts = reduce("ReduceSum", cast(leftAfter, .float32, "left.count"), axis: 1, "counts")
    let fewest = reduce("ReduceMin", counts, axes: [0, 1], keeping: false, "fewest")
    let goesOn = builder.add(
      "Less", [fewest, builder.float(Float(pairing.leaving) - 0.5)], "goes.on")
    return (goesOn, [leftAfter, joinedAfter, targetAfter])
  }

  /// What it costs to take each token away, `[n, count]`.
  private mutating func cost(of table: String, _ pairing: PairingLoop) -> String {
    let similarity = reduce("ReduceMax", table, axis: 2, keeping: false, "similarity")
    let distance = builder.add("Sub", [builder.float(1), similarity], "distance")
    let least = builder.add("Max", [distance, builder.float(1e-6)], "distance.least")
    return builder.add("Mul", [pairing.roots, least], "cost")
  }

  /// Whether the token of a column comes before that of a row.
  private mutating func order(of cost: String, _ count: Int) -> String {
    let (row, column) = (aligned(cost, 1, "cost.row"), aligned(cost, 2, "cost.column"))
    let isLess = builder.add("Less", [row, column], "cost.less")
    let isEqual = builder.add("Equal", [row, column], "cost.equal")
    let ties = builder.add(
      "And", [isEqual, pairsOfNumbers("Greater", count, "later")], "cost.ties")
    return builder.add("Or", [isLess, ties], "order")
  }

  /// 1 for each free token that none of those hinders for which this is 1, `[n, count, 1]`.
  private mutating func fixedPoint(
    hindered: String, free: String, _ count: Int
  ) -> String {
    let before = carried("leaving.before", .float32, [count, 1])
    return loop(atMost: count + 1, from: [free], [before], results: ["leaving"]) { lowering in
      let sums = lowering.builder.add("MatMul", [hindered, before.name], "hindrances")
      let isOpen = lowering.builder.add("Less", [sums, lowering.builder.float(0.5)], "open")
      let after = lowering.builder.add(
        "Mul", [lowering.cast(isOpen, .float32, "open.number"), free], "leaving.after")
      let change = lowering.builder.add("Sub", [after, before.name], "change")
      let largest = lowering.reduce(
        "ReduceMax", lowering.builder.add("Abs", [change], "change.size"), axes: [0, 1, 2],
        keeping: false, "change.largest")
      let goesOn = lowering.builder.add(
        "Greater", [largest, lowering.builder.float(0.5)], "changed")
      return (goesOn, [after])
    }[0]
  }

  // MARK: - Loops

  /// A value that a loop hands from round to round.
  private mutating func carried(
    _ step: String, _ type: ElementType, _ extents: [Int]
  ) -> DeclaredValue {
    DeclaredValue(
      name: builder.name(step), type: type,
      extents: [batchExtent] + extents.map { .fixed($0) })
  }

  /// Repeats `body` until it says that it need not go on.
  private mutating func loop(
    atMost rounds: Int, from values: [String], _ carried: [DeclaredValue], results steps: [String],
    _ body: (inout GraphLowering) -> (goesOn: String, results: [String])
  ) -> [String] {
    let number = DeclaredValue(name: builder.name("round"), type: .int64, extents: [])
    let isGoing = DeclaredValue(name: builder.name("going"), type: .bool, extents: [])
    let outside = builder.startBody()
    let made = body(&self)
    var outputs = [DeclaredValue(name: made.goesOn, type: .bool, extents: [])]
    for (name, value) in zip(made.results, carried) {
      outputs.append(DeclaredValue(name: name, type: value.type, extents: value.extents))
    }
    let body = builder.finishBody(inputs: [number, isGoing] + carried, outputs, outside: outside)
    return builder.add(
      "Loop", [builder.integer(rounds), builder.booleans([true], extents: [])] + values,
      results: steps, [("body", .graph(body))])
  }

  private mutating func aligned(_ value: String, _ axis: Int, _ step: String) -> String {
    builder.add("Unsqueeze", [value, builder.integers([axis])], step)
  }
}
