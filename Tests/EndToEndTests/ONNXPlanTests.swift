import Checkpoints
import Families
import CLibrary
import ImageInput
import JSON
import ModelFacts
import PlanFormat
import TestSupport
import Testing
import ViTRuntime
import ViTCompiler

/// Plans of ONNX files as people have them: what they take, and what becomes of their logits.
@Suite struct ONNXPlanTests {
  private static let fixtures = "Tests/Fixtures/onnx"

  /// The plan of a fixture, dense or with half of its tokens.
  private static func plan(_ name: String, in folder: borrowing TemporaryFolder) throws -> String {
    let checkpoint = try Checkpoint.open("\(fixtures)/\(name)/model.onnx")
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    let plan = folder.file("model.bin")
    try PlanCompiler.convert(
      model.graph, facts: model.facts, labels: Labels(), weights: .float32, to: plan,
      from: checkpoint.sources)
    return plan
  }

  private static func expected(_ name: String) throws -> [Float] {
    let file = try Checkpoint.open("\(fixtures)/expected.safetensors")
    return try #require(file.tensors[name], "\(name)").float32Values()
  }

  @Test(arguments: [
    ("deployed_torchscript", Plan.Scores.sigmoid), ("deployed_dynamo", .sigmoid),
    ("ends_in_sigmoid_torchscript", .sigmoid), ("ends_in_sigmoid_batch_3_dynamo", .sigmoid),
    ("ends_in_softmax_torchscript", .softmax), ("ends_in_softmax_lvvit_dynamo", .softmax),
  ])
  func probabilitiesAreTheFilesResults(fixture: String, scores: Plan.Scores) throws {
    let folder = try TemporaryFolder()
    let path = try Self.plan(fixture, in: folder)
    let plan = try Plan(path: path)
    #expect(plan.scores == scores)
    let list = try Checkpoint.Companion(readingFrom: "\(Self.fixtures)/cases.json")
    let item = list.json["cases"]?.elements?.first { $0["name"]?.string == fixture }
    let input = try Self.expected(try #require(item?["input"]?.string))
    let results = try Self.expected("\(fixture).result")
    let logits = try BatchRun.logits(path, input, images: 2, batch: 2, threads: 2)
    for (image, logits) in logits.enumerated() {
      let ranking = Ranking(logits, by: plan.scores, count: 5).top
      try #require(ranking.count == 5)
      for (index, probability) in ranking {
        #expect(abs(probability - Double(results[image * 5 + index])) < 1e-5)
      }
      #expect(ranking.map(\.probability) == ranking.map(\.probability).sorted(by: >))
      let total = ranking.reduce(0) { $0 + $1.probability }
      #expect((abs(total - 1) < 1e-9) == (scores == .softmax))
    }
  }

  @Test func samplesReachAFileOfBytesAsTheyAre() throws {
    let folder = try TemporaryFolder()
    let preprocessing = Preprocessing(try Plan(path: try Self.plan("deployed_dynamo", in: folder)))
    let area = preprocessing.width * preprocessing.height
    let image = RGBImage(
      width: preprocessing.width, height: preprocessing.height,
      pixels: (0..<area * 3).map { UInt8($0 * 7 % 256) })
    var tensor = [Float](repeating: -1, count: area * 3)
    try tensor.withUnsafeMutableBufferPointer { try preprocessing.normalise(image, into: $0) }
    for place in 0..<area {
      for channel in 0..<3 {
        #expect(tensor[channel * area + place] == Float(image.pixels[place * 3 + channel]))
      }
    }
  }

  @Test func rewrittenPlansKeepTheirScores() throws {
    let folder = try TemporaryFolder()
    let path = try Self.plan("ends_in_sigmoid_dynamo", in: folder)
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 0, keepRate: 0.5)]
    let rewritten = folder.file("rewritten.bin")
    try PlanCompiler.rewrite(try PlanFile(path: path), recipe: recipe, to: rewritten)
    #expect(try Plan(path: rewritten).scores == .sigmoid)
  }

  @Test func sigmoidsOfLargeLogitsAreFinite() {
    let top = Ranking([-1000, 1000, 0], by: .sigmoid, count: 3).top
    #expect(top.map(\.index) == [1, 2, 0])
    #expect(top.map(\.probability) == [1, 0.5, 0])
  }
}
