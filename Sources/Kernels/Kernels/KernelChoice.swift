package import KernelInterface

/// A set of kernels, and which instructions of the processor they use beside.
package struct KernelChoice: Sendable {
  /// As `VITRUN_KERNELS` names it: `portable`, or `avx2` or `avx512`, with `-direct` behind it where
  /// products are sums of multiply-adds, or `-paired` where they are formed in pairs, on every
  /// processor. Of a name without either, the bits of products depend on the processor. With `-novnni` behind
  /// it, products of bytes are added up without the instructions for that, to the same bits.
  package let name: String

  /// The kernels.
  package let set: any KernelSet.Type

  /// The same, if products are formed in pairs.
  package let paired: (any PairedKernelSet.Type)?

  /// The same, if the processor adds products of bytes in one instruction.
  package let vnni: (any VNNIKernelSet.Type)?

  /// What multiplies bytes: `portable`, `avx2` or `avx512`, with `-vnni` behind it where one instruction does.
  package var byteProducts: String { vnni == nil ? "\(set.name)" : "\(set.name)-vnni" }
}
