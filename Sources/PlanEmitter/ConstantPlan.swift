internal import ModelGraph
internal import PlanFormat

/// Which constants a plan stores, in which layout and order: the base graph's first, one entry
/// each, then what only the lowered graph needs.
struct ConstantPlan {
  /// One stored constant.
  struct Entry: Equatable {
    let id: ConstantID
    let layout: ConstantLayout
    let element: ConstantRecord.Element
  }

  private(set) var entries: [Entry] = []
  private let executable: Graph
  private let weights: ConstantRecord.Element

  /// Plans the base graph's constants; `executable`'s begin with the same ones.
  init(base: Graph, executable: Graph, weights: ConstantRecord.Element) {
    self.executable = executable
    self.weights = weights
    var layouts = [ConstantLayout](repeating: .rows, count: base.constants.count)
    for node in base.nodes {
      let operand = node.inputs.first.map { base.type($0) }
      for constant in node.op.attributes.constants(reading: operand) {
        layouts[constant.id.index] = constant.layout
      }
    }
    for (index, constant) in base.constants.enumerated() {
      if case .stored(_, let layout, _) = constant.source { layouts[index] = layout }
      entries.append(
        Entry(id: ConstantID(index), layout: layouts[index], element: element(layouts[index])))
    }
  }

  /// The position of a constant in a layout, which is added if it is not there.
  mutating func index(of id: ConstantID, _ layout: ConstantLayout) -> Int {
    let entry = Entry(id: id, layout: layout, element: element(layout))
    if let index = entries.firstIndex(of: entry) { return index }
    entries.append(entry)
    return entries.count - 1
  }

  private func element(_ layout: ConstantLayout) -> ConstantRecord.Element {
    switch layout {
    case .panels, .panelsChannelsLast: weights
    case .rows, .taps: .float32
    }
  }
}
