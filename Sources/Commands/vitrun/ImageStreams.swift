internal import Tensors
internal import ViTRuntime

/// What sees many images at the same time: streams, each with its part of the threads, which prepare and run images of
/// their own, so that none waits for another. Results come in the images' order.
struct ImageStreams<Worker: Sendable>: Sendable {
  private let workers: [Worker]
  private let batch: Int

  /// What the images of all streams hold that are decoded at the same time: 1 GiB, whatever their number.
  let decoding = MemoryBudget(bytes: 1 << 30)

  /// The most memory between the steps that all streams take together.
  private static var mostArenaBytes: Int { 4 << 30 }

  /// Divides `threads` among as many streams as there are threads, or as there is work and memory for.
  /// - Parameters:
  ///   - images: how many there are.
  ///   - batch: images that a stream runs at once.
  ///   - arenaBytes: what an image takes between the steps.
  ///   - worker: makes what a stream runs, with a number of threads.
  init(
    images: Int, batch: Int, threads: Int, arenaBytes: Int,
    worker: (_ threadCount: Int) throws -> Worker
  ) rethrows {
    let groups = (images + batch - 1) / batch
    let affordable = Self.mostArenaBytes / max(1, arenaBytes * batch)
    let count = max(1, min(threads, groups, affordable))
    self.batch = batch
    workers = try (0..<count).map { stream in
      try worker(threads * (stream + 1) / count - threads * stream / count)
    }
  }

  /// How many there are.
  var count: Int { workers.count }

  /// Sees all images.
  /// - Parameters:
  ///   - work: gets a stream's worker and the next images, at most a batch, and gives a result for each.
  ///   - tell: gets an image's number and its result, in order, on the caller's thread.
  /// - Throws: what `work` and `tell` throw, which ends the work.
  func run<Image: Sendable, Value: Sendable>(
    _ images: [Image], work: @escaping @Sendable (Worker, ArraySlice<Image>) throws -> [Value],
    tell: (_ image: Int, _ value: Value) throws -> Void
  ) throws {
    let groups = (images.count + batch - 1) / batch
    try OrderedWork.run(items: groups, workers: workers.count, ahead: 4 * workers.count) {
      [workers, batch] stream, group in
      let first = group * batch
      return Result { try work(workers[stream], images[first..<min(first + batch, images.count)]) }
    } tell: { group, values in
      for (place, value) in try values.get().enumerated() { try tell(group * batch + place, value) }
    }
  }
}
