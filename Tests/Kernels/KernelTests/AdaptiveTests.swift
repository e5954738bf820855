import CLibrary
import KernelInterface
import Testing

/// Kernels by which images keep as many tokens as their own scores say: all, some, one or none.
@Suite struct AdaptiveTests {
  private struct Parts {
    let kept, destination, unused: Buffer<Int32>
    let patches: Int

    init(images: Int, patches: Int) {
      self.patches = patches
      kept = Buffer(repeating: -9, count: images * patches)
      destination = Buffer(repeating: -9, count: images * patches)
      unused = Buffer(repeating: -9, count: images)
    }

    /// What an image keeps, after a look at all that was written of it.
    func kept(of image: Int, used: Int) -> [Int] {
      let count = patches - Int(unused.pointer[image])
      let own = (0..<patches).map { Int(kept.pointer[image * patches + $0]) }
      let found = Array(own.prefix(count))
      #expect(own.dropFirst(count).allSatisfy { $0 == found.last ?? 0 })
      for i in 0..<patches {
        let place = found.firstIndex(of: i) ?? -1
        #expect(destination.pointer[image * patches + i] == Int32(place), "image \(image), \(i)")
      }
      #expect(found.allSatisfy { $0 < used } && found == found.sorted())
      return found
    }
  }

