import KernelInterface
import Testing

@Suite struct QuantizedAttentionTests {
  typealias Case = AttentionTests.Case

  static let cases: [Case] = [
    Case(tokens: 1, heads: 1, width: 1),
    Case(tokens: 1, heads: 2, width: 16, sized: true),
    Case(tokens: 2, heads: 2, width: 3, sized: true),
    Case(tokens: 7, heads: 2, width: 64),
    Case(tokens: 17, heads: 3, width: 12),
    Case(tokens: 197, heads: 2, width: 32, sized: true),
    Case(tokens: 197, heads: 1, width: 64),
    Case(tokens: 69, heads: 2, width: 60, scale: -0.2),
    Case(images: 3, tokens: 24, heads: 2, width: 20, sized: true),
    Case(tokens: 40, heads: 2, width: 80, magnitude: 60),
  ]

  /// Every integer is the one that the definition gives.
  @Test(arguments: ByteProducts.tiled, cases)
  func headsAreWhatTheDefinitionSays(products: ByteProducts, test: Case) {
    let problem = QuantizedAttentionProblem(test)
    let heads = problem.quantize(products)
    for image in 0..<test.images {
      for h in 0..<test.heads {
        let expected = DefinedHead(problem.values, image: image, head: h)
        #expect(heads.head(image, h) == expected, "image \(image), head \(h)")
      }
    }
  }

