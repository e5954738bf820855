package import KernelInterface
internal import Records

// Kernels know these too, and know no records.

package typealias Similarity = KernelInterface.Similarity
package typealias PartitionOrder = KernelInterface.PartitionOrder
package typealias GatherMode = KernelInterface.GatherMode

extension Similarity: Choice {}
extension PartitionOrder: Choice {}
extension GatherMode: Choice {}
