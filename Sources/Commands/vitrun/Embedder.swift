internal import Tensors
internal import ViTRuntime

/// A plan that makes features, or rows of all tokens, of images.
struct Embedder: ImageModel {
  /// Which of them.
  enum Result {
    /// `[width]`.
    case features
    /// `[tokens, width]`, row after row.
    case tokens
  }

  /// What it makes of an image.
  struct Embedding: Sendable {
    /// As ``Embedder/shape`` says.
    let values: [Float]
    /// What it took, where images have numbers of tokens of their own.
    let work: ImageWork?
  }

  let plan: Plan
  let preprocessing: Preprocessing

  /// Of an image's result.
  let shape: [Int]

  private let session: Session
  private let result: Result

  /// Prepares to run a plan.
  /// - Throws: `InputError` if the plan has no such result, if it is too large or memory runs out.
  init(_ plan: Plan, _ result: Result = .features, maximumBatch: Int, _ execution: RunOptions)
    throws
  {
    shape =
      switch result {
      case .features: [try plan.featureWidth()]
      case .tokens: try { [$0.tokens, $0.width] }(plan.tokenShape())
      }
    self.plan = plan
    self.result = result
    preprocessing = Preprocessing(plan)
    session = try Session(
      plan: plan, maximumBatch: maximumBatch, threadCount: execution.threads,
      allowsLarge: execution.allowLarge)
  }

  private init(_ other: Embedder, _ session: Session) {
    (plan, preprocessing, shape) = (other.plan, other.preprocessing, other.shape)
    (result, self.session) = (other.result, session)
  }

  var arenaBytes: Int { plan.arenaBytes }

  var threadCount: Int { session.threadCount }

  func another(maximumBatch: Int, threadCount: Int) throws -> Embedder {
    Embedder(
      self,
      try Session(
        plan: plan, maximumBatch: maximumBatch, threadCount: threadCount, allowsLarge: true,
        sharing: session))
  }

  func waitUntilVerified() throws { try session.waitUntilVerified() }

  /// The features or tokens of cropped images, in their order.
  func answers(
    to crops: [RGBImage], read: (borrowing RunResult) throws -> Void = { _ in }
  ) throws -> [Embedding] {
    try session.run(images: crops.count) {
      let count = $0.count / crops.count
      for (index, crop) in crops.enumerated() {
        let values = $0[index * count..<(index + 1) * count]
        try preprocessing.normalise(crop, into: UnsafeMutableBufferPointer(rebasing: values))
      }
    } read: { found in
      try read(found)
      return try crops.indices.map {
        Embedding(
          values: try found.output(result == .tokens ? .tokens : .features, image: $0),
          work: try found.work(image: $0))
      }
    }
  }
}
