internal import CVectorExtras
internal import Glibc
package import KernelInterface
internal import KernelsPortable
package import Tensors

#if arch(x86_64)
  internal import KernelsAVX2
  internal import KernelsAVX512
#endif

/// Chooses the kernels for this processor.
package enum KernelSelection {
  /// The variable that overrides the choice.
  package static let variable = "VITRUN_KERNELS"

  /// All sets that this processor can run, the slowest first.
  package static var available: [any KernelSet.Type] {
    #if arch(x86_64)
      if cve_has_avx512() { return [PortableKernels.self, AVX2Kernels.self, AVX512Kernels.self] }
      if cve_has_avx2() { return [PortableKernels.self, AVX2Kernels.self] }
    #endif
    return [PortableKernels.self]
  }

  /// The fastest set that this processor can run, or the one that `VITRUN_KERNELS` names.
  ///
  /// - Throws: ``InputError`` if the variable names no set that this processor can run.
  package static func best() throws(InputError) -> any KernelSet.Type {
    let requested = getenv(variable).map { String(cString: $0) }
    return try best(requested: requested)
  }

  /// The set named `requested`, or the fastest if that is `nil` or empty.
  package static func best(requested: String?) throws(InputError) -> any KernelSet.Type {
    let sets = available
    guard let requested, !requested.isEmpty else {
      return sets.last ?? PortableKernels.self
    }
    for set in sets where "\(set.name)" == requested { return set }
    throw .unavailableKernels(requested, available: sets.map { "\($0.name)" })
  }

  /// The set as one that multiplies in pairs, where that is faster on this processor.
  package static func paired(_ set: any KernelSet.Type) -> (any PairedKernelSet.Type)? {
    cve_adds_beside_multiplying() ? set as? any PairedKernelSet.Type : nil
  }
}
