import PlanFormat
import Tensors
import TestSupport
import Testing
import ViTCompiler
import ViTRuntime
import ViTSearch

struct QuantizationCheckTests {
  let folder: TemporaryFolder
  private let original: String
  private let quantized: String
  private let crops: [RGBImage]

  init() throws {
    folder = try TemporaryFolder()
    (original, quantized) = (folder.file("dense.bin"), folder.file("int8.bin"))
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    try model.convert(to: original)
    var source = RandomSource(seed: 5)
    let side = model.form.grid * model.form.patch
    crops = (0..<5).map { _ in
      RGBImage(
        width: side, height: side,
        pixels: (0..<side * side * 3).map { _ in UInt8(truncatingIfNeeded: source.next() >> 32) })
    }
  }

  private var paths: [String] { crops.indices.map { "\($0).png" } }

  @Test func aPlanAgreesWithItself() throws {
    let check = try QuantizationCheck(Plan(path: original), of: Plan(path: original))
    try check.add(crops, paths: paths, labels: [0, 1, nil, 2, 3])
    #expect(check.comparison.agreement == 1)
    #expect(check.comparison.divergence == 0)
    #expect(check.correct.original == check.correct.quantized)
  }

  @Test func rightAnswersAreCountedOfBoth() throws {
    let classifier = try Classifier(plan: Plan(path: original))
    let labels = try crops.map {
      try Ranking(classifier.logits(of: [$0])[0], by: .softmax, count: 1)
    }
    .map { $0.top[0].index }
    try PlanCompiler.quantize(original, to: quantized)
    let check = try QuantizationCheck(Plan(path: quantized), of: Plan(path: original))
    try check.add(Array(crops[..<2]), paths: paths, labels: Array(labels[..<2]))
    try check.add(Array(crops[2...]), paths: paths, labels: [nil] + labels[3...].map { $0 })
    #expect(check.correct.original == 4)
    #expect(check.comparison.count == 5)
    #expect(check.comparison.divergence > 0)
  }

  /// One layer as it was takes its part of the divergence away, and all that there is if no other is quantized.
  @Test func layersAreTakenBackOneByOne() throws {
    let plan = try PlanFile(path: original)
    let before = try FileSystem.names(in: folder.path).sorted()
    let all = try QuantizationCheck.divergences(
      of: plan, keeping: [], beside: quantized, crops: crops, paths: paths)
    #expect(all.count == 13)
    #expect(Set(all.map(\.name)).count == 13)
    #expect(all.map(\.divergence) == all.map(\.divergence).sorted())
    try PlanCompiler.quantize(original, to: quantized)
    let check = try QuantizationCheck(Plan(path: quantized), of: Plan(path: original))
    try check.add(crops, paths: paths, labels: paths.map { _ in nil })
    #expect(all.contains { $0.divergence != check.comparison.divergence })

    let others = all.dropFirst().map(\.name)
    let one = try QuantizationCheck.divergences(
      of: plan, keeping: others, beside: quantized, crops: crops, paths: paths)
    #expect(one.map(\.name) == [all[0].name])
    #expect(one.map(\.divergence) == [0])
    #expect(try FileSystem.names(in: folder.path).sorted() == (before + ["int8.bin"]).sorted())
  }
}
