import ModelGraph
import Passes
import Testing

/// Slices move up through work that rows share nothing in.
struct SliceTests {
  /// A chain of `count` sums of pixel rows, of which one row is read.
  private func chain(_ count: Int) throws -> Graph {
    var graph = Graph()
    let image = try graph.add(.image(InputImage(channels: 3, height: 2, width: 2)))
    var convolution = Convolution()
    convolution.outputs = 2
    convolution.weight = graph.add(
      Constant(name: "weight", shape: [2, 3, 1, 1]) { [Float](repeating: 1, count: 6) })
    var value = try graph.add(.flatten, try graph.add(.convolution(convolution), image))
    for _ in 0..<count { value = try graph.add(.scale(Scale(2)), value) }
    graph.outputs = [
      Graph.Output(.logits, try graph.add(.slice(Slice(first: 0, count: 1)), value))
    ]
    return graph
  }

  private func sliceAt(_ graph: Graph) -> Int? {
    graph.nodes.firstIndex { if case .slice = $0.op { true } else { false } }
  }

  @Test func aSliceMovesAsFarUpAsItCan() throws {
    let pushed = try PassDriver([PushSliceUp()]).run(chain(20))
    #expect(sliceAt(pushed) == 3 && pushed.nodes.count == 24)
  }

  @Test(.timeLimit(.minutes(1))) func aHostileChainIsLeftAsItIsAfterSomeMoves() throws {
    let pushed = try PassDriver([PushSliceUp()]).run(chain(4000))
    #expect(sliceAt(pushed) == 3 + 4000 - 256)
  }
}
