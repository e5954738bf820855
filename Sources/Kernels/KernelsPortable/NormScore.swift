package import KernelInterface

extension PortableKernels {
  package static func normScore(_ arguments: NormScoreArguments, item: Int) {
    let a = arguments
    let tokens = a.prefix + a.patches
    let attention = a.classAttention + item * a.heads * tokens + a.prefix
    let importance = a.importance + item * a.patches
    let patches = a.unused.used(of: a.patches, image: item)
    for i in 0..<patches {
      let row = a.rows.pointer(image: item, row: a.prefix + i)
      switch a.measure {
      case .value:
        var share: Float = 0
        for h in 0..<a.heads { share += attention[h * tokens + i] }
        importance[i] = share * dot(row, row, a.heads * a.headWidth).squareRoot()
      case .headShare:
        var (sum, total): (Float, Float) = (0, 1e-8)
        for h in 0..<a.heads {
          let own = row + h * a.headWidth
          let length = dot(own, own, a.headWidth).squareRoot()
          sum += attention[h * tokens + i] * length
          total += length
        }
        importance[i] = sum / total
      }
    }
    guard a.measure == .value else { return }
    var total: Float = 0
    for i in 0..<patches { total += importance[i] }
    for i in 0..<patches { importance[i] /= total }
  }
}
