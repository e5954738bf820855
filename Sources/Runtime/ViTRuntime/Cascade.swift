package import PlanFormat
internal import Tensors

/// Two plans for the same images: a cheap one that sees each of them, and one that answers where the
/// first is not sure. They are two files, or one that holds both over the same weights, a combined plan.
///
/// ```swift
/// let cascade = try Cascade(
///   plan: Plan(path: "fast.bin"), fallback: Plan(path: "dense.bin"), margin: 0.05)
/// let crop = try cascade.preprocessing.crop(path: "photo.jpg")
/// let answer = try cascade.answers(to: [crop])[0]
/// for (index, probability) in Ranking(answer.logits, by: .softmax, count: 5).top {
///   print(cascade.label(index), probability, answer.isFallback)
/// }
/// ```
///
/// How sure a plan is of an image is the difference of its two largest probabilities, by softmax. What is
/// answered is to the bit what the plan that answers gives alone; its steps up to the first block that both do in
/// another way are not taken again. May be used from several tasks; batches
/// run one after the other.
public struct Cascade: Sendable {
  /// What sees every image.
  package let cheap: Classifier

  /// What sees those that go on. Where both plans begin with the same steps, its plan is what is left of the second,
  /// behind ``sharedSteps``.
  package let fallback: Classifier

  /// What the second plan does not do again.
  package let sharedSteps: SharedSteps?

  /// An image goes on where the two largest probabilities differ by less than this, 0 to 1.
  public let margin: Double

  /// What is said of an image.
  public struct Answer: Sendable {
    /// `[classes]`, of the plan that answers.
    public let logits: [Float]

    /// Whether the image went on.
    public let isFallback: Bool

    /// What the image took, of a plan by which images keep different numbers of tokens; nil of any other, and of a
    /// cascade.
    public let work: ImageWork?

    package init(logits: [Float], isFallback: Bool, work: ImageWork? = nil) {
      (self.logits, self.isFallback, self.work) = (logits, isFallback, work)
    }
  }

  /// Prepares to run a combined plan, whose programs share their weights in memory.
  /// - Parameters:
  ///   - plan: the combined plan.
  ///   - margin: an image goes on where the two largest probabilities differ by less than this, 0 to 1; nil for
  ///     the margin that the plan says.
  ///   - maximumBatch: the most images that run at once.
  ///   - threadCount: threads to use; nil for one on each processor this process may use.
  ///   - allowsLarge: whether the plan may be larger than ``Plan/checkSize()`` allows.
  /// - Throws: `InputError` if it is no combined plan, if `margin` is not in 0 to 1, if the plan is too large or
  ///   memory runs out.
  public init(
    combined plan: Plan, margin: Double? = nil, maximumBatch: Int = 1, threadCount: Int? = nil,
    allowsLarge: Bool = false
  ) throws {
    guard let second = plan.fallback else {
      throw InputError(
        file: plan.path, field: "programs", expected: "two, of a combined plan", found: "one")
    }
    try Self.check(margin ?? second.margin)
    try self.init(
      plan, second.plan, margin ?? second.margin, maximumBatch: maximumBatch,
      threadCount: threadCount, allowsLarge: allowsLarge)
  }

  /// Prepares to run two plans.
  /// - Parameters:
  ///   - plan: what sees every image.
  ///   - fallback: what sees those that go on: of the same classes, and of images of the same size that are
  ///     cropped in the same way. How samples are normalised is each plan's own.
  ///   - margin: an image goes on where the two largest probabilities differ by less than this, 0 to 1.
  ///   - maximumBatch: the most images that run at once.
  ///   - threadCount: threads to use; nil for one on each processor this process may use.
  ///   - allowsLarge: whether the plans may be larger than ``Plan/checkSize()`` allows.
  /// - Throws: `InputError` naming both plans where one cannot stand in for the other; if `margin` is not in
  ///   0 to 1, if a plan is too large or memory runs out.
  public init(
    plan: Plan, fallback: Plan, margin: Double, maximumBatch: Int = 1, threadCount: Int? = nil,
    allowsLarge: Bool = false
  ) throws {
    try Self.check(margin)
    try Self.check(plan, fallback: fallback)
    try self.init(
      plan, fallback, margin, maximumBatch: maximumBatch, threadCount: threadCount,
      allowsLarge: allowsLarge)
  }