  /// What follows from these integers, within what a cubic for powers of two leaves and the rounding of weights.
  @Test(arguments: ByteProducts.tiled, cases)
  func matchesTheReference(products: ByteProducts, test: Case) {
    let problem = QuantizedAttentionProblem(test)
    let result = problem.run(products)
    let again = problem.run(products, reversed: true)
    #expect(bits(result.output) == bits(again.output))
    #expect(bits(result.probabilities) == bits(again.probabilities))
    let (tokens, embedding) = (test.tokens, test.heads * test.width)
    for image in 0..<test.images {
      for h in 0..<test.heads {
        let head = DefinedHead(problem.values, image: image, head: h)
        let sizes = Array(problem.values.sizes.array[image * tokens..<(image + 1) * tokens])
        let reference = head.attention(sizes: test.sized ? sizes : nil)
        let place = image * test.heads + h
        let all = result.probabilities[place * tokens * tokens..<(place + 1) * tokens * tokens]
        expectClose(Array(all), reference.probabilities, tolerance: 1e-5, "probability")
        #expect(
          bits(Array(result.classAttention[place * tokens..<(place + 1) * tokens]))
            == bits(Array(all.prefix(tokens))))
        let own = (0..<tokens).flatMap { token in
          let first = (image * tokens + token) * embedding + h * test.width
          return Array(result.output[first..<first + test.width])
        }
        expectClose(own, reference.output, tolerance: 4e-4, "output")
      }
    }
  }

  @Test(arguments: ByteProducts.tiled, [4, 16, 44, 48, 64, 80])
  func everyTileMatchesTheReference(products: ByteProducts, width: Int) {
    for tokens in 1...40 {
      let problem = QuantizedAttentionProblem(Case(tokens: tokens, heads: 1, width: width))
      let reference = DefinedHead(problem.values, image: 0, head: 0).attention(sizes: nil)
      expectClose(
        problem.run(products).output, reference.output, tolerance: 4e-4, "\(tokens) tokens")
    }
  }

  /// Keys that are all alike: each weight is the largest, and the sums of values at their ends come as close to the
  /// end of 32 bits as they can.
  @Test(arguments: ByteProducts.tiled, [1, 128, 129, 197, 1025])
  func sumsAreExactToTheLast(products: ByteProducts, tokens: Int) {
    let width = 4
    let problem = QuantizedAttentionProblem(Case(tokens: tokens, heads: 1, width: width))
    let row = problem.values.rowWidth
    for token in 0..<tokens {
      for c in 0..<width {
        problem.values.qkv.pointer[token * row + width + c] = 0.25
        // All but one at the upper end, at the lower end, or in turn.
        let isUpper = c == 0 ? token > 0 : c == 1 ? token == 0 : c == 2 ? token % 2 == 0 : true
        problem.values.qkv.pointer[token * row + 2 * width + c] = isUpper ? 3 : -1
      }
    }
    let upper = [tokens - 1, 1, (tokens + 1) / 2, tokens]
    let expected = (0..<tokens).flatMap { _ in
      upper.map { (Double($0) * 3 - Double(tokens - $0)) / Double(tokens) }
    }
    expectClose(problem.run(products).output, expected, tolerance: 1e-6)
  }

  @Test(
    .enabled(
      if: ByteProducts.wide.count > 1, "needs two kernels of wide registers that multiply bytes"),
    arguments: cases)
  func bitsDoNotDependOnTheInstructions(test: Case) {
    let problem = QuantizedAttentionProblem(test)
    let results = ByteProducts.wide.map { problem.run($0) }
    #expect(results.allSatisfy { bits($0.output) == bits(results[0].output) })
    #expect(results.allSatisfy { bits($0.classAttention) == bits(results[0].classAttention) })
  }

  @Test(arguments: ByteProducts.all)
  func bitsDoNotDependOnTheBatch(products: ByteProducts) {
    var test = Case(images: 3, tokens: 50, heads: 2, width: 12, sized: true)
    let together = QuantizedAttentionProblem(test)
    let all = together.run(products).output
    test.images = 1
    let size = 50 * 24
    for image in 0..<3 {
      let alone = QuantizedAttentionProblem(
        AttentionProblem(test, image: image, of: together.values))
      #expect(
        bits(alone.run(products).output) == bits(Array(all[image * size..<(image + 1) * size])))
    }
  }

  @Test(arguments: ByteProducts.all)
  func theFirstQueriesAloneHaveTheSameBits(products: ByteProducts) {
    let problem = QuantizedAttentionProblem(Case(images: 2, tokens: 41, heads: 2, width: 8))
    let all = problem.run(products)
    for queries in [1, 17, 33] {
      let part = problem.run(products, queries: queries)
      #expect(bits(part.classAttention) == bits(all.classAttention))
      for image in 0..<2 {
        let whole = all.output[image * 41 * 16..<(image * 41 + queries) * 16]
        let own = part.output[image * queries * 16..<(image + 1) * queries * 16]
        #expect(bits(Array(own)) == bits(Array(whole)))
      }
    }
  }

  /// Tokens that are not in use change nothing, whatever they hold, and nothing is written in their place.
  @Test(arguments: ByteProducts.all)
  func tokensThatAreNotInUseAreNeitherReadNorWritten(products: ByteProducts) {
    let test = Case(images: 3, tokens: 37, heads: 2, width: 24, sized: true)
    let problem = QuantizedAttentionProblem(test)
    let unused: [Int32] = [0, 20, 36]
    let row = problem.values.rowWidth
    for (image, count) in unused.enumerated() {
      for token in 37 - Int(count)..<37 {
        for c in 0..<row { problem.values.qkv.pointer[(image * 37 + token) * row + c] = .nan }
      }
    }
    let found = problem.run(products, unused: unused)
    for (image, count) in unused.enumerated() {
      var alone = test
      (alone.images, alone.tokens) = (1, 37 - Int(count))
      let own = QuantizedAttentionProblem(
        AttentionProblem(alone, image: image, of: problem.values)
      )
      .run(products)
      let rows = found.output[image * 37 * 48..<(image + 1) * 37 * 48]
      #expect(bits(Array(rows.prefix(alone.tokens * 48))) == bits(own.output), "image \(image)")
      #expect(rows.dropFirst(alone.tokens * 48).allSatisfy { $0 == -7 })
    }
  }

  /// What is not finite spreads as far as it does in float32, and no further than its head and image.
  @Test(arguments: ByteProducts.all, [Float.nan, .infinity])
  func notANumberSpreadsWithoutATrap(products: ByteProducts, value: Float) {
    for (place, isWhole) in [(0, false), (8, true), (16, false)] {
      let problem = QuantizedAttentionProblem(Case(tokens: 5, heads: 2, width: 4))
      problem.values.qkv.pointer[place] = value
      let result = problem.run(products)
      let first = result.output.indices.filter { $0 % 8 < 4 }
      let broken = first.filter { result.output[$0].isNaN }
      // A query's own row, all of a head for a key, a channel for a value.
      let expected =
        isWhole ? first : place == 0 ? Array(first.prefix(4)) : first.filter { $0 % 8 == 0 }
      #expect(broken == expected, "\(place)")
      #expect(result.output.indices.allSatisfy { $0 % 8 < 4 || result.output[$0].isFinite })
    }
  }
}
