package import KernelInterface

extension PortableKernels {
  package static func score(_ arguments: ScoreArguments, item: Int) {
    let a = arguments
    let tokens = a.prefix + a.patches
    let rows = a.classAttention + item * a.heads * tokens + a.prefix
    let importance = a.importance + item * a.patches
    for i in 0..<a.unused.used(of: a.patches, image: item) {
      var sum: Float = 0
      for h in 0..<a.heads { sum += rows[h * tokens + i] }
      importance[i] = sum / Float(a.heads)
    }
  }
}