  private func select(
    _ implementation: Implementation, _ rule: SelectArguments.Rule, _ scores: [Float],
    patches: Int, unused: [Int32]? = nil
  ) -> [[Int]] {
    let images = scores.count / patches
    let values = Buffer(scores)
    let counts = Buffer(unused ?? [])
    let parts = Parts(images: images, patches: patches)
    let arguments = SelectArguments(
      rule, scores: values.constant, images: images, patches: patches,
      unused: UnusedRows(unused == nil ? nil : counts.constant), kept: parts.kept.pointer,
      destination: parts.destination.pointer, unusedKept: parts.unused.pointer)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.select(arguments, item: $0, scratch: $1)
    }
    return (0..<images).map { parts.kept(of: $0, used: patches - Int(unused?[$0] ?? 0)) }
  }

  @Test(arguments: Implementation.all)
  func scoresReachAThreshold(implementation: Implementation) {
    let scores: [Float] = [1, 0.5, .nan, 0.25, 2] + [0, 0, 0, 0, 0] + [9, 9, 9, 9, 9]
    #expect(
      select(implementation, .above(0.5), scores, patches: 5) == [[0, 1, 4], [], [0, 1, 2, 3, 4]])
    #expect(
      select(implementation, .above(0.5), scores, patches: 5, unused: [1, 5, 5])
        == [[0, 1], [], []])
    #expect(select(implementation, .above(Float(0.5).nextUp), scores, patches: 5)[0] == [0, 4])
  }

  @Test(arguments: Implementation.all, [(3, 3), (17, 17), (60, 196), (196, 196)])
  func stepsSample(implementation: Implementation, shape: (Int, Int)) {
    let (patches, steps) = shape
    var values = Values(seed: 41)
    var scores = values.array(3 * patches).map { $0 * $0 }
    // Ties, and a running sum that stands still.
    for i in stride(from: 0, to: patches, by: 5) { scores[i] = 0 }
    for i in stride(from: 1, to: patches, by: 3) { scores[patches + i] = 0.25 }
    let unused: [Int32] = [0, Int32(patches / 3), Int32(patches - 2)]
    let found = select(
      implementation, .sampled(steps: steps), scores, patches: patches, unused: unused)
    for image in 0..<3 {
      let used = patches - Int(unused[image])
      let own = Array(scores[image * patches..<image * patches + used])
      guard used > 2 else {
        #expect(found[image] == Array(0..<used))
        continue
      }
      let order = own.indices.sorted { own[$0] == own[$1] ? $0 < $1 : own[$0] < own[$1] }
      var running: [Float] = []
      for token in order { running.append((running.last ?? 0) + own[token]) }
      let (first, range) = (running[0], running[used - 1] - running[0])
      running = running.map { ($0 - first) / range }
      let lowest = running.first { $0 > 0 } ?? 1
      let places = (0..<steps).map { step in
        let target = lowest + (1 - lowest) * Float(step) / Float(steps - 1)
        return running.indices.min { abs(running[$0] - target) < abs(running[$1] - target) } ?? 0
      }
      #expect(found[image] == Set(places).map { order[$0] }.sorted(), "image \(image)")
      #expect(!found[image].contains(order[0]), "the least is never taken")
    }
  }

  @Test(arguments: Implementation.all)
  func noNumbersAreNotSampled(implementation: Implementation) {
    #expect(
      select(
        implementation, .sampled(steps: 4),
        [.nan, 1, 2, 3] + [0, 0, 0, 0] + [1, 2, .infinity, 3],
        patches: 4) == [[], [], []])
    #expect(select(implementation, .sampled(steps: 4), [.nan, .nan], patches: 2) == [[0, 1]])
  }

  /// Of four images one goes on, one's class token halts, one's had halted before, and one has no numbers.
  @Test(arguments: Implementation.all)
  func tokensHalt(implementation: Implementation) {
    let (images, patches, width) = (4, 5, 3)
    let gate = HaltingValues(scale: 2, center: 1, epsilon: 0.125)
    var values = Values(seed: 42)
    var x = values.array(images * (1 + patches) * width)
    func channel(_ image: Int, _ token: Int) -> Int { (image * (1 + patches) + token) * width }
    for image in 0..<images { x[channel(image, 0)] = -2 }
    // Halting values of 0.88, of next to nothing, and of half.
    (x[channel(0, 1)], x[channel(0, 2)], x[channel(0, 3)]) = (1.5, -9, 0.5)
    x[channel(1, 0)] = 3
    x[channel(3, 0)] = .nan
    var remainders = [Float](repeating: 1, count: images * (1 + patches))
    remainders[3] = 0.5
    remainders[2 * (1 + patches)] = 0.1
    let unused = Buffer<Int32>([1, 0, 5, 2])
    let tokens = Buffer(x)
    let before = Buffer(remainders)
    let after = Buffer<Float>(repeating: -9, count: images * (1 + patches))
    let parts = Parts(images: images, patches: patches)
    let arguments = HaltArguments(
      gate, tokens: InputRows(tokens.constant, imageStride: 1 + patches, stride: width),
      remainders: before.constant, newRemainders: after.pointer, images: images,
      patches: patches, unused: UnusedRows(unused.constant), kept: parts.kept.pointer,
      destination: parts.destination.pointer, unusedKept: parts.unused.pointer)
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.halt(arguments, item: item)
    }
    func halting(_ image: Int, _ token: Int) -> Double {
      1 / (1 + exp(1 - 2 * Double(x[channel(image, token)])))
    }
    let kept = (0..<images).map { parts.kept(of: $0, used: patches - Int(unused.pointer[$0])) }
    let goesOn = (0..<4).filter {
      Double(remainders[1 + $0]) - halting(0, 1 + $0) > 0.125
    }
    #expect(kept == [goesOn, [], [], []] && goesOn.contains(1) && !goesOn.contains(0))
    for token in 0..<5 {
      let wanted = Double(remainders[token]) - halting(0, token)
      #expect(abs(Double(after.pointer[token]) - wanted) < 1e-6)
    }
    #expect(after.pointer[2 * (1 + patches)] == 0.1)

    let sum = Buffer(values.array(images * width))
    let output = Buffer<Float>(repeating: -9, count: images * width)
    for (isLast, hasSum) in [(false, true), (true, true), (false, false)] {
      let adding = AccumulateArguments(
        gate, isLast: isLast, tokens: arguments.tokens, remainders: before.constant,
        remainderStride: 1 + patches, sum: hasSum ? sum.constant : nil, output: output.pointer,
        images: images, width: width)
      runItems(adding.items.count) { item, _ in
        implementation.kernels.accumulate(adding, item: item)
      }
      for image in 0..<images {
        let own = halting(image, 0)
        let weight = image == 2 ? 0 : isLast || image == 1 ? 1 : own
        for c in 0..<width {
          let found = output.pointer[image * width + c]
          let wanted =
            (hasSum ? Double(sum.pointer[image * width + c]) : 0)
            + weight * Double(x[channel(image, 0) + c])
          if image == 3, !isLast || c == 0 {
            #expect(found.isNaN, "what is no number is seen")
          } else {
            #expect(abs(Double(found) - wanted) < 1e-5, "image \(image), last \(isLast)")
          }
        }
      }
    }
  }
}
