internal import ModelFacts
internal import Tensors

/// Runs a plan on any number of images: they are read, resized and cropped on all threads, a batch at a time, and
/// what is wrong with one of them concerns no other.
///
/// ```swift
/// let runner = try ImageRunner(plan: Plan(path: "plan.bin"), maximumBatch: 16)
/// for (path, result) in zip(paths, try runner.run(paths.map { .file($0) })) {
///   let logits = try result.get().logits ?? []
///   print(path, Ranking(logits, by: runner.plan.scores, count: 5).top)
/// }
/// ```
///
/// A combined plan runs both of its programs, as a ``Cascade`` does. May be used from several tasks and threads;
/// batches run one after the other.
public final class ImageRunner: Sendable {
  /// The plan.
  public let plan: Plan

  /// The most images that are decoded and run at once.
  public let maximumBatch: Int

  /// How images are read, cropped and normalised.
  public let preprocessing: Preprocessing

  /// What is done with the orientation that an encoded image states.
  public let orientation: ImageDecoder.Orientation

  /// The largest area that is decoded, in pixels.
  public let maximumPixels: Int

  private enum Programs: Sendable {
    case one(Session)
    case two(Cascade)
  }

  private let programs: Programs
  private let pool: ThreadPool

  /// Whoever has it uses the pool.
  private let turn = Lock(())

  /// What images hold that are decoded at the same time, whatever the number of threads: 1 GiB.
  private let budget = MemoryBudget(bytes: 1 << 30)

  /// Prepares to run `plan`.
  /// - Parameters:
  ///   - plan: what is run.
  ///   - maximumBatch: the most images that are decoded and run at once.
  ///   - threadCount: threads to use; nil for one on each processor this process may use.
  ///   - allowsLarge: whether the plan may be larger than ``Plan/checkSize()`` allows.
  ///   - margin: of a combined plan, see ``Cascade/margin``; nil for the margin that the plan says.
  ///   - orientation: what is done with the orientation that an encoded image states.
  ///   - maximumPixels: the largest area that is decoded.
  /// - Throws: `InputError` if the plan is too large, if it is no combined plan and there is a margin, or if memory
  ///   runs out.
  public init(
    plan: Plan, maximumBatch: Int = 1, threadCount: Int? = nil, allowsLarge: Bool = false,
    margin: Double? = nil, orientation: ImageDecoder.Orientation = .ignore,
    maximumPixels: Int = ImageDecoder.usualMaximumPixels
  ) throws {
    self.plan = plan
    self.maximumBatch = maximumBatch
    self.orientation = orientation
    self.maximumPixels = maximumPixels
    preprocessing = Preprocessing(plan)
    if plan.fallback != nil || margin != nil {
      programs = .two(
        try Cascade(
          combined: plan, margin: margin, maximumBatch: maximumBatch, threadCount: threadCount,
          allowsLarge: allowsLarge))
    } else {
      programs = .one(
        try Session(
          plan: plan, maximumBatch: maximumBatch, threadCount: threadCount,
          allowsLarge: allowsLarge))
    }
    let session =
      switch programs {
      case .one(let session): session
      case .two(let cascade): cascade.cheap.session
      }
    pool = ThreadPool(threadCount: session.threadCount)
  }

  /// The first program's session.
  package var session: Session {
    switch programs {
    case .one(let session): session
    case .two(let cascade): cascade.cheap.session
    }
  }

  /// What the plan says of images, in their order.
  /// - Parameters:
  ///   - images: any number of them but none.
  ///   - kinds: the results to take; nil for all that the plan has.
  /// - Returns: for each image its results, or what is wrong with it.
  /// - Throws: `InputError` if there are no images, if the plan has no such results, or if a weight is damaged.
  public func run(
    _ images: [ImageSource], for kinds: ResultKinds? = nil
  ) throws -> [Result<ImageResult, InputError>] {
    guard !images.isEmpty else { throw noImages() }
    let kinds = try available(kinds)
    var results: [Result<ImageResult, InputError>] = []
    for start in stride(from: 0, to: images.count, by: maximumBatch) {
      results += try run(batch: images[start..<min(start + maximumBatch, images.count)], kinds)
    }
    return results
  }

