internal import ModelFacts
package import ModelGraph

extension Graph {
  /// The weights that multiply quantized rows in a plan of int8: those of linear layers and of the patch embedding,
  /// but for those that logits are made with, whose few multiply-adds cost more accuracy than they take time. Other
  /// convolutions stay as they are.
  package func quantizedConstants() -> Set<ConstantID> {
    var quantized: Set<ConstantID> = []
    var others = headWeights()
    for node in nodes {
      let operand = node.inputs.first.map { type($0) }
      for constant in node.op.attributes.constants(reading: operand) {
        if multipliesRows(node, by: constant.id),
          PackedMatrix(
            shape: self.constant(constant.id).shape.extents, layout: .panels, element: .int8) != nil
        {
          quantized.insert(constant.id)
        } else {
          others.insert(constant.id)
        }
      }
    }
    return quantized.subtracting(others)
  }

  /// Whether a node multiplies rows, or the patches of an image, by a constant.
  private func multipliesRows(_ node: Node, by constant: ConstantID) -> Bool {
    switch node.op {
    case .linear(let linear): return linear.weight == constant
    case .convolution(let convolution):
      guard case .image = type(node.inputs[0]) else { return false }
      return convolution.weight == constant && convolution.padding == 0
        && convolution.strideHeight == convolution.kernelHeight
        && convolution.strideWidth == convolution.kernelWidth
    default: return false
    }
  }

  /// The weights of the last products before the logits.
  private func headWeights() -> Set<ConstantID> {
    var weights: Set<ConstantID> = []
    var values = outputs.filter { $0.role == .logits }.map(\.value)
    var seen = Set(values)
    let producers = producers()
    while let value = values.popLast() {
      let node = nodes[producers[value.index]]
      if case .linear(let linear) = node.op {
        weights.insert(linear.weight)
      } else {
        for input in node.inputs where seen.insert(input).inserted { values.append(input) }
      }
    }
    return weights
  }
}
