internal import ImageInput
internal import ModelFacts
internal import PlanFormat
internal import Tensors
internal import TestSupport
internal import Testing
internal import ViTRuntime

/// What a plan may say of preprocessing: refused, or harmless on every image.
@Suite struct PreprocessFactsTests {
  @Test func hostileFactsAreRefusedOrRunOnOddImages() throws {
    var random = SplitMix(state: 7)
    let images = [(1, 1), (1, 3), (3, 1), (5, 4), (1, 500), (300, 1), (37, 37)].map {
      width, height in
      RGBImage(
        width: width, height: height,
        pixels: [UInt8](repeating: 200, count: width * height * 3))
    }
    var (refused, run, cropped) = (0, 0, 0)
    for _ in 0..<4000 {
      let facts = random.facts()
      do {
        try facts.verify(file: "plan.bin")
      } catch {
        #expect(error is InputError)
        refused += 1
        continue
      }
      run += 1
      let preprocessing = Preprocessing(
        facts, height: random.pick([1, 2, 7, 37]), width: random.pick([1, 3, 37]))
      for image in images {
        do {
          let crop = try preprocessing.crop(image)
          var tensor = [Float](repeating: 0, count: crop.pixels.count)
          try tensor.withUnsafeMutableBufferPointer { try preprocessing.normalise(crop, into: $0) }
          cropped += 1
        } catch {
          #expect(error is InputError)
        }
      }
    }
    #expect(refused > 500 && run > 500 && cropped > 1500)
  }

  @Test func everyChoiceRunsAsItsNamesake() {
    func prepared(_ change: (inout PreprocessFacts) -> Void) -> Preprocessing {
      var facts = PreprocessFacts()
      (facts.resizeHeight, facts.resizeWidth, facts.fill) = (3, 4, [1, 2, 3])
      change(&facts)
      return Preprocessing(facts, height: 5, width: 6)
    }
    for filter in PreprocessFacts.Interpolation.allCases {
      #expect("\(prepared { $0.interpolation = filter }.interpolation)" == filter.word)
    }
    for crop in PreprocessFacts.Crop.allCases {
      #expect("\(prepared { $0.crop = crop }.crop)" == crop.word)
    }
    for alpha in PreprocessFacts.Alpha.allCases {
      #expect("\(prepared { $0.alpha = alpha }.alpha)" == alpha.word)
    }
    let resizes: [Preprocessing.Resize] = [
      .none, .shortestEdge(3), .squash(height: 3, width: 4), .cover(height: 3, width: 4),
      .fit(height: 3, width: 4),
    ]
    #expect(resizes.count == PreprocessFacts.Resize.allCases.count)
    for (resize, expected) in zip(PreprocessFacts.Resize.allCases, resizes) {
      #expect(prepared { $0.resize = resize }.resize == expected)
    }
    let multiplied = prepared {
      $0.rescale = .multiply
      $0.rescaleFactor = 0.25
    }
    #expect(multiplied.rescale == .multiply(0.25) && prepared { _ in }.rescale == .divideBy255)
    #expect(multiplied.fill == [1, 2, 3] && multiplied.height == 5 && multiplied.width == 6)
  }

  @Test func everyRuleIsNamed() throws {
    let cases: [(String, (inout PreprocessFacts) -> Void)] = [
      ("resize", { $0.resizeHeight = 0 }), ("resize", { $0.resizeWidth = 65537 }),
      ("resize", { $0.resizeHeight = 247 }), ("resize", { $0.resize = .none }),
      (
        "resize",
        {
          $0.resize = .squash; $0.resizeWidth = .min
        }
      ), ("fill", { $0.fill = [0, 0] }),
      ("fill", { $0.fill = [0, 0, 256] }), ("fill", { $0.fill = [-1, 0, 0] }),
      ("rescale factor", { $0.rescaleFactor = 0 }),
      ("rescale factor", { $0.rescaleFactor = .infinity }),
      ("rescale factor", { $0.rescaleFactor = -.nan }), ("mean", { $0.mean = [] }),
      ("mean", { $0.mean[2] = .nan }), ("deviation", { $0.standardDeviation[0] = 0 }),
      ("deviation", { $0.standardDeviation.append(1) }),
    ]
    try PreprocessFacts().verify(file: "plan.bin")
    for (field, change) in cases {
      var facts = PreprocessFacts()
      change(&facts)
      let error = #expect(throws: InputError.self) { try facts.verify(file: "plan.bin") }
      #expect(error?.field == "facts, preprocessing, \(field)")
    }
  }
}

/// Random facts, a good part of them sound.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func pick<T>(_ values: [T]) -> T { values[Int(next() % UInt64(values.count))] }

  /// A hostile value once in a while.
  private mutating func pick<T>(_ values: [T], or hostile: [T]) -> T {
    next() % 24 == 0 ? pick(hostile) : pick(values)
  }

  mutating func facts() -> PreprocessFacts {
    var facts = PreprocessFacts()
    facts.interpolation = pick(PreprocessFacts.Interpolation.allCases)
    facts.resize = pick(PreprocessFacts.Resize.allCases)
    facts.crop = pick(PreprocessFacts.Crop.allCases)
    facts.alpha = pick(PreprocessFacts.Alpha.allCases)
    facts.rescale = pick(PreprocessFacts.Rescale.allCases)
    let sides = facts.resize == .none ? [0] : [1, 2, 37, 248, 65536]
    let hostile = [-1, 0, 1, 65537, .max, .min]
    facts.resizeHeight = pick(sides, or: hostile)
    facts.resizeWidth =
      facts.resize == .shortestEdge ? facts.resizeHeight : pick(sides, or: hostile)
    facts.fill = pick(
      [[0, 0, 0], [255, 128, 1]], or: [[], [0], [1, 2, 256], [0, -1, 0], [.max, 0, 0]])
    facts.rescaleFactor = pick(
      [1, 1.0 / 255, 1e300, .leastNonzeroMagnitude], or: [0, -1, .nan, .infinity, -.infinity])
    facts.mean = pick(
      [[0, 0, 0], [0.5, -3e38, 3e38]], or: [[], [.nan, 0, 0], [0, .infinity, 0]])
    facts.standardDeviation = pick(
      [[1, 1, 1], [.leastNonzeroMagnitude, 0.5, 3e38]],
      or: [[], [1], [0, 1, 1], [-1, 1, 1], [.nan, 1, 1]])
    return facts
  }
}
