internal import ModelGraph

// The multi-scale stage (method 3.4).
extension GraphLowering {
  /// An image or a map averaged over 2 x 2.
  mutating func pooled2x2(_ map: String) -> String {
    builder.add(
      "AveragePool", [map], "",
      [("kernel_shape", .integers([2, 2])), ("strides", .integers([2, 2]))])
  }

  mutating func gridAvgPool(_ grid: GridAvgPool, _ node: Graph.Node) throws -> String {
    guard grid.norm == nil else { throw fused(node) }
    let (count, width) = extents(node.inputs[0])
    return behind(grid.prefix, name(node.inputs[0]), count) { lowering, patches in
      let (height, columns) = (grid.height / 2, grid.width / 2)
      let apart = lowering.reshaped(patches, [height, 2, columns, 2, width], "squares")
      let mean = lowering.reduce("ReduceMean", apart, axes: [2, 4], keeping: false, "mean")
      return lowering.reshaped(mean, [height * columns, width], grid.prefix == 0 ? "" : "grid")
    }
  }

  mutating func gridUpsample(_ grid: GridUpsample, _ node: Graph.Node) throws -> String {
    guard !grid.hasResidual else { throw fused(node) }
    let (count, width) = extents(node.inputs[0])
    return behind(grid.prefix, name(node.inputs[0]), count) { lowering, patches in
      let apart = lowering.reshaped(patches, [grid.height, 1, grid.width, 1, width], "pixels")
      let shape = lowering.builder.integers([1, grid.height, 2, grid.width, 2, width])
      let repeated = lowering.builder.add("Expand", [apart, shape], "squares")
      return lowering.reshaped(
        repeated, [4 * grid.height * grid.width, width], grid.prefix == 0 ? "" : "grid")
    }
  }

  /// The first rows as they are, and in front of what `body` makes of the others.
  private mutating func behind(
    _ prefix: Int, _ rows: String, _ count: Int,
    _ body: (inout GraphLowering, String) -> String
  ) -> String {
    guard prefix > 0 else { return body(&self, rows) }
    let front = self.rows(0..<prefix, of: rows, "prefix")
    let rest = self.rows(prefix..<count, of: rows, "patches")
    return builder.add("Concat", [front, body(&self, rest)], "", [("axis", .integer(1))])
  }

  mutating func depthwise(_ depthwise: Depthwise, _ node: Graph.Node) throws -> String {
    guard !depthwise.addsOperand else { throw fused(node) }
    let (count, width) = extents(node.inputs[0])
    let columns = builder.add(
      "Transpose", [name(node.inputs[0])], "columns", [("perm", .integers([0, 2, 1]))])
    let map = reshaped(columns, [width, depthwise.height, depthwise.width], "map")
    let convolved = builder.add(
      "Conv", [map, constant(depthwise.weight), constant(depthwise.bias)], "convolved",
      [
        ("kernel_shape", .integers([depthwise.kernel, depthwise.kernel])),
        ("dilations", .integers([depthwise.dilation, depthwise.dilation])),
        ("pads", .integers([Int](repeating: depthwise.padding, count: 4))),
        ("group", .integer(width)),
      ])
    return rows(ofMap: convolved, count: count, width: width)
  }
}
