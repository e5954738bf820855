internal import ModelFacts
internal import ModelGraph
internal import Tensors

extension ConstantRecord {
  /// A verified constant for a graph, which reads its values when it is asked for them.
  /// - Parameter weights: where the weights section lies in `plan`.
  func constant(weights: Range<Int>, of plan: MappedFile, file: String) throws -> Constant {
    guard let matrix else {
      throw InputError(
        file: file, field: "constant \(name), shape", expected: "one that \(layout) can hold",
        found: "\(shape)")
    }
    let start = weights.lowerBound + offset
    return Constant(name: name, parameters: parameters, stored: matrix) {
      plan.withBytes {
        matrix.unpacked(UnsafeRawBufferPointer(rebasing: $0[start..<start + matrix.byteCount]))
      }
    }
  }
}
