internal import KernelInterface
internal import PlanFormat

/// One kernel with its arguments in place: the work between two barriers.
///
/// A step of the plan is one phase or two (a merge matches, then combines).
struct Phase: Sendable {
  /// The kind of step it belongs to, for timing.
  let kind: StepKind

  /// Independent items.
  let items: WorkItems

  /// Bytes of scratch an item needs.
  let scratchBytes: Int

  let work: Work

  /// The kernel.
  enum Work: @unchecked Sendable {
    case linear(LinearArguments)
    case layerNorm(LayerNormArguments)
    case pairedRows(PairedLinearArguments, any PairedKernelSet.Type)
    case pairedLinear(PairedLinearArguments, any PairedKernelSet.Type)
    case convolution(ConvolutionArguments)
    case winograd(WinogradArguments)
    case depthwise(DepthwiseArguments)
    case attention(AttentionArguments)
    case select(SelectArguments)
    case match(MatchArguments)
    case bipartiteMatch(BipartiteMatchArguments)
    case bipartiteSelect(BipartiteSelectArguments)
    case combine(CombineArguments)
    case halvePicture(HalvePictureArguments)
    case gridDown(GridDownArguments)
    case gridUp(GridUpArguments)
    case copyRows(CopyRowsArguments)
    case multiplyAdd(MultiplyAddArguments)
    case columnMax(ColumnMaxArguments)
    case scaleAdd(ScaleAddArguments)
    case ones(UnsafeMutablePointer<Float>, count: Int)
    case indices(UnsafeMutablePointer<Int32>, count: Int, pictures: Int)
  }

  init(_ kind: StepKind, _ work: Work) {
    self.kind = kind
    self.work = work
    (items, scratchBytes) =
      switch work {
      case .linear(let arguments): (arguments.items, arguments.scratchBytes)
      case .layerNorm(let arguments): (arguments.items, 0)
      case .pairedRows(let arguments, _): (arguments.rowSplit.items, 0)
      case .pairedLinear(let arguments, _):
        (arguments.product.items, arguments.product.scratchBytes)
      case .convolution(let arguments): (arguments.items, arguments.scratchBytes)
      case .winograd(let arguments): (arguments.items, arguments.scratchBytes)
      case .depthwise(let arguments): (arguments.items, 0)
      case .attention(let arguments): (arguments.items, arguments.scratchBytes)
      case .select(let arguments): (arguments.items, arguments.scratchBytes)
      case .match(let arguments): (arguments.items, arguments.scratchBytes)
      case .bipartiteMatch(let arguments): (arguments.items, arguments.scratchBytes)
      case .bipartiteSelect(let arguments): (arguments.items, arguments.scratchBytes)
      case .combine(let arguments): (arguments.items, 0)
      case .halvePicture(let arguments): (arguments.items, 0)
      case .gridDown(let arguments): (arguments.items, arguments.scratchBytes)
      case .gridUp(let arguments): (arguments.items, 0)
      case .copyRows(let arguments): (arguments.items, 0)
      case .multiplyAdd(let arguments): (arguments.items, 0)
      case .columnMax(let arguments): (arguments.items, 0)
      case .scaleAdd(let arguments): (arguments.items, 0)
      case .ones, .indices: (WorkItems(parts: 1), 0)
      }
  }

  /// Runs one item. `scratch` has ``scratchBytes`` bytes, 64-byte aligned, used by no other thread.
  func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    switch work {
    case .linear(let arguments): kernels.linear(arguments, item: item, scratch: scratch)
    case .layerNorm(let arguments): kernels.layerNorm(arguments, item: item)
    case .pairedRows(let arguments, let paired): paired.pairedRows(arguments, item: item)
    case .pairedLinear(let arguments, let paired):
      paired.pairedLinear(arguments, item: item, scratch: scratch)
    case .convolution(let arguments):
      kernels.convolution(arguments, item: item, scratch: scratch)
    case .winograd(let arguments): kernels.winograd(arguments, item: item, scratch: scratch)
    case .depthwise(let arguments): kernels.depthwise(arguments, item: item)
    case .attention(let arguments): kernels.attention(arguments, item: item, scratch: scratch)
    case .select(let arguments): kernels.select(arguments, item: item, scratch: scratch)
    case .match(let arguments): kernels.match(arguments, item: item, scratch: scratch)
    case .bipartiteMatch(let arguments):
      kernels.bipartiteMatch(arguments, item: item, scratch: scratch)
    case .bipartiteSelect(let arguments):
      kernels.bipartiteSelect(arguments, item: item, scratch: scratch)
    case .combine(let arguments): kernels.combine(arguments, item: item)
    case .halvePicture(let arguments): kernels.halvePicture(arguments, item: item)
    case .gridDown(let arguments): kernels.gridDown(arguments, item: item, scratch: scratch)
    case .gridUp(let arguments): kernels.gridUp(arguments, item: item)
    case .copyRows(let arguments): kernels.copyRows(arguments, item: item)
    case .multiplyAdd(let arguments): kernels.multiplyAdd(arguments, item: item)
    case .columnMax(let arguments): kernels.columnMax(arguments, item: item)
    case .scaleAdd(let arguments): kernels.scaleAdd(arguments, item: item)
    case .ones(let base, let count): base.update(repeating: 1, count: count)
    case .indices(let base, let count, let pictures):
      for picture in 0..<pictures {
        for index in 0..<count {
          base[picture &* count &+ index] = Int32(truncatingIfNeeded: index)
        }
      }
    }
  }
}
