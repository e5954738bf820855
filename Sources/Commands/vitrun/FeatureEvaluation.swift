internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

/// What the features of models without a classifier are worth: whether the nearest images are of the same class.
struct FeatureEvaluation {
  /// Neighbours that have a vote.
  static let neighbours = 5

  let folder: String
  let options: ImageOptions
  let execution: RunOptions
  let batch: Int

  /// What a plan has made of the images.
  struct PlanFigures {
    let plan: Plan
    var count = 0
    var correct = 0
    /// Mean cosine with the other plan's features, and the mean share of neighbours that are both plans'.
    var cosine: Double?
    var agreement: Double?
    var milliseconds = 0.0
    var adaptive = AdaptiveWork()

    /// Multiply-adds that an image took, in G.
    var executedGigaMACs: Double {
      adaptive.averageGigaMACs ?? Double(plan.executedMultiplyAdds) / 1e9
    }
  }

  /// Everything that is told.
  struct Outcome {
    var figures: [PlanFigures]
    /// Images that could not be read, and those that are alone in their class.
    var skipped: Int
    var alone: Int
    var imagesPerSecond: Double
    var isWhole: Bool
  }

  /// Measures plans on the images of a folder; the last is what the others are compared with, if `comparesLast`.
  func run(_ models: [Embedder], comparesLast: Bool, limit: Int?) throws -> Outcome {
    if comparesLast {
      for model in models where model.shape != models[models.count - 1].shape {
        throw InputError(
          file: model.plan.path, field: "features",
          expected: "\(models[models.count - 1].shape[0]) of an image, as the other plan has",
          found: "\(model.shape[0])")
      }
    }
    let (images, alone) = try images(limit: limit)
    for model in models { try model.waitUntilVerified() }
    var features = Array(repeating: [[Float]](), count: models.count)
    var milliseconds = Array(repeating: 0.0, count: models.count)
    var adaptive = Array(repeating: AdaptiveWork(), count: models.count)
    var classes: [String] = []
    var (skipped, isWhole) = (0, true)
    var progress = ImageProgress(
      images: images.count, isQuiet: execution.quiet, writesToTerminal: false)
    var clock = Stopwatch()
    let streams = try ImageStreams(images: images.count, batch: batch, models)
    try streams.run(images.map(\.path), options) { index, seen in
      defer { progress.add() }
      let path = images[index].path
      switch seen {
      case .success(let image):
        if let error = image.answers.lazy.compactMap({
          FiniteLogits.problem($0.values, path, areFeatures: true)
        }).first {
          progress.clear()
          CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
          (skipped, isWhole) = (skipped + 1, false)
          return
        }
        classes.append(images[index].name)
        for model in models.indices {
          let answer = image.answers[model]
          features[model].append(answer.values)
          if let work = answer.work { adaptive[model].add(work) }
          milliseconds[model] += image.running[model] / Double(streams.count)
        }
      case .failure(let error):
        guard error.kind != .outOfResources else { throw error }
        progress.clear()
        CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
        skipped += 1
      }
    }
    progress.clear()
    let seconds = clock.lap() / 1000
    guard classes.count > Self.neighbours else {
      throw InputError(
        file: folder, field: "images",
        expected: "more than \(Self.neighbours) of classes that have several",
        found: "\(classes.count)")
    }
    let nearest = try features.map {
      try Neighbours(of: $0, count: Self.neighbours, threads: models[0].threadCount).nearest
    }
    let last = models.count - 1
    let figures = (0..<(comparesLast ? last : models.count)).map { model in
      var figures = PlanFigures(plan: models[model].plan)
      figures.count = classes.count
      figures.adaptive = adaptive[model]
      figures.milliseconds = milliseconds[model] / Double(classes.count)
      figures.correct = classes.indices.count {
        Self.vote(nearest[model][$0].map { classes[$0] }) == classes[$0]
      }
      if comparesLast {
        let cosines = zip(features[model], features[last]).map(Neighbours.cosine)
        figures.cosine = cosines.reduce(0, +) / Double(cosines.count)
        let shared = zip(nearest[model], nearest[last]).map { Set($0).intersection($1).count }
        figures.agreement =
          Double(shared.reduce(0, +)) / Double(shared.count * Self.neighbours)
      }
      return figures
    }
    return Outcome(
      figures: figures, skipped: skipped, alone: alone,
      imagesPerSecond: Double(classes.count) / seconds, isWhole: isWhole)
  }

  /// The class that most neighbours have; of equals that of the nearest.
  static func vote(_ classes: [String]) -> String? {
    let counts = classes.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    let most = counts.values.max()
    return classes.first { counts[$0] == most }
  }

  /// The images with what their class is called, and how many were left out that are alone in theirs.
  private func images(limit: Int?) throws -> (images: [(path: String, name: String)], alone: Int) {
    var images = try LabelledFolder.names(in: folder) {
      execution.note("\(CommandLineTool.text($0)); skipped")
    }
    if let limit, images.count > limit {
      images = (0..<limit).map { images[$0 * images.count / limit] }
    }
    let counts = images.reduce(into: [String: Int]()) { $0[$1.name, default: 0] += 1 }
    let usable = images.filter { counts[$0.name, default: 0] > 1 }
    return (usable, images.count - usable.count)
  }
}

extension FeatureEvaluation.Outcome {
  /// An object for each plan, with the keys that scripts rely on.
  var jsonLines: [String] {
    figures.map { figures in
      var members: [JSONMember] =
        self.figures.count > 1
        ? [.init("plan", .string(PathText.repaired(figures.plan.path)))] : []
      members += [
        .init("images", .init(figures.count)), .init("skipped", .init(skipped)),
        .init("alone", .init(alone)), .init("correct_knn_top1", .init(figures.correct)),
        .init("knn_top1", .init(figures.share)), .init("k", .init(FeatureEvaluation.neighbours)),
      ]
      if let cosine = figures.cosine { members.append(.init("cosine", .init(cosine))) }
      if let agreement = figures.agreement {
        members.append(.init("neighbour_agreement", .init(agreement)))
      }
      members += [.init("executed_gmacs", .init(figures.executedGigaMACs))]
      members += figures.adaptive.members
      members += [
        .init("ms", .init(figures.milliseconds)),
        .init("images_per_second", .init(imagesPerSecond)),
      ]
      return JSONValue.object(members).text()
    }
  }

  /// A table for people.
  var lines: [String] {
    var columns: [(title: String, text: (FeatureEvaluation.PlanFigures) -> String)] = [
      ("kNN top-1", { Figures.fixed($0.share * 100, 1) + " %" })
    ]
    if figures.allSatisfy({ $0.cosine != nil }) {
      columns.append(("cosine", { Figures.fixed($0.cosine ?? 0, 4) }))
      columns.append(("neighbours", { Figures.fixed(($0.agreement ?? 0) * 100, 1) + " %" }))
    }
    columns.append(("GMACs", { Figures.fixed($0.executedGigaMACs, 3) }))
    columns.append(("ms", { Figures.fixed($0.milliseconds, 2) }))
    return TextTable.lines(
      titles: columns.map(\.title),
      rows: figures.map { figures in (figures.plan.path, columns.map { $0.text(figures) }) })
      + [
        "of \(figures[0].count) images, \(FeatureEvaluation.neighbours) neighbours; "
          + "skipped \(skipped), alone in their class \(alone)"
      ]
  }
}

extension FeatureEvaluation.PlanFigures {
  fileprivate var share: Double { Double(correct) / Double(count) }
}
