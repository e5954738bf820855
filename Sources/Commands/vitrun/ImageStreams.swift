internal import Tensors
internal import ViTRuntime

/// What sees many images at the same time: streams, each with its part of the threads, which prepare and run images of
/// their own, so that none waits for another. Results come in the images' order.
struct ImageStreams<Model: ImageModel> {
  private let workers: [[Model]]
  private let batch: Int

  /// What the images of all streams hold that are decoded at the same time: 1 GiB, whatever their number.
  private let decoding = MemoryBudget(bytes: 1 << 30)

  /// The most memory between the steps that all streams take together.
  private static var mostArenaBytes: Int { 4 << 30 }

  /// Divides the threads of models among as many streams as there are threads, or as there is work and memory for.
  /// - Parameters:
  ///   - images: how many there are.
  ///   - batch: images that a stream runs at once; the models were made for as many.
  ///   - models: see every image, one after the other.
  init(images: Int, batch: Int, _ models: [Model]) throws {
    let threads = models[0].threadCount
    let groups = (images + batch - 1) / batch
    let arenaBytes = models.reduce(0) { $0 + $1.arenaBytes }
    let affordable = Self.mostArenaBytes / max(1, arenaBytes * batch)
    let count = max(1, min(threads, groups, affordable))
    self.batch = batch
    workers = try (0..<count).map { stream in
      guard count > 1 else { return models }
      return try models.map {
        try $0.another(
          maximumBatch: batch,
          threadCount: threads * (stream + 1) / count - threads * stream / count)
      }
    }
  }

  /// How many there are.
  var count: Int { workers.count }

  /// Sees all images.
  /// - Parameters:
  ///   - traces: whether the first model's stages are kept.
  ///   - tell: gets an image's number and what the models say of it, or what is wrong with it, in order, on the
  ///     caller's thread.
  /// - Throws: what `tell` throws and what concerns all images, which ends the work.
  func run(
    _ paths: [String], _ options: ImageOptions, traces: Bool = false,
    tell: (_ image: Int, _ seen: Result<SeenImage<Model.Answer>, InputError>) throws -> Void
  ) throws {
    let groups = (paths.count + batch - 1) / batch
    try OrderedWork.run(items: groups, workers: workers.count, ahead: 4 * workers.count) {
      [workers, batch, decoding] stream, group in
      let first = group * batch
      return Result {
        try SeenImage.all(
          paths[first..<min(first + batch, paths.count)], by: workers[stream], options,
          decoding: decoding, traces: traces)
      }
    } tell: { group, seen in
      for (place, image) in try seen.get().enumerated() { try tell(group * batch + place, image) }
    }
  }
}
