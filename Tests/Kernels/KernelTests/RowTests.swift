import KernelInterface
import Testing

@Suite struct RowTests {
  /// Three images of rows with a margin of one on both sides.
  struct Rows {
    let buffer: Buffer<Float>
    let count: Int
    let width: Int

    init(count: Int, width: Int, seed: UInt64) {
      var values = Values(seed: seed)
      buffer = Buffer(values.array(3 * (count + 2) * width))
      self.count = count
      self.width = width
    }

    var input: InputRows {
      InputRows(buffer.constant, imageStride: count + 2, firstRow: 1, stride: width)
    }
    var output: OutputRows {
      OutputRows(buffer.pointer, imageStride: count + 2, firstRow: 1, stride: width)
    }
    func value(_ image: Int, _ row: Int, _ c: Int) -> Double {
      Double(buffer.pointer[(image * (count + 2) + 1 + row) * width + c])
    }
    /// The rows without their margins.
    var inner: [Float] {
      (0..<3).flatMap { image in
        (0..<count * width).map { buffer.pointer[(image * (count + 2) + 1) * width + $0] }
      }
    }
  }

  /// Elements in the order of ``Rows/inner``.
  func expected(
    _ rows: Int, _ width: Int, _ value: (Int, Int, Int) -> Double
  ) -> [Double] {
    (0..<3).flatMap { p in (0..<rows).flatMap { r in (0..<width).map { value(p, r, $0) } } }
  }

