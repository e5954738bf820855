internal import CommandSupport
internal import JSON
internal import ViTRuntime

/// What one plan has made of labelled images.
struct EvaluationTally {
  /// An image's class and the plan's, with its probability.
  struct Prediction {
    let path: String
    let label: Int
    let predicted: Int
    let probability: Double
    let isAmongFive: Bool
  }

  let plan: Plan

  /// What it is compared with.
  let other: Plan?

  private(set) var count = 0
  private(set) var first = 0
  private(set) var five = 0
  private(set) var agreeing = 0
  private(set) var work: CascadeWork

  /// Of all images in the model, on their streams.
  private(set) var milliseconds = 0.0

  /// Of each image, where they are kept.
  private(set) var predictions: [Prediction] = []

  private let keeps: Bool
  private let scores: Plan.Scores
  private var divergence = 0.0

  /// Whether both have one distribution: classes that do not exclude each other have none.
  private let comparesSoftmax: Bool

  /// - Parameter keeps: whether each prediction is kept.
  init(_ model: Model, against other: Model?, keeps: Bool) {
    (plan, scores) = (model.plan, model.scores)
    self.other = other?.plan
    work = CascadeWork(model)
    self.keeps = keeps
    comparesSoftmax =
      other != nil
      && [model, other].compactMap(\.self).allSatisfy { $0.scores == .softmax }
  }

  /// Counts an image.
  mutating func add(
    _ image: LabelledImage, _ answer: Cascade.Answer, against others: [Float]?, milliseconds: Double
  ) {
    let ranking = Ranking(answer.logits, by: scores, count: 5)
    let top = ranking.top.map(\.index)
    count += 1
    self.milliseconds += milliseconds
    work.add(answer)
    if top.first == image.label { first += 1 }
    if top.contains(image.label) { five += 1 }
    if keeps, let best = ranking.top.first {
      predictions.append(
        Prediction(
          path: image.path, label: image.label, predicted: best.index,
          probability: best.probability, isAmongFive: top.contains(image.label)))
    }
    guard let others else { return }
    if Ranking(others, by: .softmax, count: 1).top.first?.index == top.first { agreeing += 1 }
    divergence += Divergence.softmax(others, answer.logits)
  }

  /// A part of the images.
  func share(_ part: Int) -> Double { Double(part) / Double(count) }

  /// KL of the other plan and this one, where both have one distribution.
  var meanDivergence: Double? { comparesSoftmax ? divergence / Double(count) : nil }

  /// The keys that scripts rely on, of at least one image.
  var members: [JSONMember] {
    var members: [JSONMember] = [
      .init("correct_top1", .init(first)), .init("correct_top5", .init(five)),
      .init("top1", .init(share(first))), .init("top5", .init(share(five))),
    ]
    if other != nil { members.append(.init("agreement", .init(share(agreeing)))) }
    if let meanDivergence { members.append(.init("kl", .init(meanDivergence))) }
    return members + work.members
  }

  /// The same for people.
  var lines: [String] {
    func line(_ name: String, _ part: Int) -> String {
      "\(Figures.left(name, 10))\(part) of \(count) (\(Figures.fixed(share(part) * 100, 1)) %)"
    }
    var lines = [line("top-1", first), line("top-5", five)]
    if other != nil { lines.append(line("agreement", agreeing)) }
    if let meanDivergence { lines.append("kl        \(Figures.fixed(meanDivergence, 4))") }
    return lines + work.lines
  }
}
