package import KernelInterface
internal import Records

// Kernels know these too, and know no records.

package typealias Similarity = KernelInterface.Similarity
package typealias PartitionOrder = KernelInterface.PartitionOrder
package typealias GatherMode = KernelInterface.GatherMode
package typealias MatrixElement = KernelInterface.MatrixElement
package typealias MatrixLayout = KernelInterface.MatrixLayout
package typealias PackedMatrix = KernelInterface.PackedMatrix

extension Similarity: Choice {}
extension PartitionOrder: Choice {}
extension GatherMode: Choice {}
extension MatrixElement: Choice {}
extension MatrixLayout: Choice {}
