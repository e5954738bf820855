internal import ViTRuntime

/// Which images are nearest to each image, by the cosine of their features.
struct Neighbours {
  /// Of each image, the others that are nearest, the nearest first; of equals the one that comes first.
  let nearest: [[Int]]

  /// Compares each of `features`, `[images][width]`, with every other, on as many threads.
  init(of features: [[Float]], count: Int, threads: Int) throws {
    let unit = features.map { Self.lanes(Embed.normalized($0, width: $0.count)) }
    var nearest: [[Int]] = []
    try OrderedWork.run(items: unit.count, workers: threads, ahead: 4 * threads) { _, image in
      Self.nearest(to: image, in: unit, count: count)
    } tell: { _, found in
      nearest.append(found)
    }
    self.nearest = nearest
  }

  /// The cosine of two rows; 0 where one has no length.
  static func cosine(_ first: [Float], _ second: [Float]) -> Double {
    var (product, one, other) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
      product += Double(a) * Double(b)
      one += Double(a) * Double(a)
      other += Double(b) * Double(b)
    }
    return one > 0 && other > 0 ? product / (one * other).squareRoot() : 0
  }

  /// A row as vectors, with zeros behind it.
  private static func lanes(_ row: [Float]) -> [SIMD16<Float>] {
    stride(from: 0, to: row.count, by: 16).map { start in
      var lanes = SIMD16<Float>.zero
      for (lane, value) in row[start...].prefix(16).enumerated() { lanes[lane] = value }
      return lanes
    }
  }

  private static func nearest(to image: Int, in unit: [[SIMD16<Float>]], count: Int) -> [Int] {
    var found: [(index: Int, cosine: Float)] = []
    for other in unit.indices where other != image {
      let cosine = zip(unit[image], unit[other]).reduce(SIMD16<Float>.zero) { $0 + $1.0 * $1.1 }
        .sum()
      guard found.count < count || cosine > found[found.count - 1].cosine else { continue }
      let place = found.firstIndex { cosine > $0.cosine } ?? found.count
      found.insert((other, cosine), at: place)
      if found.count > count { found.removeLast() }
    }
    return found.map(\.index)
  }
}
