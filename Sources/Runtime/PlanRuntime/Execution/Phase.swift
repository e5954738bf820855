internal import KernelInterface

/// One kernel with its arguments in place: the work between two barriers.
///
/// A step of the plan is one phase, or two where it is a product of prepared rows.
struct Phase: Sendable {
  /// The place in the program of the step it belongs to, for timing.
  let step: Int

  /// The kernel's arguments, which know the kernel.
  let arguments: any KernelArguments

  /// Independent items.
  let items: WorkItems

  init(step: Int, _ arguments: any KernelArguments) {
    self.step = step
    self.arguments = arguments
    items = arguments.items
  }
}