  /// As ``run(_:for:)``, for tasks; see ``Session/run(inBackground:fill:read:)``.
  public func run(
    inBackground images: [ImageSource], for kinds: ResultKinds? = nil
  ) async throws -> [Result<ImageResult, InputError>] {
    try await session.background.run { [self] in try run(images, for: kinds) }
  }

  /// What the plan says of images that are prepared as the model wants.
  /// - Parameters:
  ///   - tensor: `[images, channels, height, width]`.
  ///   - kinds: the results to take; nil for all that the plan has.
  /// - Throws: `InputError` if it holds no whole image or a number that is not finite, if the plan has no such
  ///   results or gives numbers that are not finite, or if a weight is damaged.
  public func run(tensor: [Float], for kinds: ResultKinds? = nil) throws -> [ImageResult] {
    try tensor.withUnsafeBufferPointer { try run(tensor: $0, for: kinds) }
  }

  /// As ``run(tensor:for:)``.
  package func run(
    tensor: UnsafeBufferPointer<Float>, for kinds: ResultKinds? = nil
  ) throws -> [ImageResult] {
    let kinds = try available(kinds)
    try requireOneNormalisation()
    let (channels, height) = (preprocessing.channels, preprocessing.height)
    let one = channels * height * preprocessing.width
    guard !tensor.isEmpty else { throw noImages() }
    guard tensor.count.isMultiple(of: one) else {
      throw InputError(
        .invalidOption, file: "tensor", field: "elements",
        expected: "a multiple of \(one), \(channels) x \(height) x \(preprocessing.width)",
        found: "\(tensor.count)")
    }
    let count = tensor.count / one
    return try stride(from: 0, to: count, by: maximumBatch).flatMap { first in
      let images = min(maximumBatch, count - first)
      let places = first * one..<(first + images) * one
      let part = UnsafeBufferPointer(rebasing: tensor[places])
      return try answers(to: part, images: images, from: places.lowerBound, kinds).enumerated()
        .map { image, result in try finite(result, "tensor, image \(first + image)").get() }
    }
  }

  /// The answers to a batch of prepared images.
  /// - Parameter first: the number of the first element in what errors call the tensor.
  private func answers(
    to tensor: UnsafeBufferPointer<Float>, images: Int, from first: Int, _ kinds: ResultKinds
  ) throws -> [ImageResult] {
    if case .one(let session) = programs {
      return try session.run(images: images, tensor: tensor, from: first) {
        try results(of: $0, images: images, kinds)
      }
    }
    if let index = tensor.firstIndex(where: { !$0.isFinite }) {
      throw InputError(
        .invalidOption, file: "tensor", field: "element \(first + index)",
        expected: "a finite number", found: "\(tensor[index])")
    }
    let one = tensor.count / images
    return try answers(images: images, kinds) { images, _, values in
      for (position, image) in images.enumerated() {
        let source = UnsafeBufferPointer(rebasing: tensor[image * one..<(image + 1) * one])
        let target = UnsafeMutableBufferPointer(rebasing: values[(position * one)...])
        _ = target.update(fromContentsOf: source)
      }
    }
  }

  private func run(
    batch: ArraySlice<ImageSource>, _ kinds: ResultKinds
  ) throws -> [Result<ImageResult, InputError>] {
    let crops = try crops(of: batch)
    let usable = crops.compactMap { try? $0.get() }
    var results =
      usable.isEmpty
      ? []
      : try answers(images: usable.count, kinds) { images, preprocessing, values in
        try preprocessing.normalise(images.map { usable[$0] }, into: values)
      }
    results.reverse()
    return zip(batch, crops).map { source, crop in
      crop.flatMap { _ in
        results.popLast().map { finite($0, source.name) }
          ?? .failure(noImages())
      }
    }
  }

