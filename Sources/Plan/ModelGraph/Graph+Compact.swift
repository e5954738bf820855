extension Graph {
  /// The same nodes with only the constants that they read, in order of first use, and those that
  /// `carrying` accepts behind them.
  package func compacted(carrying isCarried: (Constant) -> Bool = { _ in false }) throws -> Graph {
    let used = usedConstants()
    let inUse = Set(used)
    let carried = constants.indices.map(ConstantID.init)
      .filter { !inUse.contains($0) && isCarried(constant($0)) }
    var compact = Graph()
    var places: [ConstantID: ConstantID] = [:]
    for id in used + carried { places[id] = compact.add(constant(id)) }
    for node in nodes {
      try compact.append(
        node.op.mappingConstants { places[$0] ?? $0 }, node.inputs, block: node.block)
    }
    compact.outputs = outputs
    return compact
  }
}
