import KernelInterface
import Testing

/// Rows that are not in use: they are neither read nor written, and what is in use has the bits that it has
/// without them.
@Suite struct UnusedRowTests {
  // MARK: - Products

  static let linearCases: [LinearTests.Case] = [
    .init(images: 3, rows: 2, inputs: 5, outputs: 17),
    .init(images: 3, rows: 37, inputs: 49, outputs: 80, norm: true, activation: .gelu),
    .init(images: 3, rows: 37, inputs: 96, outputs: 48, half: true, norm: true, residual: true),
    .init(images: 3, rows: 7, inputs: 33, outputs: 40, norm: true, residual: true, margin: 2),
    .init(images: 3, rows: 230, inputs: 24, outputs: 64, activation: .relu, residual: true),
    .init(images: 1, rows: 40, inputs: 48, outputs: 16),
  ]

  /// None, some, and all but one.
  private func counts(_ images: Int, of rows: Int) -> [Int32] {
    (0..<images).map { [Int32(rows / 2), 0, Int32(rows - 1)][$0 % 3] }
  }

  @Test(arguments: Implementation.all, linearCases)
  func linear(implementation: Implementation, test: LinearTests.Case) {
    check(implementation, test, inPairs: false)
  }

  @Test(.enabled(if: !Implementation.wide.isEmpty, "needs AVX2"), arguments: linearCases)
  func pairedLinear(test: LinearTests.Case) {
    guard test.outputs % 16 == 0 else { return }
    for implementation in Implementation.wide { check(implementation, test, inPairs: true) }
  }

  private func check(_ implementation: Implementation, _ test: LinearTests.Case, inPairs: Bool) {
    let problem = LinearProblem(test)
    let unused = counts(test.images, of: test.rows)
    let all = problem.run(implementation, inPairs: inPairs)
    for reversed in [false, true] {
      let found = problem.run(
        implementation, reversed: reversed, inPairs: inPairs, unused: unused)
      for row in 0..<test.images * problem.rowsOfBuffer {
        let range = row * test.outputs..<(row + 1) * test.outputs
        if !problem.isUnused(row, unused) {
          #expect(bits(Array(found[range])) == bits(Array(all[range])), "row \(row)")
        } else if test.residual {
          #expect(found[range].allSatisfy { $0.isNaN }, "row \(row)")
        } else {
          #expect(found[range].allSatisfy { $0 == -7 }, "row \(row)")
        }
      }
    }
  }

