package import KernelInterface

extension PortableKernels {
  package static func score(_ arguments: ScoreArguments, item: Int) {
    let a = arguments
    let tokens = a.prefix + a.patches
    let rows = a.classAttention + item * a.heads * tokens + a.prefix
    let importance = a.importance + item * a.patches
    let patches = a.unused.used(of: a.patches, image: item)
    importance.update(repeating: 0, count: patches)
    for h in 0..<a.heads {
      for i in 0..<patches { importance[i] += rows[h * tokens + i] }
    }
    for i in 0..<patches { importance[i] /= Float(a.heads) }
  }
}
