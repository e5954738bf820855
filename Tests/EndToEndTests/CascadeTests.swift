import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler
import ViTRuntime

/// Two plans, of which the second answers where the first is not sure.
struct CascadeTests {
  @Test func eachImageHasTheBitsOfThePlanThatAnswers() throws {
    let fixture = try CascadeFixture()
    let crops = try fixture.crops(7)
    let (cheap, dense) = (try Plan(path: fixture.cheap), try Plan(path: fixture.dense))
    let bits = [try fixture.bits(cheap, crops), try fixture.bits(dense, crops)]
    #expect(bits[0] != bits[1])
    let margins = try fixture.margins(crops)
    let middle = margins.sorted()[3]
    #expect(margins.allSatisfy { 0 < $0 && $0 < 1 } && Set(margins).count == 7)
    for (margin, share) in [(0.0, 0), (middle, 3), (middle.nextUp, 4), (1.0, 7)] {
      for batch in [1, 3, 7] {
        for threads in [1, 2] {
          let cascade = try Cascade(
            plan: cheap, fallback: dense, margin: margin, maximumBatch: batch, threadCount: threads)
          var answers: [Cascade.Answer] = []
          for start in stride(from: 0, to: 7, by: batch) {
            answers += try cascade.answers(to: Array(crops[start..<min(start + batch, 7)]))
          }
          #expect(answers.count { $0.isFallback } == share)
          for (image, answer) in answers.enumerated() {
            #expect(answer.isFallback == (margins[image] < margin))
            #expect(answer.logits.map(\.bitPattern) == bits[answer.isFallback ? 1 : 0][image])
          }
        }
      }
    }
  }

  @Test func theFirstPlansRunIsSeenWhole() throws {
    let fixture = try CascadeFixture()
    let crops = try fixture.crops(2)
    let cascade = try Cascade(
      plan: Plan(path: fixture.cheap), fallback: Plan(path: fixture.dense), margin: 1,
      maximumBatch: 2)
    var stages = 0
    let answers = try cascade.answers(to: crops) { stages = try $0.stages(image: 1).count }
    #expect(stages == 1 && answers.allSatisfy(\.isFallback))
    #expect(throws: InputError.self) { try cascade.answers(to: []) }
    #expect(throws: InputError.self) { try cascade.answers(to: crops + crops) }
  }

  @Test func theMarginIsOfTheTwoLargestProbabilities() {
    let logits: [Float] = [1, 3, -2, 2.5, 0]
    let top = Ranking(logits, by: .softmax, count: 2).top
    #expect(Ranking.margin(of: logits) == top[0].probability - top[1].probability)
    #expect(Ranking.margin(of: [2, 2, 1]) == 0)
    #expect(Ranking.margin(of: [5]) == 1)
  }

  @Test(arguments: [-0.1, 1.1, .nan, .infinity, -.infinity])
  func aMarginIsAShare(margin: Double) throws {
    let fixture = try CascadeFixture()
    let error = #expect(throws: InputError.self) {
      try Cascade(
        plan: Plan(path: fixture.cheap), fallback: Plan(path: fixture.dense), margin: margin)
    }
    #expect(error?.kind == .invalidOption && error?.field == "margin")
  }
}

/// Which plans cannot stand in for each other.
struct CascadeRefusalTests {
  /// A change of the fallback that makes it one of other answers, and where an error says so.
  struct Change: Sendable, CustomStringConvertible {
    let description: String
    var field: String?
    var form = SmallModel.Form("other")
    var facts: @Sendable (inout ModelFacts) -> Void = { _ in }
    var labels = CascadeRefusalTests.labels
  }

  static let labels = (0..<5).map { Label(identifier: "n\($0)", name: "name \($0)") }

  static let changes: [Change] = {
    var classes = Change(description: "classes", field: "classes", labels: [])
    classes.form.classes = 4
    var size = Change(description: "image size", field: "image size")
    size.form.grid = 5
    var label = Change(description: "one label", field: "label of class 3")
    label.labels[3].name = "other"
    var identifier = Change(description: "one identifier", field: "label of class 4")
    identifier.labels[4].identifier = "other"
    return [
      classes, size, label, identifier,
      Change(description: "scores", field: "scores") { $0.scores = .sigmoid },
      Change(description: "filter", field: "interpolation") {
        $0.preprocess.interpolation = .lanczos
      },
      Change(description: "resize", field: "resize") {
        $0.preprocess.resizeHeight += 1
        $0.preprocess.resizeWidth += 1
      },
      Change(description: "crop", field: "crop") { $0.preprocess.crop = .transformers },
      Change(description: "padding", field: "fill") { $0.preprocess.fill = [1, 2, 3] },
      Change(description: "alpha", field: "alpha") { $0.preprocess.alpha = .onWhite },
      // What does no harm.
      Change(description: "nothing"),
      Change(description: "no labels", labels: []),
      Change(description: "mean") { $0.preprocess.mean = [0.1, 0.2, 0.3] },
      Change(description: "deviation") { $0.preprocess.standardDeviation = [1, 2, 3] },
      Change(
        description: "another depth",
        form: {
          var form = SmallModel.Form("deeper")
          form.depth = 4
          return form
        }()),
    ]
  }()

  @Test(arguments: changes)
  func onlyWhatCanStandInIsTaken(change: Change) throws {
    let folder = try TemporaryFolder()
    func plan(_ change: Change, _ name: String) throws -> Plan {
      let model = try SmallModel(change.form, in: folder)
      var facts = model.facts
      change.facts(&facts)
      try PlanCompiler.convert(
        model.graph, facts: facts, labels: Labels(change.labels), weights: .float32,
        to: folder.file(name), from: [])
      return try Plan(path: folder.file(name))
    }
    let first = try plan(Change(description: "first"), "first.bin")
    let other = try plan(change, "other.bin")
    for (cheap, fallback) in [(first, other), (other, first)] {
      guard let field = change.field else {
        let cascade = try Cascade(plan: cheap, fallback: fallback, margin: 0.5)
        #expect(cascade.label(3) == "name 3")
        continue
      }
      let error = #expect(throws: InputError.self) {
        try Cascade(plan: cheap, fallback: fallback, margin: 0.5)
      }
      #expect(error?.field == field, "\(error?.description ?? "")")
      for path in [cheap.path, fallback.path] {
        #expect(error?.description.contains(path) == true, "\(error?.description ?? "")")
      }
    }
  }
}