  private init(
    _ plan: Plan, _ second: Plan, _ margin: Double, maximumBatch: Int, threadCount: Int?,
    allowsLarge: Bool
  ) throws {
    let continuation = try plan.continuation(by: second)
    sharedSteps = continuation?.shared
    cheap = try Classifier(
      plan: plan, maximumBatch: maximumBatch, threadCount: threadCount, allowsLarge: allowsLarge,
      keeping: sharedSteps, sharing: nil)
    fallback = try Classifier(
      plan: continuation?.rest ?? second, maximumBatch: maximumBatch, threadCount: threadCount,
      allowsLarge: allowsLarge, sharing: plan.file === second.file ? cheap.session : nil)
    self.margin = margin
  }

  /// Another one for the same plans, to run at the same time; see ``Classifier/another(maximumBatch:threadCount:)``.
  package func another(maximumBatch: Int, threadCount: Int) throws -> Cascade {
    Cascade(
      cheap: try cheap.another(maximumBatch: maximumBatch, threadCount: threadCount),
      fallback: try fallback.another(maximumBatch: maximumBatch, threadCount: threadCount),
      sharedSteps, margin: margin)
  }

  private init(
    cheap: Classifier, fallback: Classifier, _ sharedSteps: SharedSteps?, margin: Double
  ) {
    (self.cheap, self.fallback) = (cheap, fallback)
    (self.sharedSteps, self.margin) = (sharedSteps, margin)
  }

  /// How images are read and cropped, once for both plans, and how the cheap one's are normalised.
  public var preprocessing: Preprocessing { cheap.preprocessing }

  /// The label of a class: its name, or its number when neither plan has labels.
  public func label(_ index: Int) -> String {
    (cheap.plan.labels.isEmpty ? fallback : cheap).plan.label(index)
  }

  /// What is said of cropped images, in their order; those that go on run as one batch.
  /// - Parameters:
  ///   - crops: 1 image to as many as the cascade was made for.
  ///   - read: gets what the cheap plan's run of all images left, before any of them goes on.
  /// - Throws: `InputError` if there are no or too many images, if one has other extents than
  ///   ``preprocessing`` crops to, or if a weight is damaged; what `read` throws.
  public func answers(
    to crops: [RGBImage], read: (borrowing RunResult) throws -> Void = { _ in }
  ) throws -> [Answer] {
    try answers(images: crops.count, read: read) { images, classifier, tensor in
      try classifier.normalise(images.map { crops[$0] }, into: tensor)
    }
  }

  /// What is said of images that `fill` writes as the input of one plan and then, of some, of the other.
  /// - Parameter fill: gets the images' numbers, ascending, the plan's classifier, and the input,
  ///   `[images, channels, height, width]`.
  package func answers(
    images: Int, read: (borrowing RunResult) throws -> Void = { _ in },
    fill: ([Int], Classifier, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Answer] {
    // The second of two programs of one file waits for the first, which is at work below.
    if cheap.plan.file === fallback.plan.file { try fallback.session.waitUntilVerified() }
    return try cheap.session.run(images: images) {
      try fill(Array(0..<images), cheap, $0)
    } read: { result in
      try read(result)
      var answers = try (0..<images).map {
        Answer(logits: try result.logits(image: $0), isFallback: false)
      }
      let unsure = answers.indices.filter { isUnsure(answers[$0].logits) }
      guard !unsure.isEmpty else { return answers }
      // Here, as another task's images would take the place of the rows.
      let further = try fallback.logits(images: unsure) { images, classifier, tensor in
        if sharedSteps == nil {
          try fill(images, classifier, tensor)
        } else {
          try result.copyKeptRows(of: images, to: tensor)
        }
      }
      for (image, logits) in zip(unsure, further) {
        answers[image] = Answer(logits: logits, isFallback: true)
      }
      return answers
    }
  }

  /// Whether an image goes on. One whose logits are not finite does not: what is wrong with the cheap plan
  /// must be seen.
  private func isUnsure(_ logits: [Float]) -> Bool {
    logits.allSatisfy(\.isFinite) && Ranking.margin(of: logits) < margin
  }
}
