internal import Tensors
internal import ViTRuntime

/// Prepares images a batch at a time, on all threads of a pool.
struct ImageBatches {
  private let pool: ThreadPool
  private let classifier: Classifier
  private let options: ImageOptions

  /// What images hold that are decoded at the same time, whatever the number of threads: 1 GiB.
  private let budget = MemoryBudget(bytes: 1 << 30)

  /// Prepares images for `classifier`, on as many threads as it has.
  init(_ classifier: Classifier, _ options: ImageOptions) {
    pool = ThreadPool(threadCount: classifier.session.threadCount)
    self.classifier = classifier
    self.options = options
  }

  /// The images at `paths`, each with the preparation of the classifier or of another; an error for
  /// each that cannot be read.
  func prepare(
    _ paths: [String], for other: Classifier? = nil
  ) -> [Result<Preprocessing.Preparation, any Error>] {
    let classifier = other ?? classifier
    let results = Results(count: paths.count)
    pool.run { [options, budget] worker in
      worker.forEach(itemCount: paths.count) { index in
        let result = Result { try classifier.prepare(paths[index], options, budget: budget) }
        results.prepared.withLock { $0[index] = result }
      }
    }
    return results.prepared.withLock { $0.compactMap(\.self) }
  }

  /// One for each image, in whatever order they are done.
  private final class Results: Sendable {
    let prepared: Lock<[Result<Preprocessing.Preparation, any Error>?]>

    init(count: Int) { prepared = Lock(Array(repeating: nil, count: count)) }
  }
}
