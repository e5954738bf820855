internal import PlanFormat

/// A plan that is ready to run, and the preparation of images that its model asks for.
///
/// ```swift
/// let classifier = try Classifier(plan: Plan(path: "plan.bin"))
/// let crop = try classifier.preprocessing.crop(path: "photo.jpg")
/// let logits = try classifier.logits(of: [crop])[0]
/// for (index, probability) in Ranking(logits, by: classifier.plan.scores, count: 5).top {
///   print(classifier.plan.label(index), probability)
/// }
/// ```
///
/// Of a combined plan it runs the first program alone; a ``Cascade`` runs both. May be used from several tasks;
/// batches run one after the other.
public struct Classifier: Sendable {
  /// The plan.
  public let plan: Plan

  /// What runs it.
  public let session: Session

  /// How images are read, cropped and normalised.
  public let preprocessing: Preprocessing

  /// The steps behind which its runs keep rows for another plan.
  private let shared: SharedSteps?

  /// Prepares to run `plan`.
  /// - Parameters:
  ///   - plan: what is run.
  ///   - maximumBatch: the most images that run at once.
  ///   - threadCount: threads to use; nil for one on each processor this process may use.
  ///   - allowsLarge: whether the plan may be larger than ``Plan/checkSize()`` allows.
  /// - Throws: `InputError` if the model has no classifier, if the plan is too large or memory runs out.
  public init(
    plan: Plan, maximumBatch: Int = 1, threadCount: Int? = nil, allowsLarge: Bool = false
  ) throws {
    try self.init(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount, allowsLarge: allowsLarge,
      sharing: nil)
  }

  /// As the public one, beside a session of another program of the same file, and keeping what lies behind shared
  /// steps.
  init(
    plan: Plan, maximumBatch: Int, threadCount: Int?, allowsLarge: Bool,
    keeping shared: SharedSteps? = nil, sharing first: Session?
  ) throws {
    try plan.requireLogits()
    self.plan = plan
    self.shared = shared
    preprocessing = Preprocessing(plan)
    session = try Session(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount,
      allowsLarge: allowsLarge, keeping: shared, sharing: first)
  }

  /// Another one for the same plan, to run at the same time: it has memory for batches of its own, and shares the
  /// weights and what kernels make of them.
  package func another(maximumBatch: Int, threadCount: Int) throws -> Classifier {
    try Classifier(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount, allowsLarge: true,
      keeping: shared, sharing: session)
  }

  /// The logits of cropped images, `[images][classes]`; 1 to `session.maximumBatch` images.
  /// - Throws: `InputError` if there are no or too many images, if one has other extents than
  ///   ``preprocessing`` crops to, or if a weight is damaged.
  public func logits(of crops: [RGBImage]) throws -> [[Float]] {
    try run(crops) { result in try crops.indices.map { try result.logits(image: $0) } }
  }

  /// As ``logits(of:)``, for tasks; see ``Session/run(inBackground:fill:read:)``.
  public func logits(inBackground crops: [RGBImage]) async throws -> [[Float]] {
    try await session.background.run { try logits(of: crops) }
  }

  /// What `read` makes of a run over cropped images.
  /// - Throws: `InputError` as ``logits(of:)``, and what `read` throws.
  public func run<R>(_ crops: [RGBImage], read: (borrowing RunResult) throws -> R) throws -> R {
    try session.run(images: crops.count) {
      try normalise(crops, into: $0)
    } read: {
      try read($0)
    }
  }

  /// Writes cropped images as the input of a run.
  func normalise(_ crops: [RGBImage], into tensor: UnsafeMutableBufferPointer<Float>) throws {
    try preprocessing.normalise(crops, into: tensor)
  }

  /// The logits, `[images][classes]`, of images that `fill` writes; see ``Cascade/answers(images:read:fill:)``.
  package func logits(
    images: [Int], fill: ([Int], Classifier, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [[Float]] {
    try session.run(images: images.count) {
      try fill(images, self, $0)
    } read: { result in
      try images.indices.map { try result.logits(image: $0) }
    }
  }
}
