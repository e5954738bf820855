internal import PlanFormat
internal import ViTRuntime

/// What answers for images: a plan, or a cascade of two.
enum Model: ImageModel {
  case plan(Classifier)
  case cascade(Cascade)

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
    }
  }

  var preprocessing: Preprocessing { first.preprocessing }

  var threadCount: Int { first.session.threadCount }

  var arenaBytes: Int { first.plan.arenaBytes + (fallback?.plan.arenaBytes ?? 0) }

  /// What prepares images and sees all of them.
  var first: Classifier {
    switch self {
    case .plan(let classifier): classifier
    case .cascade(let cascade): cascade.cheap
    }
  }

  /// What sees the images that go on; nil without a cascade.
  var fallback: Classifier? {
    switch self {
    case .plan: nil
    case .cascade(let cascade): cascade.fallback
    }
  }

  func waitUntilVerified() throws {
    try first.session.waitUntilVerified()
    try fallback?.session.waitUntilVerified()
  }

  /// The classes' names; empty where no plan has any.
  var labels: [Label] {
    let own = first.plan.labels
    return own.isEmpty ? fallback?.plan.labels ?? [] : own
  }

  /// The label of a class.
  func label(_ index: Int) -> String {
    switch self {
    case .plan(let classifier): classifier.plan.label(index)
    case .cascade(let cascade): cascade.label(index)
    }
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
          Cascade.Answer(logits: try result.logits(image: $0), isFallback: false)
        }
      }
    case .cascade(let cascade): try cascade.answers(to: crops, read: read)
    }
  }

  /// As ``Cascade/answers(images:read:fill:)``, where the plan that sees them makes no difference to `fill`.
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
    }
  }
}
