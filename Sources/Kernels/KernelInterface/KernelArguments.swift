/// What one kernel works on, all pointers in place, and how it is run: the work between two barriers.
package protocol KernelArguments: Sendable {
  /// The independent items that the work is cut into, see ``KernelSet``; depends on the extents of
  /// the step and of the tiles that the arguments are made for.
  var items: WorkItems { get }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  var scratchBytes: Int { get }

  /// Computes one item with the kernel of a set. `scratch` has at least ``scratchBytes`` bytes, is 64-byte
  /// aligned and used by no other thread.
  func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer)
}

extension KernelArguments {
  package var scratchBytes: Int { 0 }
}
