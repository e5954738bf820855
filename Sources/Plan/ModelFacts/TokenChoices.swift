package import KernelInterface
package import Records

// Kernels know these too, and know no records.

package typealias Similarity = KernelInterface.Similarity
package typealias PartitionOrder = KernelInterface.PartitionOrder
package typealias GatherMode = KernelInterface.GatherMode
package typealias NormMeasure = KernelInterface.NormMeasure
package typealias SelectionRule = KernelInterface.SelectionRule
package typealias MatrixElement = KernelInterface.MatrixElement
package typealias MatrixLayout = KernelInterface.MatrixLayout
package typealias RelativeGrid = KernelInterface.RelativeGrid
package typealias PackedMatrix = KernelInterface.PackedMatrix

extension Similarity: Choice {}
extension PartitionOrder: Choice {}
extension GatherMode: Choice {}
extension NormMeasure: Choice {}
extension SelectionRule: Choice {}
extension MatrixElement: Choice {}
extension MatrixLayout: Choice {}

/// The axis of a value that tokens lie along.
package enum TokenAxis: UInt8, Choice {
  /// A row for each token.
  case rows = 0
  /// A column for each token.
  case columns = 1
}

/// The least importance of a token that is kept.
package struct Threshold: Record, Hashable {
  /// Finite.
  package var value: Float = 0

  package init() {}

  package init(_ value: Float) { self.value = value }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("value", &value)
  }
}
