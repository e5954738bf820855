internal import KernelInterface
internal import PlanFormat

/// One kernel with its arguments in place: the work between two barriers.
///
/// A step of the plan is one phase, or two where it is a product of prepared rows.
struct Phase: Sendable {
  /// The kind of step it belongs to, for timing.
  let kind: StepKind

  /// The kernel's arguments, which know the kernel.
  let arguments: any KernelArguments

  /// Independent items.
  let items: WorkItems

  init(_ kind: StepKind, _ arguments: any KernelArguments) {
    self.kind = kind
    self.arguments = arguments
    items = arguments.items
  }
}
