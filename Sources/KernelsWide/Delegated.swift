package import KernelInterface
internal import KernelsPortable

// Kernels whose time does not matter next to the products: the portable ones serve.
extension WideKernels {
  package static func winogradWeights(_ arguments: WinogradArguments, item: Int) {
    PortableKernels.winogradWeights(arguments, item: item)
  }

  package static func score(_ arguments: ScoreArguments, item: Int) {
    PortableKernels.score(arguments, item: item)
  }

  package static func partition(
    _ arguments: PartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.partition(arguments, item: item, scratch: scratch)
  }

  package static func gather(_ arguments: GatherArguments, item: Int) {
    PortableKernels.gather(arguments, item: item)
  }

  package static func halvePicture(_ arguments: HalvePictureArguments, item: Int) {
    PortableKernels.halvePicture(arguments, item: item)
  }

  package static func gridDown(
    _ arguments: GridDownArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.gridDown(arguments, item: item, scratch: scratch)
  }

  package static func gridUp(_ arguments: GridUpArguments, item: Int) {
    PortableKernels.gridUp(arguments, item: item)
  }

  package static func fill(_ arguments: FillArguments, item: Int) {
    PortableKernels.fill(arguments, item: item)
  }

  package static func copyRows(_ arguments: CopyRowsArguments, item: Int) {
    PortableKernels.copyRows(arguments, item: item)
  }

  package static func multiplyAdd(_ arguments: MultiplyAddArguments, item: Int) {
    PortableKernels.multiplyAdd(arguments, item: item)
  }

  package static func columnMax(_ arguments: ColumnMaxArguments, item: Int) {
    PortableKernels.columnMax(arguments, item: item)
  }

  package static func scaleAdd(_ arguments: ScaleAddArguments, item: Int) {
    PortableKernels.scaleAdd(arguments, item: item)
  }
}
