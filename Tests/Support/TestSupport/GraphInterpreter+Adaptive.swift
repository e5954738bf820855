internal import CLibrary
internal import ModelFacts
internal import ModelGraph

// Ops by which images keep as many tokens as their own scores say.
extension GraphInterpreter {
  func select(_ select: Select, _ scores: [Double]) -> [[Double]] {
    let kept: [Int]
    switch select.rule {
    case .above: kept = scores.indices.filter { scores[$0] >= Double(select.threshold.value) }
    case .sampled:
      kept = scores.count > 2 ? sample(scores, steps: select.steps) : Array(scores.indices)
    }
    return parts(kept, of: scores.count, places: select.patches)
  }

  private func sample(_ scores: [Double], steps: Int) -> [Int] {
    let order = scores.indices.sorted {
      scores[$0] == scores[$1] ? $0 < $1 : scores[$0] < scores[$1]
    }
    var running: [Double] = []
    for token in order { running.append((running.last ?? 0) + scores[token]) }
    let (first, range) = (running[0], running[running.count - 1] - running[0])
    running = running.map { ($0 - first) / range }
    let lowest = running.first { $0 > 0 } ?? 1
    let places = (0..<steps).map { step in
      let target = lowest + (1 - lowest) * Double(step) / Double(steps - 1)
      return running.indices.min { abs(running[$0] - target) < abs(running[$1] - target) } ?? 0
    }
    return Set(places).map { order[$0] }.sorted()
  }

  private func parts(_ kept: [Int], of count: Int, places: Int) -> [[Double]] {
    var destination = [Double](repeating: -1, count: count)
    for (place, patch) in kept.enumerated() { destination[patch] = Double(place) }
    return [kept.map(Double.init), destination, [Double(places - kept.count)]]
  }

  private func halting(_ gate: HaltingGate, _ channel: Double) -> Double {
    1 / (1 + exp(Double(gate.center) - Double(gate.scale) * channel))
  }

  func halt(_ halt: Halt, _ node: Graph.Node, _ operands: [[Double]]) -> [[Double]] {
    let (count, width) = extents(node.inputs[0])
    let least = Double(halt.gate.epsilon)
    let isAlive = operands[1][0] > least
    let left = (0..<count).map {
      operands[1][$0] - (isAlive ? halting(halt.gate, operands[0][$0 * width]) : 0)
    }
    let goesOn = isAlive && left[0] > least
    let kept = (0..<count - 1).filter { goesOn && left[1 + $0] > least }
    guard case .indices(let places, _) = graph.type(node.outputs[0]) else { return [] }
    let parts = parts(kept, of: count - 1, places: places)
    return [parts[0], parts[1], left, parts[2]]
  }

  func accumulate(
    _ sum: Accumulate, _ node: Graph.Node, _ operands: [[Double]]
  ) -> [Double] {
    let width = extents(node.inputs[0]).width
    let (before, least) = (operands[1][0], Double(sum.gate.epsilon))
    var weight = 0.0
    if before > least {
      let own = halting(sum.gate, operands[0][0])
      let left = before - own
      weight = sum.isLast || left < least ? before : left > least ? own : 0
    }
    return (0..<width).map { weight * operands[0][$0] + (sum.hasSum ? operands[2][$0] : 0) }
  }
}
