internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors

/// A constant of a graph as an initializer holds it.
struct WeightForm: Hashable {
  /// The constant.
  var constant: ConstantID

  /// What is written of it.
  var part: Part

  /// What can be written of a constant.
  enum Part: Hashable {
    /// Its values in its own order, float16 where the plan has them so.
    case values

    /// A matrix `[out, in]` as `[in, out]`, float16 where the plan has it so.
    case transposed

    /// Values behind a number of rows of negative zeros, which change no bit of what they are added to.
    case behindZeros(rows: Int)

    /// The integers of an int8 matrix, as `[in, out]`.
    case integers

    /// The scales of an int8 matrix, `[out]`.
    case scales

    /// The sums of each output's integers, `[out]`.
    case sums
  }

  /// The values as bytes.
  ///
  /// - Parameter plan: the plan whose constants the graph begins with.
  /// - Throws: `InputError` naming the constant if its bytes are damaged or memory runs out.
  func bytes(of graph: Graph, in plan: PlanFile) throws -> [UInt8] {
    let source = graph.constant(constant)
    // The values, their bytes, and one to spare.
    try ByteBuffer.require(
      3 * MemoryLayout<Float>.stride * source.shape.elementCount, for: source.name)
    if case .stored = source.source {
      try plan.verifyConstant(constant.index)
    }
    defer { if case .stored = source.source { plan.releaseConstant(constant.index) } }
    switch part {
    case .values: return Self.encoded(try source.values(), as: source.floatType)
    case .transposed:
      let (rows, columns) = (source.shape[0], source.shape[1])
      return Self.encoded(
        Self.transposed(try source.values(), rows: rows, columns: columns), as: source.floatType)
    case .behindZeros(let rows):
      let zeros = [Float](repeating: -0.0, count: rows * source.shape[1])
      return Self.encoded(zeros + (try source.values()), as: source.floatType)
    case .integers:
      let integers = plan.int8Parts(ofConstant: constant.index).integers
      let (rows, columns) = (source.shape[0], integers.count / source.shape[0])
      return Self.transposed(integers, rows: rows, columns: columns).map { UInt8(bitPattern: $0) }
    case .scales:
      return Self.encoded(plan.int8Parts(ofConstant: constant.index).scales, as: .float32)
    case .sums:
      return Self.encoded(
        plan.int8Parts(ofConstant: constant.index).sums.map { Float($0) }, as: .float32)
    }
  }

  private static func transposed<T>(_ values: [T], rows: Int, columns: Int) -> [T] {
    [T](unsafeUninitializedCapacity: values.count) { result, count in
      // Whole cache lines of the result at a time.
      for first in stride(from: 0, to: rows, by: 16) {
        for column in 0..<columns {
          for row in first..<min(first + 16, rows) {
            result.initializeElement(
              at: column * rows + row, to: values[row * columns + column])
          }
        }
      }
      count = values.count
    }
  }

  private static func encoded(_ values: [Float], as type: ElementType) -> [UInt8] {
    if type == .float16 {
      return values.map { Float16($0).bitPattern.littleEndian }.withUnsafeBytes { Array($0) }
    }
    return values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) }
  }
}

extension UnsafeMutableBufferPointer {
  /// Writes an element of memory that is not used yet.
  fileprivate func initializeElement(at index: Int, to value: Element) {
    baseAddress?.advanced(by: index).initialize(to: value)
  }
}

extension Constant {
  /// How the plan stores it; float32 where no plan does.
  var element: MatrixElement {
    if case .stored(let matrix, _) = source { matrix.element } else { .float32 }
  }

  /// The type that its values are written in.
  var floatType: ElementType { element == .float16 ? .float16 : .float32 }
}