  @Test(arguments: Implementation.tiled, [(1, 1), (5, 13), (70, 64)])
  func sumsAndProducts(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let a = Rows(count: count, width: width, seed: 1)
    let u = Rows(count: count, width: width, seed: 2)
    let v = Rows(count: count, width: width, seed: 3)
    let out = Rows(count: count, width: width, seed: 4)
    for product in [true, false] {
      let arguments = MultiplyAddArguments(
        for: implementation.tiles,
        a: a.input, u: u.input, v: product ? v.input : nil, output: out.output, images: 3,
        rows: count, width: width)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.multiplyAdd(arguments, item: item)
      }
      expectClose(
        out.inner,
        expected(count, width) {
          a.value($0, $1, $2) + u.value($0, $1, $2) * (product ? v.value($0, $1, $2) : 1)
        })
    }
    for second in [true, false] {
      let arguments = ScaleAddArguments(
        for: implementation.tiles,
        x: a.input, y: second ? u.input : nil, output: out.output, alpha: 0.5, beta: -2,
        images: 3, rows: count, width: width)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.scaleAdd(arguments, item: item)
      }
      expectClose(
        out.inner,
        expected(count, width) {
          0.5 * a.value($0, $1, $2) - (second ? 2 * u.value($0, $1, $2) : 0)
        })
    }
  }

  @Test(arguments: Implementation.tiled, [(1, 1), (5, 13), (11, 64), (3, 100)])
  func rowsAreDividedByTheRootOfTheirMeanSquare(
    implementation: Implementation, shape: (Int, Int)
  ) {
    let (count, width) = shape
    var values = Values(seed: 8)
    let weight = Buffer(values.array(width))
    let unused = Buffer([Int32(count / 2), 0, Int32(count - 1)])
    for isCounted in [false, true] {
      for isInPlace in [false, true] {
        let x = Rows(count: count, width: width, seed: 9)
        let out = isInPlace ? x : Rows(count: count, width: width, seed: 10)
        let outside = out.inner
        let wanted = expected(count, width) { image, row, column in
          guard !isCounted || row < count - Int(unused.pointer[image]) else {
            return Double(outside[(image * count + row) * width + column])
          }
          return referenceRMSNorm(
            (0..<width).map { x.value(image, row, $0) }, weight: weight.array, epsilon: 1e-2)[
              column]
        }
        let arguments = RMSNormArguments(
          for: implementation.tiles, input: x.input, output: out.output, images: 3, rows: count,
          width: width, weight: weight.constant, epsilon: 1e-2,
          unused: UnusedRows(isCounted ? unused.constant : nil))
        runItems(arguments.items.count) { item, scratch in
          arguments.run(item, on: implementation.kernels, scratch: scratch)
        }
        expectClose(out.inner, wanted, "in place \(isInPlace), counted \(isCounted)")
      }
    }
  }

  @Test(arguments: Implementation.all, [(1, 3), (7, 100), (31, 1000)])
  func maximumOverRows(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let x = Rows(count: count, width: width, seed: 6)
    let out = Rows(count: 1, width: width, seed: 7)
    let arguments = ReduceMaxArguments(
      input: x.input, output: out.output, images: 3, rows: count, width: width)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.reduceMax(arguments, item: item)
    }
    expectClose(
      out.inner,
      expected(1, width) { p, _, c in
        (0..<count).map { x.value(p, $0, c) }.max() ?? 0
      }, tolerance: 0)
  }

  @Test(arguments: Implementation.all)
  func constantRowsReachEveryImage(implementation: Implementation) {
    let source = Buffer<Float>([1, 2, 3, 4, 5, 6])
    let out = Rows(count: 2, width: 3, seed: 1)
    let arguments = CopyRowsArguments(
      source: source.constant, output: out.output, images: 3, rows: 2, width: 3)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.copyRows(arguments, item: item)
    }
    #expect(out.inner == source.array + source.array + source.array)
  }

  @Test(arguments: Implementation.all, [(2, 2), (6, 10), (32, 36)])
  func pooledImagesAreMeans(implementation: Implementation, shape: (Int, Int)) {
    let (height, width) = shape
    var values = Values(seed: 12)
    let x = Buffer(values.array(2 * 3 * height * width))
    let y = Buffer<Float>(repeating: -7, count: x.count / 4)
    let arguments = AvgPool2x2Arguments(
      input: x.constant, output: y.pointer, images: 2, channels: 3, height: height, width: width)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.avgPool2x2(arguments, item: item)
    }
    var means: [Double] = []
    for line in 0..<2 * 3 * height / 2 {
      for column in 0..<width / 2 {
        let corner = 2 * line * width + 2 * column
        means.append(
          [0, 1, width, width + 1].reduce(0) { $0 + Double(x.pointer[corner + $1]) } / 4)
      }
    }
    expectClose(y.array, means, tolerance: 1e-6)
  }

  @Test(arguments: Implementation.all, [(0, 2, 4, 5), (2, 4, 6, 24), (1, 14, 14, 16)])
  func gridsGoDownAndUp(implementation: Implementation, shape: (Int, Int, Int, Int)) {
    let (prefix, height, width, channels) = shape
    let (large, small) = (prefix + height * width, prefix + height * width / 4)
    var values = Values(seed: 2)
    let gamma = Buffer(values.array(channels))
    let beta = Buffer(values.array(channels))
    let x = Rows(count: large, width: channels, seed: 8)
    let down = Rows(count: small, width: channels, seed: 9)
    func smallRow(_ y: Int, _ x: Int) -> Int { prefix + y / 2 * (width / 2) + x / 2 }
    for norm in [false, true] {
      let arguments = GridAvgPoolArguments(
        input: x.input, output: down.output, images: 3, prefix: prefix, gridHeight: height,
        gridWidth: width, width: channels,
        norm: norm ? LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-5) : nil)
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
        implementation.kernels.gridAvgPool(arguments, item: $0, scratch: $1)
      }
      var sums = [Double](repeating: 0, count: 3 * small * channels)
      for p in 0..<3 {
        for row in 0..<large {
          var line = (0..<channels).map { x.value(p, row, $0) }
          if norm {
            line = referenceNorm(line, gamma: gamma.array, beta: beta.array, epsilon: 1e-5)
          }
          let (y, column) = max(row - prefix, 0).quotientAndRemainder(dividingBy: width)
          let target = row < prefix ? row : smallRow(y, column)
          for c in 0..<channels {
            sums[(p * small + target) * channels + c] += line[c] / (row < prefix ? 1 : 4)
          }
        }
      }
      expectClose(down.inner, sums)
    }

    let up = Rows(count: large, width: channels, seed: 10)
    let before = up.inner.map(Double.init)
    for adds in [true, false] {
      let arguments = GridUpsampleArguments(
        input: down.input, output: up.output, addend: adds ? up.input : nil, images: 3,
        prefix: prefix, gridHeight: height, gridWidth: width, width: channels)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.gridUpsample(arguments, item: item)
      }
      let spread = expected(large, channels) { p, row, c in
        let (y, x) = max(row - prefix, 0).quotientAndRemainder(dividingBy: width)
        let value = down.value(p, row < prefix ? row : smallRow(y, x), c)
        return adds ? value + before[(p * large + row) * channels + c] : value
      }
      expectClose(up.inner, spread)
    }
  }
}
