import Checkpoints
import Families
import CLibrary
import JSON
import ModelFacts
import ModelGraph
import Tensors
import TestSupport
import Testing

/// ONNX as people have it: batches, endings, inputs, open sizes, files of onnxruntime's tools.
@Suite struct ONNXFixtureTests {
  typealias Case = ONNXFixtures.Case

  @Test func theListsAreRead() {
    #expect(ONNXFixtures.cases.count > 70)
    #expect(ONNXFixtures.refused.count > 30)
  }

  /// The inputs are what the file takes; what it gives, and its logits, are onnxruntime's and PyTorch's.
  @Test(arguments: ONNXFixtures.cases)
  func resultsAreTheFiles(of item: Case) throws {
    let model = try ONNXFixtures.imported(item)
    let size = try item.integers("image")
    #expect([model.facts.imageHeight, model.facts.imageWidth] == size)
    let input = try ONNXFixtures.expected(try #require(item.value("input").string))
    let expected = try ONNXFixtures.expected("\(item.name).logits")
    let ending = try #require(item.value("ending").string)
    let results = try ending == "none" ? expected : ONNXFixtures.expected("\(item.name).result")
    try #require(expected.count % 2 == 0 && input.count == 6 * size[0] * size[1])
    let count = expected.count / 2
    let largest = expected.map(abs).max() ?? 1
    for image in 0..<2 {
      let range = image * (input.count / 2)..<(image + 1) * (input.count / 2)
      let logits = try GraphInterpreter.run(model.graph, image: input[range])
      try #require(logits.count == count)
      let tolerance = 1e-5 * Double(largest)
      let wanted = expected[image * count..<(image + 1) * count]
      #expect(mismatch(logits, wanted, within: tolerance) == nil, "\(item.name)")
      let (result, given) = (
        Self.results(of: logits, ending), results[image * count..<(image + 1) * count]
      )
      #expect(mismatch(result, given, within: tolerance) == nil, "\(item.name)")
    }
  }

  /// No error of the graph's own leaves the importer.
  @Test func infiniteScaleIsRefused() throws {
    let path = "\(ONNXFixtures.folder)/batch_4_vit_dynamo/model.onnx"
    var bytes = try MappedFile(path: path).withBytes { Array($0) }
    // Heads of width 4: queries and keys are each multiplied by this.
    let scale = withUnsafeBytes(of: Float(0.5).squareRoot().bitPattern.littleEndian) { Array($0) }
    let places = bytes.indices.dropLast(3).filter { bytes[$0..<$0 + 4].elementsEqual(scale) }
    try #require(!places.isEmpty)
    let infinity = withUnsafeBytes(of: Float.infinity.bitPattern.littleEndian) { Array($0) }
    for place in places { bytes.replaceSubrange(place..<place + 4, with: infinity) }
    let folder = try TemporaryFolder()
    _ = try folder.write(bytes, to: "model.onnx")
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(
        try Checkpoint.open(folder.file("model.onnx")), options: ImportOptions())
    }
    #expect(error?.description.contains("a finite scale") == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ONNXFixtures.cases)
  func factsAreTheFiles(of item: Case) throws {
    let model = try ONNXFixtures.imported(item)
    #expect(model.remarks.map(\.key).sorted() == (try item.words("remarks")), "\(item.name)")
    let facts = try item.value("facts")
    #expect(model.facts.scores.word == facts["scores"]?.string ?? "softmax")
    let batch = model.facts.provenance.first { $0.key == "batch" }
    #expect(batch?.value == facts["batch"]?.string)
    guard let factor = facts["factor"]?.double else { return }
    let prepared = model.facts.preprocess
    let own = prepared.rescale == .divideBy255 ? 1.0 / 255 : prepared.rescaleFactor
    #expect(abs(own - factor) < 1e-12, "\(item.name)")
    let inner = Case(name: item.name, json: facts)
    #expect(prepared.mean == (try inner.floats("mean")))
    #expect(prepared.standardDeviation == (try inner.floats("std")))
    if facts["fill"] != nil { #expect(prepared.fill == (try inner.integers("fill"))) }
    let isAssumed = model.assumptions.contains { $0.key == "rescale" }
    #expect(isAssumed == (try item.words("assumptions").contains("rescale")), "\(item.name)")
    #expect(!model.assumptions.contains { ["mean", "std"].contains($0.key) })
  }

  @Test(arguments: ONNXFixtures.refused)
  func errorsSayWhatIsRefused(of item: Case) throws {
    let error = try #require(throws: InputError.self, "\(item.name)") {
      _ = try ONNXFixtures.imported(item)
    }
    for word in try item.words("words") {
      #expect(error.description.contains(word), "\(item.name): \(error)")
    }
  }

  private static func results(of logits: [Double], _ ending: String) -> [Double] {
    if ending == "sigmoid" { return logits.map { 1 / (1 + exp(-$0)) } }
    guard ending != "none" else { return logits }
    let total = logits.reduce(0) { $0 + exp($1) }
    return logits.map { ending == "softmax" ? exp($0) / total : $0 - log(total) }
  }
}
