internal import ModelGraph
internal import Tensors

extension ConstantRecord {
  /// A verified constant for a graph, which reads its values when it is asked for them.
  /// - Parameters:
  ///   - index: its position in the plan's table.
  ///   - weights: where the weights section lies in `plan`.
  func constant(at index: Int, weights: Range<Int>, of plan: MappedFile) -> Constant {
    Constant(
      name: name, shape: Shape(shape), parameters: parameters, storedAt: index, layout: layout
    ) {
      plan.withBytes { values(in: UnsafeRawBufferPointer(rebasing: $0[weights])) }
    }
  }

  /// The values, row-major in the logical shape.
  private func values(in weights: UnsafeRawBufferPointer) -> [Float] {
    let bytes = UnsafeRawBufferPointer(rebasing: weights[offset..<offset + byteCount])
    let packed: [Float] =
      switch element {
      case .float32: Array(bytes.bindMemory(to: Float.self))
      case .float16: bytes.bindMemory(to: Float16.self).map { Float($0) }
      }
    return WeightPacking.unpack(packed, shape: shape, layout: layout)
  }
}
