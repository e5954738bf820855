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

  package static func normScore(_ arguments: NormScoreArguments, item: Int) {
    PortableKernels.normScore(arguments, item: item)
  }

  package static func halfMean(_ arguments: HalfMeanArguments, item: Int) {
    PortableKernels.halfMean(arguments, item: item)
  }

  package static func keepScore(_ arguments: KeepScoreArguments, item: Int) {
    PortableKernels.keepScore(arguments, item: item)
  }

  package static func headMean(_ arguments: HeadMeanArguments, item: Int) {
    PortableKernels.headMean(arguments, item: item)
  }

  package static func headVote(_ arguments: HeadVoteArguments, item: Int) {
    PortableKernels.headVote(arguments, item: item)
  }

  package static func policyPartition(
    _ arguments: PolicyPartitionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.policyPartition(arguments, item: item, scratch: scratch)
  }

  package static func pick(_ arguments: PickArguments, item: Int) {
    PortableKernels.pick(arguments, item: item)
  }

  package static func restore(_ arguments: RestoreArguments, item: Int) {
    PortableKernels.restore(arguments, item: item)
  }

  package static func select(
    _ arguments: SelectArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.select(arguments, item: item, scratch: scratch)
  }

  package static func halt(_ arguments: HaltArguments, item: Int) {
    PortableKernels.halt(arguments, item: item)
  }

  package static func accumulate(_ arguments: AccumulateArguments, item: Int) {
    PortableKernels.accumulate(arguments, item: item)
  }

  package static func gather(_ arguments: GatherArguments, item: Int) {
    PortableKernels.gather(arguments, item: item)
  }

  package static func avgPool2x2(_ arguments: AvgPool2x2Arguments, item: Int) {
    PortableKernels.avgPool2x2(arguments, item: item)
  }

  package static func gridAvgPool(
    _ arguments: GridAvgPoolArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.gridAvgPool(arguments, item: item, scratch: scratch)
  }

  package static func gridUpsample(_ arguments: GridUpsampleArguments, item: Int) {
    PortableKernels.gridUpsample(arguments, item: item)
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

  package static func reduceMax(_ arguments: ReduceMaxArguments, item: Int) {
    PortableKernels.reduceMax(arguments, item: item)
  }

  package static func reduceMean(_ arguments: ReduceMeanArguments, item: Int) {
    PortableKernels.reduceMean(arguments, item: item)
  }

  package static func attentionPool(
    _ arguments: AttentionPoolArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    PortableKernels.attentionPool(arguments, item: item, scratch: scratch)
  }

  package static func scaleAdd(_ arguments: ScaleAddArguments, item: Int) {
    PortableKernels.scaleAdd(arguments, item: item)
  }
}
