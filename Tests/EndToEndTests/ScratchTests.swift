import Kernels
import PlanRuntime
import TestSupport
import Testing
import ViTCompiler

/// Scratch is as large as any batch needs, not only the largest and the smallest.
struct ScratchTests {
  /// Forms whose class token's layers have more to prepare for few images than for many: their rows
  /// are normalised in scratch as long as there are less than 24, as in ViT-L/32 at batches 22 and 23.
  private static let wide: [SmallModel.Form] = [768, 1024].map { width in
    var form = SmallModel.Form("\(width) columns and one patch")
    (form.width, form.heads, form.hidden) = (width, width / 64, width)
    (form.grid, form.patch, form.depth, form.classes) = (1, 2, 1, 10)
    return form
  }

  @Test(arguments: SmallModel.forms + wide, KernelSelection.choices.indices)
  func scratchIsEnoughForEveryBatch(form: SmallModel.Form, choice: Int) throws {
    try checkScratch(form, choice, .float32)
  }

  @Test(arguments: SmallModel.forms + wide, KernelSelection.choices.indices)
  func scratchIsEnoughForEveryBatchOfInt8(form: SmallModel.Form, choice: Int) throws {
    try checkScratch(form, choice, .int8)
  }

  private func checkScratch(
    _ form: SmallModel.Form, _ choice: Int, _ weights: PlanCompiler.WeightStorage
  ) throws {
    let folder = try TemporaryFolder()
    try SmallModel(form, in: folder).convert(to: folder.file("plan.bin"), weights: weights)
    let plan = try Plan(path: folder.file("plan.bin"))
    for maximum in [1, 2, 7, 22, 23, 24, 25, 32, 64] {
      let session = try Session(
        plan: plan, maximumBatch: maximum, threadCount: 1,
        kernels: KernelSelection.choices[choice])
      let needed = (1...maximum).map { session.scratchBytes(images: $0) }
      for (index, bytes) in needed.enumerated() {
        #expect(bytes <= session.scratchBytes, "\(index + 1) of \(maximum) images")
      }
      if maximum == 32, form.width >= 768, weights == .float32 {
        #expect(max(needed[0], needed[31]) < needed[21], "a form that shows nothing")
      }
    }
  }

  @Test func logitsAreTheSameWhereScratchIsLargest() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(Self.wide[1], in: folder)
    try model.convert(to: folder.file("plan.bin"))
    let input = model.input(images: 23)
    func bits(_ batch: Int, maximum: Int) throws -> [[UInt32]] {
      try BatchRun.logits(
        folder.file("plan.bin"), input, images: 23, batch: batch, threads: 2, maximum: maximum
      ).map { $0.map(\.bitPattern) }
    }
    let alone = try bits(1, maximum: 1)
    #expect(try bits(22, maximum: 32) == alone)
    #expect(try bits(23, maximum: 32) == alone)
  }
}
