import CLibrary
import ImageInput
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTRuntime

/// What a program asks for that cannot be done is an error that it can catch.
struct LimitTests {
  private let folder: TemporaryFolder
  private let plan: Plan

  init() throws {
    folder = try TemporaryFolder()
    plan = try Plan(path: folder.write(try SmallPlan.all(in: folder)[0].bytes, to: "plan.bin"))
  }

  private func image(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, pixels: [UInt8](repeating: 9, count: width * height * 3))
  }

  @Test(arguments: [Int.min, -1, 0, 3, Int.max])
  func batchesOfOtherSizesAreRefused(images: Int) throws {
    let session = try Session(plan: plan, maximumBatch: 2, threadCount: 1)
    let error = #expect(throws: InputError.self) {
      try session.run(images: images, fill: { _ in }, read: { _ in })
    }
    #expect(error?.file == plan.path && error?.field == "batch")
    try session.run(images: 2, fill: { _ in }, read: { _ in })
  }

  @Test(arguments: [Int.min, -1, 0, Int.max])
  func sessionsOfOtherSizesAreRefused(maximum: Int) {
    #expect(throws: InputError.self) {
      try Session(plan: plan, maximumBatch: maximum, threadCount: 1)
    }
  }

  @Test(arguments: [Int.min, 0, Int.max])
  func anyNumberOfThreadsMayBeAskedFor(threads: Int) throws {
    let session = try Session(plan: plan, threadCount: threads)
    #expect((1...ThreadPool.mostThreads).contains(session.threadCount))
    #expect(threads > 0 || session.threadCount == 1)
    try session.run(images: 1, fill: { _ in }, read: { _ in })
  }

  @Test func cropsThatAreNoBatchAreRefused() throws {
    let classifier = try Classifier(plan: plan, maximumBatch: 2, threadCount: 1)
    let crop = image(4, 4)
    for count in [0, 3] {
      let error = #expect(throws: InputError.self) {
        try classifier.logits(of: Array(repeating: crop, count: count))
      }
      #expect(error?.field == "batch" && error?.found == "\(count)")
    }
    #expect(try classifier.logits(of: [crop, crop]).map(\.count) == [2, 2])
  }

  @Test(arguments: [(4, 5), (5, 4), (2, 8), (1, 1)])
  func cropsOfOtherExtentsAreRefused(width: Int, height: Int) throws {
    let classifier = try Classifier(plan: plan, maximumBatch: 2, threadCount: 1)
    let error = #expect(throws: InputError.self) {
      try classifier.logits(of: [image(4, 4), image(width, height)])
    }
    #expect(error?.expected == "a crop of 4 x 4" && error?.found == "\(width) x \(height)")
    // The session is as it was.
    #expect(try classifier.logits(of: [image(4, 4)]).count == 1)
  }

  @Test(arguments: [0, 47, 49])
  func tensorsOfOtherExtentsAreRefused(count: Int) throws {
    var tensor = [Float](repeating: 0, count: count)
    let preprocessing = Preprocessing(plan)
    let error = #expect(throws: InputError.self) {
      try tensor.withUnsafeMutableBufferPointer {
        try preprocessing.normalise(image(4, 4), into: $0)
      }
    }
    #expect(error?.expected == "48" && error?.found == "\(count)")
  }

  @Test(arguments: [Int.min, -1, 1, Int.max])
  func resultsOfImagesThatWereNotRunAreRefused(image: Int) throws {
    let session = try Session(plan: plan, maximumBatch: 2, threadCount: 1)
    #expect(throws: InputError.self) {
      try session.run(images: 1, fill: { _ in }, read: { try $0.logits(image: image) })
    }
  }

  /// Attention of a million tokens, in a plan that is sound.
  @Test func moreWorkThanModelsHaveIsRefusedUnlessAllowed() throws {
    try plan.checkSize()
    var form = SmallModel.Form("large")
    (form.width, form.heads, form.depth, form.hidden) = (8, 2, 2, 8)
    (form.grid, form.patch, form.classes) = (1024, 1, 2)
    try SmallModel(form, in: folder).convert(to: folder.file("large.bin"))
    let large = try Plan(path: folder.file("large.bin"))
    let work = 2 * pow(1024.0 * 1024.0 + 1, 2) * 8
    let counted = large.file.program.work(constants: large.file.constants)
    #expect(counted > work && counted < 1.01 * work)
    for body in [
      { try Session(plan: large, threadCount: 1) },
      { try Classifier(plan: large, threadCount: 1).session },
    ] {
      let error = #expect(throws: InputError.self) { try body() }
      #expect(error?.field == "work of an image" && error?.file == large.path)
    }
    _ = try Session(plan: large, threadCount: 1, allowsLarge: true)
  }

  @Test func aRankingOfNoClassesIsEmpty() {
    #expect(Ranking([1, 2], by: .softmax, count: -1).top.isEmpty)
    #expect(Ranking([], by: .softmax, count: 5).top.isEmpty)
    #expect(Ranking([1, 2], by: .softmax, count: .max).top.map(\.index) == [1, 0])
  }
}
