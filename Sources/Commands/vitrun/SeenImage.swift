internal import Tensors
internal import ViTRuntime

/// What models say of an image.
struct SeenImage<Answer: Sendable>: Sendable {
  /// One for each model.
  var answers: [Answer] = []

  /// Milliseconds of reading and decoding, of resizing and cropping, and of each model.
  var decoding = 0.0
  var resizing = 0.0
  var running: [Double] = []

  /// The first model's stages, and the image that they are of, where they are asked for.
  var stages: [StageTrace] = []
  var crop: RGBImage?

  /// What models say of images, or why an image cannot be seen, which concerns no other.
  /// - Parameters:
  ///   - decoding: memory that images which are decoded at the same time share.
  ///   - traces: whether stages are kept.
  /// - Throws: what concerns all images, as a damaged weight.
  static func all<Model: ImageModel>(
    _ paths: ArraySlice<String>, by models: [Model], _ options: ImageOptions,
    decoding: MemoryBudget, traces: Bool = false
  ) throws -> [Result<SeenImage, InputError>] where Model.Answer == Answer {
    let prepared = try paths.map { path in
      do {
        return Result<_, InputError>.success(try prepare(path, for: models, options, decoding))
      } catch let error as InputError {
        return .failure(error)
      }
    }
    let whole = prepared.compactMap { try? $0.get() }
    guard !whole.isEmpty else { return prepared.map { $0.map { _ in SeenImage() } } }
    var stages: [[StageTrace]] = []
    var clock = Stopwatch()
    var milliseconds: [Double] = []
    let answers = try models.indices.map { model in
      defer { milliseconds.append(clock.lap() / Double(whole.count)) }
      return try models[model].answers(to: whole.map { $0[model].crop }) { result in
        guard traces, model == 0 else { return }
        stages = try whole.indices.map { try result.stages(image: $0) }
      }
    }
    var place = -1
    return prepared.map {
      $0.map { images in
        place += 1
        return SeenImage(
          answers: answers.map { $0[place] }, decoding: images[0].decoding,
          resizing: images[0].resizing, running: milliseconds,
          stages: traces ? stages[place] : [], crop: traces ? images[0].crop : nil)
      }
    }
  }

  /// An image as each of the models wants it, prepared once where they agree.
  private static func prepare(
    _ path: String, for models: [some ImageModel], _ options: ImageOptions, _ decoding: MemoryBudget
  ) throws -> [Preprocessing.Preparation] {
    var known: [(preprocessing: Preprocessing, image: Preprocessing.Preparation)] = []
    return try models.map { model in
      let preprocessing = model.preprocessing
      if let same = known.first(where: { $0.preprocessing == preprocessing }) { return same.image }
      let image = try preprocessing.prepare(path, options, budget: decoding)
      known.append((preprocessing, image))
      return image
    }
  }
}
