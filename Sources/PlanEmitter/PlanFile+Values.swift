internal import PlanFormat

extension PlanFile {
  /// How the weights of products are stored.
  var weightElement: ConstantRecord.Element {
    constants.contains { $0.element == .float16 } ? .float16 : .float32
  }

  /// A constant's values, row-major in its logical shape.
  func unpackedValues(of index: Int) -> [Float] {
    let constant = constants[index]
    let packed: [Float] = withWeights { weights in
      let bytes = UnsafeRawBufferPointer(
        rebasing: weights[constant.offset..<constant.offset + constant.byteCount])
      return switch constant.element {
      case .float32: Array(bytes.bindMemory(to: Float.self))
      case .float16: bytes.bindMemory(to: Float16.self).map { Float($0) }
      }
    }
    return WeightPacking.unpack(packed, shape: constant.shape, layout: constant.layout)
  }
}
