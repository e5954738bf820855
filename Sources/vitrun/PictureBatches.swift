internal import Tensors
internal import ViTRuntime

/// Prepares pictures a batch at a time, on all threads of a pool.
struct PictureBatches {
  private let pool: ThreadPool
  private let classifier: Classifier
  private let orientation: PictureDecoder.Orientation

  /// Prepares pictures for `classifier`, on as many threads as it has.
  init(_ classifier: Classifier, orientation: PictureDecoder.Orientation) {
    pool = ThreadPool(threadCount: classifier.session.threadCount)
    self.classifier = classifier
    self.orientation = orientation
  }

  /// The pictures at `paths`, each with the preparation of the classifier or of another; an error for
  /// each that cannot be read.
  func prepare(
    _ paths: [String], for other: Classifier? = nil
  ) -> [Result<PreparedPicture, any Error>] {
    let classifier = other ?? classifier
    let results = Results(count: paths.count)
    pool.run { [orientation] worker in
      worker.forEach(itemCount: paths.count) { index in
        let result = Result { try classifier.prepare(paths[index], orientation: orientation) }
        results.prepared.withLock { $0[index] = result }
      }
    }
    return results.prepared.withLock { $0.compactMap(\.self) }
  }

  /// One for each picture, in whatever order they are done.
  private final class Results: Sendable {
    let prepared: Lock<[Result<PreparedPicture, any Error>?]>

    init(count: Int) { prepared = Lock(Array(repeating: nil, count: count)) }
  }
}