  /// What the network will see of each image, or what is wrong with it.
  private func crops(of batch: ArraySlice<ImageSource>) throws -> [Result<RGBImage, InputError>] {
    let results = Results(count: batch.count)
    try session.requireOwnProcess()
    turn.withLock { _ in
      pool.run { [self] worker in
        worker.forEach(itemCount: batch.count) { index in
          let result: Result<RGBImage, any Error> = Result {
            try preprocessing.crop(
              batch[batch.startIndex + index], orientation: orientation,
              maximumPixels: maximumPixels, budget: budget)
          }
          results.crops.withLock { $0[index] = result }
        }
      }
    }
    return try results.crops.withLock { $0 }.compactMap(\.self).map { result in
      switch result {
      case .success(let crop): .success(crop)
      case .failure(let error as InputError): .failure(error)
      case .failure(let error): throw error
      }
    }
  }

  /// One for each image, in whatever order they are done.
  private final class Results: Sendable {
    let crops: Lock<[Result<RGBImage, any Error>?]>

    init(count: Int) { crops = Lock(Array(repeating: nil, count: count)) }
  }

  /// The answers to images that `fill` writes: it gets their numbers, how the plan that sees them prepares images,
  /// and the input, `[images, channels, height, width]`.
  private func answers(
    images: Int, _ kinds: ResultKinds,
    fill: ([Int], Preprocessing, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [ImageResult] {
    switch programs {
    case .one(let session):
      return try session.run(images: images) {
        try fill(Array(0..<images), preprocessing, $0)
      } read: {
        try results(of: $0, images: images, kinds)
      }
    case .two(let cascade):
      var stages: [[TokenStage]] = []
      let answers = try cascade.answers(images: images) { result in
        stages = try (0..<images).map { try result.tokenStages(image: $0) }
      } fill: { images, classifier, values in
        try fill(images, classifier.preprocessing, values)
      }
      return zip(answers, stages).map { answer, stages in
        ImageResult(
          logits: answer.logits, features: nil, stages: stages, isFallback: answer.isFallback)
      }
    }
  }

  private func results(
    of result: borrowing RunResult, images: Int, _ kinds: ResultKinds
  ) throws -> [ImageResult] {
    try (0..<images).map { image in
      ImageResult(
        logits: kinds.contains(.logits) ? try result.logits(image: image) : nil,
        features: kinds.contains(.features) ? try result.features(image: image) : nil,
        stages: try result.tokenStages(image: image), isFallback: false)
    }
  }

  /// Those results that are asked for, if the plan has them.
  private func available(_ kinds: ResultKinds?) throws -> ResultKinds {
    var present: ResultKinds = []
    if plan.classCount > 0 { present.insert(.logits) }
    // A combined plan has logits of both programs, and an embedding of neither.
    if case .one = programs, plan.featureCount > 0 { present.insert(.features) }
    let kinds = kinds ?? present
    guard !kinds.isEmpty, kinds.isSubset(of: present) else {
      func words(_ kinds: ResultKinds) -> String {
        let words = [(ResultKinds.logits, "logits"), (.features, "features")]
          .filter { kinds.contains($0.0) }.map { $0.1 }
        return words.isEmpty ? "no logits and no features" : words.joined(separator: " and ")
      }
      throw InputError(
        .unsupported, file: plan.path, field: "outputs",
        expected: kinds.isEmpty ? "logits or features" : words(kinds), found: words(present))
    }
    return kinds
  }

  /// The results, if all of their numbers are finite.
  private func finite(_ result: ImageResult, _ name: String) -> Result<ImageResult, InputError> {
    for (field, values) in [("logits", result.logits), ("features", result.features)] {
      if let values, let index = values.firstIndex(where: { !$0.isFinite }) {
        return .failure(
          InputError(
            file: name, field: field, expected: "finite numbers",
            found: "\(values[index]) at \(index)"))
      }
    }
    return .success(result)
  }

  /// Throws unless a tensor means the same to both programs.
  private func requireOneNormalisation() throws {
    guard case .two(let cascade) = programs,
      cascade.fallback.preprocessing != preprocessing
    else { return }
    throw InputError(
      .contradiction, file: plan.path, field: "preprocessing",
      expected: "one for both programs, as both are to run the same tensor", found: "two")
  }

  private func noImages() -> InputError {
    InputError(
      .invalidOption, file: plan.path, field: "images", expected: "at least 1", found: "0")
  }
}
