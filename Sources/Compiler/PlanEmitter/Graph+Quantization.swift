internal import ModelFacts
package import ModelGraph

extension Graph {
  /// The weights that multiply quantized rows in a plan of int8: those of linear layers alone, but for those that
  /// logits are made with, whose few multiply-adds cost more accuracy than they take time. Convolutions, the patch
  /// embedding among them, stay as they are.
  package func quantizedConstants() -> Set<ConstantID> {
    var quantized: Set<ConstantID> = []
    var others = headWeights()
    for node in nodes {
      let operand = node.inputs.first.map { type($0) }
      for constant in node.op.attributes.constants(reading: operand) {
        if case .linear(let linear) = node.op, linear.weight == constant.id,
          let shape = PackedMatrix(
            shape: self.constant(constant.id).shape.extents, layout: .panels, element: .int8)?
            .shape,
          shape.count == 2
        {
          quantized.insert(constant.id)
        } else {
          others.insert(constant.id)
        }
      }
    }
    return quantized.subtracting(others)
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
