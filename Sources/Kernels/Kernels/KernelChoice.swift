package import KernelInterface

/// A set of kernels, and which instructions of the processor they use beside.
package struct KernelChoice: Sendable {
  /// As `VITRUN_KERNELS` names it: `portable`, or `avx2`, `avx512` or `neon`, with `-direct` behind it where
  /// products are sums of multiply-adds, or `-paired` where they are formed in pairs, on every
  /// processor. Of a name without either, the bits of products depend on the processor. With `-novnni`, `-nodot` or
  /// `-noi8mm` behind it, products of bytes are added up without those instructions, to the same bits.
  package let name: String

  /// The kernels.
  package let set: any KernelSet.Type

  /// The same, if products are formed in pairs.
  package let paired: (any PairedKernelSet.Type)?

  /// What multiplies bytes in their place, if the processor adds products of bytes in one instruction.
  package let dot: (any DotKernelSet.Type)?

  /// What multiplies bytes: the name of the set, with `-vnni`, `-dot` or `-i8mm` behind it where one instruction
  /// does.
  package var byteProducts: String {
    if let dot { "\(set.name)-\(dot.name)" } else { "\(set.name)" }
  }
}
