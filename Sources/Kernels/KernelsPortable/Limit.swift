internal import KernelInterface

extension PortableKernels {
  package static func multiplyAddLoop(_ values: UnsafeMutablePointer<Float>, rounds: Int) {
    let memory = UnsafeMutableRawPointer(values)
    func vector(_ index: Int) -> SIMD8<Float> {
      memory.load(fromByteOffset: 32 &* index, as: SIMD8<Float>.self)
    }
    func store(_ vector: SIMD8<Float>, _ index: Int) {
      memory.storeBytes(of: vector, toByteOffset: 32 &* index, as: SIMD8<Float>.self)
    }
    var (a, b, c, d) = (vector(0), vector(1), vector(2), vector(3))
    var (e, f, g, h) = (vector(4), vector(5), vector(6), vector(7))
    var (i, j, k, l) = (vector(8), vector(9), vector(10), vector(11))
    let (x, y) = (vector(12), vector(13))
    for _ in 0..<2 &* rounds {
      a = a * y + x
      b = b * y + x
      c = c * y + x
      d = d * y + x
      e = e * y + x
      f = f * y + x
      g = g * y + x
      h = h * y + x
      i = i * y + x
      j = j * y + x
      k = k * y + x
      l = l * y + x
    }
    store(a, 0)
    store(b, 1)
    store(c, 2)
    store(d, 3)
    store(e, 4)
    store(f, 5)
    store(g, 6)
    store(h, 7)
    store(i, 8)
    store(j, 9)
    store(k, 10)
    store(l, 11)
  }
}
