extension Op {
  /// The constants the node reads.
  package var constants: [ConstantID] {
    switch self {
    case .convolution(let convolution):
      [convolution.weight] + [convolution.bias, convolution.table].compactMap(\.self)
    case .batchNorm(let norm): [norm.weight, norm.bias, norm.mean, norm.variance]
    case .prepend(let prepend): [prepend.rows]
    case .addTable(let add): [add.table]
    case .layerNorm(let norm): [norm.weight, norm.bias]
    case .linear(let linear):
      (linear.norm.map { [$0.weight, $0.bias] } ?? []) + [linear.weight]
        + [linear.bias].compactMap(\.self)
    case .scaleColumns(let scale): [scale.factors]
    case .depthwise(let depthwise): [depthwise.weight, depthwise.bias]
    case .gridDown(let grid): grid.norm.map { [$0.weight, $0.bias] } ?? []
    case .picture, .activation, .flatten, .concatenate, .attention, .add, .scale, .slice, .combine,
      .columnMax,
      .unitSizes, .patchIndices, .select, .reduce, .match, .halve, .gridUp, .multiplyAdd:
      []
    }
  }

  /// The name that dumps and messages use.
  package var name: String {
    switch self {
    case .picture: "picture"
    case .convolution: "convolution"
    case .batchNorm: "batch_norm"
    case .activation(let node): node.kind.word
    case .flatten: "flatten"
    case .prepend: "prepend"
    case .concatenate: "concatenate"
    case .addTable: "add_table"
    case .layerNorm: "layer_norm"
    case .linear: "linear"
    case .attention: "attention"
    case .add: "add"
    case .scaleColumns: "scale_columns"
    case .scale: "scale"
    case .slice: "slice"
    case .combine: "combine"
    case .columnMax: "column_max"
    case .unitSizes: "unit_sizes"
    case .patchIndices: "patch_indices"
    case .select: "select"
    case .reduce(let reduce): reduce.strategy.word
    case .match: "tome"
    case .halve: "halve"
    case .gridDown: "grid_down"
    case .gridUp: "grid_up"
    case .depthwise: "depthwise"
    case .multiplyAdd: "multiply_add"
    }
  }
}

extension Op {
  /// The same op on other constants.
  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Op {
    switch self {
    case .convolution(var convolution):
      convolution.weight = map(convolution.weight)
      convolution.bias = convolution.bias.map(map)
      convolution.table = convolution.table.map(map)
      return .convolution(convolution)
    case .batchNorm(var norm):
      norm.weight = map(norm.weight)
      norm.bias = map(norm.bias)
      norm.mean = map(norm.mean)
      norm.variance = map(norm.variance)
      return .batchNorm(norm)
    case .prepend(let prepend): return .prepend(Prepend(map(prepend.rows)))
    case .addTable(let add): return .addTable(AddTable(map(add.table)))
    case .layerNorm(let norm): return .layerNorm(norm.mappingConstants(map))
    case .linear(var linear):
      linear.weight = map(linear.weight)
      linear.bias = linear.bias.map(map)
      linear.norm = linear.norm?.mappingConstants(map)
      return .linear(linear)
    case .scaleColumns(let scale): return .scaleColumns(ScaleColumns(map(scale.factors)))
    case .depthwise(var depthwise):
      depthwise.weight = map(depthwise.weight)
      depthwise.bias = map(depthwise.bias)
      return .depthwise(depthwise)
    case .gridDown(var grid):
      grid.norm = grid.norm?.mappingConstants(map)
      return .gridDown(grid)
    case .picture, .activation, .flatten, .concatenate, .attention, .add, .scale, .slice, .combine,
      .columnMax, .unitSizes, .patchIndices, .select, .reduce, .match, .halve, .gridUp,
      .multiplyAdd:
      return self
    }
  }
}

extension Norm {
  fileprivate func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Norm {
    Norm(weight: map(weight), bias: map(bias), epsilon: epsilon)
  }
}
