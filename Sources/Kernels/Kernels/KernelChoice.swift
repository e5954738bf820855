package import KernelInterface

/// A set of kernels, and whether products may be formed in pairs.
package struct KernelChoice: Sendable {
  /// As `VITRUN_KERNELS` names it: `portable`, or `avx2` or `avx512`, with `-direct` behind it where
  /// products are sums of multiply-adds, or `-paired` where they are formed in pairs, on every
  /// processor. Of a name without either, the bits of products depend on the processor.
  package let name: String

  /// The kernels.
  package let set: any KernelSet.Type

  /// The same, if products are formed in pairs.
  package let paired: (any PairedKernelSet.Type)?
}
