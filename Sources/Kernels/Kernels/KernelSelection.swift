internal import CVectorExtras
internal import CLibrary
package import KernelInterface
internal import KernelsPortable
package import Tensors

#if arch(x86_64)
  internal import KernelsAVX2
  internal import KernelsAVX512
#elseif arch(arm64)
  internal import KernelsNEON
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
      return [PortableKernels.self]
    #elseif arch(arm64)
      return [PortableKernels.self, NEONKernels.self]
    #else
      return [PortableKernels.self]
    #endif
  }

  /// What `VITRUN_KERNELS` can name on this processor, its own choice last.
  package static var choices: [KernelChoice] {
    available.flatMap { set -> [KernelChoice] in
      guard let paired = set as? any PairedKernelSet.Type else {
        return [KernelChoice(name: "\(set.name)", set: set, paired: nil, dot: nil)]
      }
      let dots = dots(set)
      let own = cve_adds_beside_multiplying() ? paired : nil
      return [
        KernelChoice(name: "\(set.name)-direct", set: set, paired: nil, dot: dots.last),
        KernelChoice(name: "\(set.name)-paired", set: set, paired: paired, dot: dots.last),
      ]
        + dots.indices.map { index in
          // Without one, by those before it.
          KernelChoice(
            name: "\(set.name)-no\(dots[index].name)", set: set, paired: own,
            dot: index > 0 ? dots[index - 1] : nil)
        }
        + [KernelChoice(name: "\(set.name)", set: set, paired: own, dot: dots.last)]
    }
  }

  /// What can replace a set's kernels that multiply bytes on this processor, the slowest first.
  package static func dots(_ set: any KernelSet.Type) -> [any DotKernelSet.Type] {
    #if arch(x86_64)
      if set == AVX512Kernels.self, cve_has_avx512_vnni() { return [AVX512Kernels.VNNI.self] }
      if set == AVX2Kernels.self, cve_has_avx_vnni() { return [AVX2Kernels.VNNI.self] }
    #elseif arch(arm64)
      if set == NEONKernels.self, cve_has_dotprod() {
        return cve_has_i8mm()
          ? [NEONKernels.Dot.self, NEONKernels.I8MM.self] : [NEONKernels.Dot.self]
      }
    #endif
    return []
  }

  /// The fastest choice on this processor, or the one that `VITRUN_KERNELS` names.
  ///
  /// - Throws: ``InputError`` if the variable names none that this processor can run.
  package static func best() throws(InputError) -> KernelChoice {
    let requested = getenv(variable).map { String(cString: $0) }
    return try best(requested: requested)
  }

  /// The choice named `requested`, or the fastest if that is `nil` or empty.
  package static func best(requested: String?) throws(InputError) -> KernelChoice {
    let choices = choices
    guard let requested, !requested.isEmpty else {
      return choices.last
        ?? KernelChoice(name: "portable", set: PortableKernels.self, paired: nil, dot: nil)
    }
    for choice in choices where choice.name == requested { return choice }
    throw .unavailableKernels(requested, available: choices.map(\.name))
  }
}