  @Test(arguments: Implementation.all)
  func aNormThatIsComputedOnceLeavesThemOut(implementation: Implementation) throws {
    let (images, rows, width) = (3, 20, 33)
    let unused: [Int32] = [19, 0, 7]
    let counts = Buffer(unused)
    var values = Values(seed: 5)
    let x = Buffer(values.array(images * rows * width))
    let (gamma, beta) = (Buffer(values.array(width)), Buffer(values.array(width)))
    let weights = Buffer(packed(values.array(width * 16), inputs: width, outputs: 16))
    let prepared = Buffer<Float>(repeating: -7, count: images * rows * width)
    let output = Buffer<Float>(repeating: -7, count: images * rows * 16)
    let arguments = LinearArguments(
      for: implementation.tiles,
      input: InputRows(x.constant, imageStride: rows, stride: width),
      output: OutputRows(output.pointer, imageStride: rows, stride: 16), images: images,
      rows: rows, inputWidth: width, outputWidth: 16,
      weights: PanelWeights(weights.pointer, element: .float32),
      norm: LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-6),
      unused: UnusedRows(counts.constant))
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.linear(arguments, item: $0, scratch: $1)
    }
    let fused = output.array
    let (norm, product) = try #require(arguments.normalizingOnce(into: prepared.pointer))
    runItems(norm.items.count) { item, _ in implementation.kernels.layerNorm(norm, item: item) }
    runItems(product.items.count, scratchBytes: product.scratchBytes) {
      implementation.kernels.linear(product, item: $0, scratch: $1)
    }
    #expect(bits(output.array) == bits(fused))
    for row in 0..<images * rows {
      let isUnused = row % rows >= rows - Int(unused[row / rows])
      #expect((prepared.pointer[row * width] == -7) == isUnused)
    }
  }

  /// However few rows an image has, no thread has more of them than the others.
  @Test(arguments: Implementation.tiled)
  func rowsInUseAreDealtEvenly(implementation: Implementation) {
    let (images, rows, width) = (3, 197, 16)
    let x = Buffer<Float>(repeating: 0, count: images * rows * width)
    let weights = Buffer(
      packed([Float](repeating: 0, count: width * 16), inputs: width, outputs: 16))
    let unused: [Int32] = [0, 104, 196]
    let counts = Buffer(unused)
    let arguments = LinearArguments(
      for: implementation.tiles,
      input: InputRows(x.constant, imageStride: rows, stride: width),
      output: OutputRows(x.pointer, imageStride: rows, stride: width), images: images, rows: rows,
      inputWidth: width, outputWidth: 16,
      weights: PanelWeights(weights.pointer, element: .float32),
      unused: UnusedRows(counts.constant))
    for image in 0..<images {
      let blocks = (0..<arguments.items.count).map { arguments.block($0) }
        .filter { $0.group == image && $0.panelStart == 0 }
      let used = rows - Int(unused[image])
      #expect(blocks.flatMap { Array($0.rowStart..<$0.rowEnd) }.sorted() == Array(0..<used))
      let sizes = blocks.map { $0.rowEnd - $0.rowStart }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1, "image \(image): \(sizes)")
    }
  }

  // MARK: - Rows

  /// Three images of rows, those that are not in use full of NaN, and counts of them.
  private struct Rows {
    let rows: RowTests.Rows
    let unused: [Int32]
    let counts: Buffer<Int32>

    init(_ count: Int, _ width: Int, seed: UInt64) {
      rows = RowTests.Rows(count: count, width: width, seed: seed)
      unused = [Int32(count - 1), 0, Int32(count / 2)]
      counts = Buffer(unused)
      for image in 0..<3 {
        for row in 0..<count where isUnused(image, row) {
          for c in 0..<width {
            rows.buffer.pointer[(image * (count + 2) + 1 + row) * width + c] = .nan
          }
        }
      }
    }

    func isUnused(_ image: Int, _ row: Int) -> Bool {
      row >= rows.count - Int(unused[image])
    }
  }

  @Test(arguments: Implementation.all, [(2, 1), (5, 13), (70, 64)])
  func rowByRow(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let (a, u, v) = (
      Rows(count, width, seed: 1), Rows(count, width, seed: 2), Rows(count, width, seed: 3)
    )
    var values = Values(seed: 8)
    let (gamma, beta) = (Buffer(values.array(width)), Buffer(values.array(width)))
    func run(_ body: (RowTests.Rows, UnusedRows) -> Void) {
      let outputs = [UnusedRows(nil), UnusedRows(a.counts.constant)].map { unused in
        let out = RowTests.Rows(count: count, width: width, seed: 4)
        body(out, unused)
        return out.inner
      }
      let before = RowTests.Rows(count: count, width: width, seed: 4).inner
      for index in before.indices {
        let (image, row) = (index / (count * width), index / width % count)
        let expected = a.isUnused(image, row) ? before[index] : outputs[0][index]
        #expect(outputs[1][index].bitPattern == expected.bitPattern, "\(image), \(row)")
      }
    }
    run { out, unused in
      let arguments = MultiplyAddArguments(
        for: implementation.tiles, a: a.rows.input, u: u.rows.input, v: v.rows.input,
        output: out.output, images: 3,
        rows: count, width: width, unused: unused)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.multiplyAdd(arguments, item: item)
      }
    }
    run { out, unused in
      let arguments = ScaleAddArguments(
        for: implementation.tiles, x: a.rows.input, y: u.rows.input, output: out.output, alpha: 0.5,
        beta: 2, images: 3,
        rows: count, width: width, unused: unused)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.scaleAdd(arguments, item: item)
      }
    }
    run { out, unused in
      let arguments = LayerNormArguments(
        for: implementation.tiles, input: a.rows.input, output: out.output, images: 3, rows: count,
        width: width,
        norm: LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-6),
        unused: unused)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.layerNorm(arguments, item: item)
      }
    }
  }

  @Test(arguments: Implementation.all, [(2, 3), (31, 1000)])
  func maximumOverRows(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let x = Rows(count, width, seed: 6)
    let out = RowTests.Rows(count: 1, width: width, seed: 7)
    let arguments = ReduceMaxArguments(
      input: x.rows.input, output: out.output, images: 3, rows: count, width: width,
      unused: UnusedRows(x.counts.constant))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.reduceMax(arguments, item: item)
    }
    let expected = (0..<3).flatMap { image in
      (0..<width).map { c in
        (0..<count - Int(x.unused[image])).map { x.rows.value(image, $0, c) }.max() ?? 0
      }
    }
    expectClose(out.inner, expected, tolerance: 0)
  }

  @Test(arguments: Implementation.all)
  func importance(implementation: Implementation) {
    let (heads, prefix, patches) = (2, 2, 9)
    let tokens = prefix + patches
    let unused: [Int32] = [0, 8, 3]
    let counts = Buffer(unused)
    var values = Values(seed: 2)
    let rows = Buffer(values.array(3 * heads * tokens))
    for index in 0..<rows.count
    where index % tokens >= tokens - Int(unused[index / (heads * tokens)]) {
      rows.pointer[index] = .nan
    }
    let importance = Buffer<Float>(repeating: -7, count: 3 * patches)
    let arguments = ScoreArguments(
      classAttention: rows.constant, images: 3, heads: heads, prefix: prefix, patches: patches,
      importance: importance.pointer, unused: UnusedRows(counts.constant))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.score(arguments, item: item)
    }
    for image in 0..<3 {
      for patch in 0..<patches {
        let place = image * heads * tokens + prefix + patch
        let mean = (rows.pointer[place] + rows.pointer[place + tokens]) / 2
        let isUnused = patch >= patches - Int(unused[image])
        #expect(importance.pointer[image * patches + patch] == (isUnused ? -7 : mean))
      }
    }
  }

  // MARK: - Attention

  @Test(arguments: AttentionKernels.all, [(24, 2, 16), (40, 2, 20), (69, 1, 64), (3, 3, 4)])
  func attention(kernels: AttentionKernels, shape: (Int, Int, Int)) {
    let (tokens, heads, width) = shape
    let test = AttentionTests.Case(
      images: 3, tokens: tokens, heads: heads, width: width, sized: true)
    let problem = AttentionProblem(test)
    let whole = problem.qkv.array
    let unused: [Int32] = [0, Int32(tokens - 1), Int32(tokens / 3)]
    let counts = Buffer(unused)
    let embedding = heads * width
    for image in 0..<3 {
      for token in tokens - Int(unused[image])..<tokens {
        for c in 0..<3 * embedding {
          problem.qkv.pointer[(image * tokens + token) * 3 * embedding + c] = .nan
        }
        problem.sizes.pointer[image * tokens + token] = .nan
      }
    }
    for reversed in [false, true] {
      let output = Buffer<Float>(repeating: -7, count: 3 * tokens * embedding)
      let classAttention = Buffer<Float>(repeating: -7, count: 3 * heads * tokens)
      let probabilities = Buffer<Float>(repeating: -7, count: 3 * heads * tokens * tokens)
      var arguments = problem.arguments(for: kernels.implementation.tiles)
      arguments.output = OutputRows(output.pointer, imageStride: tokens, stride: embedding)
      arguments.classAttention = classAttention.pointer
      arguments.probabilities = probabilities.pointer
      arguments.unused = UnusedRows(counts.constant)
      kernels.attend(arguments, reversed: reversed)
      for image in 0..<3 {
        // An image of as many tokens, alone.
        let used = tokens - Int(unused[image])
        let alone = AttentionProblem(
          AttentionTests.Case(tokens: used, heads: heads, width: width, sized: true))
        for i in 0..<alone.qkv.count {
          alone.qkv.pointer[i] = whole[image * tokens * 3 * embedding + i]
        }
        for i in 0..<used { alone.sizes.pointer[i] = problem.sizes.pointer[image * tokens + i] }
        let expected = alone.run(kernels)
        func rows(
          _ found: [Float], _ count: Int, _ width: Int, _ expected: [Float], _ columns: Int
        ) {
          for row in 0..<count {
            for c in 0..<width {
              let isUsed = row < expected.count / columns && c < columns
              let value = isUsed ? expected[row * columns + c] : -7
              #expect(found[row * width + c].bitPattern == value.bitPattern, "\(row), \(c)")
            }
          }
        }
        func part(_ values: [Float]) -> [Float] {
          let count = values.count / 3
          return Array(values[image * count..<(image + 1) * count])
        }
        rows(part(output.array), tokens, embedding, expected.output, embedding)
        rows(part(classAttention.array), heads, tokens, expected.classAttention, used)
        for h in 0..<heads {
          let all = part(probabilities.array)[h * tokens * tokens..<(h + 1) * tokens * tokens]
          let own = expected.probabilities[h * used * used..<(h + 1) * used * used]
          rows(Array(all), tokens, tokens, Array(own), used)
        }
      }
    }
  }

  @Test(arguments: Implementation.all)
  func queriesThatAreInUseWhateverTheCount(implementation: Implementation) {
    let problem = AttentionProblem(
      AttentionTests.Case(images: 2, tokens: 21, heads: 2, width: 8))
    let counts = Buffer<Int32>([18, 4])
    func run(_ queries: Int) -> [Float] {
      let output = Buffer<Float>(repeating: -7, count: 2 * queries * 16)
      var arguments = problem.arguments(for: implementation.tiles)
      arguments.queries = queries
      arguments.output = OutputRows(output.pointer, imageStride: queries, stride: 16)
      arguments.unused = UnusedRows(counts.constant)
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
        implementation.kernels.attention(arguments, item: $0, scratch: $1)
      }
      return output.array
    }
    let (all, first) = (run(21), run(3))
    #expect(bits(Array(first[..<48])) == bits(Array(all[..<48])))
    #expect(bits(Array(first[48...])) == bits(Array(all[336..<384])))
  }
}
