package import KernelInterface
internal import KernelsPortable

// Kernels whose time does not matter next to the products: the portable ones serve.
extension WideKernels {
  package static func winogradWeights(_ arguments: WinogradArguments, item: Int) {
    PortableKernels.winogradWeights(arguments, item: item)
  }

  package static func select(
    _ arguments: SelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.select(arguments, item: item, scratch: scratch)
  }

  package static func bipartiteSelect(
    _ arguments: BipartiteSelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.bipartiteSelect(arguments, item: item, scratch: scratch)
  }

  package static func combine(_ arguments: CombineArguments, item: Int) {
    PortableKernels.combine(arguments, item: item)
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
