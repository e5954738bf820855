internal import KernelInterface

extension WideKernels {
  package static func multiplyAddLoop(_ values: UnsafeMutablePointer<Float>, rounds: Int) {
    TileShape.multiplyAddLoop(values, rounds: rounds)
  }
}

/// `chains` vectors that grow by the same product again and again, none waiting for another.
enum MultiplyAddChains<let chains: Int> {
  /// The vectors are those at `values`; the two factors are at `factors`.
  @inline(__always)
  static func run(
    _ values: UnsafeMutablePointer<Float>, factors: UnsafeMutablePointer<Float>, rounds: Int
  ) {
    var sums = InlineArray<chains, Vector>(repeating: Vector())
    for i in 0..<chains { sums[i] = load(values, i &* lanes) }
    let (x, y) = (load(factors, 0), load(factors, lanes))
    for _ in 0..<rounds {
      for i in 0..<chains { sums[i].addProduct(x, y) }
    }
    for i in 0..<chains { store(sums[i], values, i &* lanes) }
  }
}
