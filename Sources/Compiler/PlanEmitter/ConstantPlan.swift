internal import ModelFacts
internal import ModelGraph

/// Which constants a plan stores, how and in which order: the base graph's first, one entry each, then
/// what only the lowered graph needs.
struct ConstantPlan {
  /// One stored constant.
  struct Entry {
    let id: ConstantID
    let layout: MatrixLayout
    let element: MatrixElement
  }

  private(set) var entries: [Entry] = []
  private let weights: MatrixElement

  /// Those of them that are stored so if ``weights`` is int8; other ones are float32 then.
  private let quantized: Set<ConstantID>

  /// Plans the base graph's constants; the executable graph's begin with the same ones.
  /// - Parameters:
  ///   - executable: how it reads those that the base graph carries for a rewrite decides how they are stored.
  ///   - weights: how weights of products are stored that no plan stores yet.
  init(base: Graph, executable: Graph, weights: MatrixElement) {
    self.weights = weights
    quantized = weights == .int8 ? base.quantizedConstants() : []
    var layouts = [MatrixLayout](repeating: .rows, count: base.constants.count)
    let own = Set(base.usedConstants())
    for (graph, isBase) in [(base, true), (executable, false)] {
      for node in graph.nodes {
        let operand = node.inputs.first.map { graph.type($0) }
        for constant in node.op.attributes.constants(reading: operand)
        where own.contains(constant.id) == isBase && layouts.indices.contains(constant.id.index) {
          layouts[constant.id.index] = constant.layout
        }
      }
    }
    for (index, constant) in base.constants.enumerated() {
      let id = ConstantID(index)
      switch constant.source {
      case .stored(let matrix, _):
        entries.append(Entry(id: id, layout: matrix.layout, element: matrix.element))
      case .computed:
        let layout = layouts[index]
        entries.append(Entry(id: id, layout: layout, element: element(of: id, layout)))
      }
    }
  }

  /// The position of a constant in a layout, which is added if it is not there.
  mutating func index(of id: ConstantID, _ layout: MatrixLayout) -> Int {
    if let index = entries.firstIndex(where: { $0.id == id && $0.layout == layout }) {
      return index
    }
    entries.append(Entry(id: id, layout: layout, element: element(of: id, layout)))
    return entries.count - 1
  }

  /// Weights of products are stored as they are in another layout already.
  private func element(of id: ConstantID, _ layout: MatrixLayout) -> MatrixElement {
    guard layout.isPanels else { return .float32 }
    if let stored = entries.first(where: { $0.id == id && $0.layout.isPanels }) {
      return stored.element
    }
    return weights != .int8 || quantized.contains(id) ? weights : .float32
  }
}
