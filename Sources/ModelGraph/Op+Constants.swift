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
    case .picture, .activation, .flatten, .attention, .add, .scale, .slice, .combine, .columnMax,
      .unitSizes, .patchIndices, .select, .reduce, .match, .halve, .gridDown, .gridUp, .multiplyAdd:
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
