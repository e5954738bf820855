package import KernelInterface
internal import KernelsPortable

extension WideKernels {
  package static func greedyPartition(
    _ arguments: GreedyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.greedyPartition(arguments, item: item, scratch: scratch) { dot($0, $1, $2) }
  }
}
