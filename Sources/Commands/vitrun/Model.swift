internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// What names the classes of images: a plan, a cascade of two, or features beside those of texts.
enum Model: ImageModel {
  case plan(Classifier)
  case cascade(Cascade)
  case texts(TextClassifier)

  /// Prepares to run `plan`, with a fallback if it has one or is given one.
  init(
    _ plan: Plan, fallback: Plan? = nil, margin: Double? = nil, maximumBatch: Int,
    _ execution: RunOptions
  ) throws {
    if plan.fallback != nil {
      self = .cascade(
        try Cascade(
          combined: plan, margin: margin, maximumBatch: maximumBatch,
          threadCount: execution.threads, allowsLarge: execution.allowLarge))
    } else if let fallback, let margin {
      self = .cascade(
        try Cascade(
          plan: plan, fallback: fallback, margin: margin, maximumBatch: maximumBatch,
          threadCount: execution.threads, allowsLarge: execution.allowLarge))
    } else {
      self = .plan(
        try Classifier(
          plan: plan, maximumBatch: maximumBatch, threadCount: execution.threads,
          allowsLarge: execution.allowLarge))
    }
  }

  func another(maximumBatch: Int, threadCount: Int) throws -> Model {
    switch self {
    case .plan(let classifier):
      .plan(try classifier.another(maximumBatch: maximumBatch, threadCount: threadCount))
    case .cascade(let cascade):
      .cascade(try cascade.another(maximumBatch: maximumBatch, threadCount: threadCount))
    case .texts(let texts):
      .texts(try texts.another(maximumBatch: maximumBatch, threadCount: threadCount))
    }
  }

  /// What sees all images.
  var plan: Plan {
    switch self {
    case .plan(let classifier): classifier.plan
    case .cascade(let cascade): cascade.cheap.plan
    case .texts(let texts): texts.embedder.plan
    }
  }

  var preprocessing: Preprocessing {
    switch self {
    case .plan(let classifier): classifier.preprocessing
    case .cascade(let cascade): cascade.preprocessing
    case .texts(let texts): texts.embedder.preprocessing
    }
  }

  var threadCount: Int {
    switch self {
    case .plan(let classifier): classifier.session.threadCount
    case .cascade(let cascade): cascade.cheap.session.threadCount
    case .texts(let texts): texts.embedder.threadCount
    }
  }

  var arenaBytes: Int { plan.arenaBytes + (fallback?.plan.arenaBytes ?? 0) }

  /// Number of classes.
  var classCount: Int {
    if case .texts(let texts) = self { texts.count } else { plan.classCount }
  }

  /// What makes probabilities of the logits.
  var scores: Plan.Scores {
    if case .texts(let texts) = self { texts.scores } else { plan.scores }
  }

  /// What sees the images that go on; nil without a cascade.
  var fallback: Classifier? {
    if case .cascade(let cascade) = self { cascade.fallback } else { nil }
  }

  func waitUntilVerified() throws {
    switch self {
    case .plan(let classifier): try classifier.session.waitUntilVerified()
    case .cascade(let cascade):
      try cascade.cheap.session.waitUntilVerified()
      try cascade.fallback.session.waitUntilVerified()
    case .texts(let texts): try texts.embedder.waitUntilVerified()
    }
  }

  /// The classes' names; empty where no plan has any.
  var labels: [Label] {
    let own = plan.labels
    return own.isEmpty ? fallback?.plan.labels ?? [] : own
  }

  /// As ``Cascade/answers(to:read:)``.
  func answers(
    to crops: [RGBImage], read: (borrowing RunResult) throws -> Void = { _ in }
  ) throws -> [Cascade.Answer] {
    switch self {
    case .plan(let classifier):
      try classifier.run(crops) { result in
        try read(result)
        return try crops.indices.map {
          Cascade.Answer(
            logits: try result.logits(image: $0), isFallback: false,
            work: try result.work(image: $0))
        }
      }
    case .cascade(let cascade): try cascade.answers(to: crops, read: read)
    case .texts(let texts):
      try texts.logits(of: crops, read: read).map { Cascade.Answer(logits: $0, isFallback: false) }
    }
  }

  /// As ``Cascade/answers(images:read:fill:)``, of a tensor that means the same to all plans.
  func answers(
    images: Int, fill: ([Int], UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Cascade.Answer] {
    switch self {
    case .plan(let classifier):
      try classifier.logits(images: Array(0..<images)) { images, _, tensor in
        try fill(images, tensor)
      }.map { Cascade.Answer(logits: $0, isFallback: false) }
    case .cascade(let cascade):
      try cascade.answers(images: images) { images, _, tensor in try fill(images, tensor) }
    case .texts(let texts):
      throw InputError(
        .unsupported, file: texts.embedder.plan.path, field: "--tensor",
        expected: "a classifier", found: "features beside those of texts")
    }
  }
}
