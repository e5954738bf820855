internal import ModelFacts
internal import Tensors

/// Decides how images are prepared: options before transformers' processor file before timm's
/// `pretrained_cfg` before the class, preset or family that the model is recognised as.
struct PreprocessResolver {
  let tensors: TensorSet
  let config: ModelConfig
  let processor: ProcessorConfig?
  var options: ImportOptions
  let source: ViTConfig
  let target: ViTConfig
  let choice: ArchitectureChoice

  /// With which the model was trained for fewer tokens.
  let method: TrainedReduction.Method?

  /// The preprocessing; every part of it is recorded with its source.
  func resolve(_ decisions: inout Decisions) throws -> PreprocessFacts {
    try checkOptions()
    remarkOnChannels(&decisions)
    guard let inside = tensors.hints.normalisation else { return try outside(&decisions) }
    var other = self
    (other.options.mean, other.options.standardDeviation) = (nil, nil)
    var facts = try other.outside(&decisions)
    try leave(to: inside, &facts, &decisions)
    try override(&facts, &decisions)
    try check(facts)
    return facts
  }

  /// What happens outside a graph that does nothing with samples itself.
  private func outside(_ decisions: inout Decisions) throws -> PreprocessFacts {
    var facts: PreprocessFacts
    if let processor {
      let source = processor.path
      let geometry = self.geometrySource(source)
      if processor.isClassAssumed {
        decisions.assumed(
          "image_processor_type", processor.className, "by the model's type",
          or: "\(source) names none")
      }
      facts = try prepared(by: processor)
      remarkOnOrder(processor, &decisions)
      let isScaled = !isGeometryTold && !isWrittenForTarget(processor)
      record(facts, &decisions) {
        if isScaled, Self.geometry.contains($1) {
          $0.assumed(
            $1, $2, "in proportion to what \(source) has for the checkpoint's size",
            or:
              "\(option: .preprocessor) or \(option: .cropFraction) and \(option: .cropMode) decide"
          )
        } else {
          $0.told($1, $2, from: Self.geometry.contains($1) ? geometry : "\(source)")
        }
      }
    } else if let name = unsaidProcessor {
      let path = config.path.isEmpty ? tensors.file : config.path
      let processor = try ProcessorConfig(classNamed: name, path: path)
      facts = try prepared(by: processor, ofAnySize: true)
      remarkOnOrder(processor, &decisions)
      record(facts, &decisions) {
        if isGeometryTold, Self.geometry.contains($1) {
          $0.told($1, $2, from: geometrySource(""))
        } else {
          $0.assumed(
            $1, $2, "as transformers' \(name) has it",
            or: "a preprocessor_config.json or the \(option: .preprocessing) decide")
        }
      }
    } else if let exported = tensors.hints.exported, isTakenAsTold {
      facts = exported.facts.preprocess
      record(facts, &decisions) { $0.told($1, $2, from: "\(ExportedModel.source)") }
    } else {
      if config.isOpenCLIPs {
        decisions.remarked(
          "resize",
          "images become RGB before they are resized, where open_clip resizes those of a palette, alpha, CMYK, one bit "
            + "or 16 bits first"
        )
      }
      try checkInputSize()
      facts = try timmTransform(&decisions)
        .facts(height: target.imageHeight, width: target.imageWidth)
    }
    try fitChannels(&facts, &decisions)
    try override(&facts, &decisions)
    try check(facts)
    return facts
  }

  /// Whether nothing says more of the preprocessing than the plan that a graph was made of.
  private var isTakenAsTold: Bool {
    !isGeometryTold && options.imageSize == nil && !config.hasTimmTransform
      && choice.namedBy == nil
  }

  /// Says where a resized image differs from transformers', which has this class for numbers alone.
  private func remarkOnOrder(_ processor: ProcessorConfig, _ decisions: inout Decisions) {
    guard processor.resizesNumbers else { return }
    decisions.remarked(
      "resize",
      "images are resized in 8 bits, where transformers' \(processor.className) resizes the numbers: a "
        + "sample is a level of 255 away at most")
  }

  private func check(_ facts: PreprocessFacts) throws {
    guard facts.standardDeviation.allSatisfy({ $0 > 0 }) else {
      throw InputError(
        file: processor?.path ?? (config.path.isEmpty ? tensors.file : config.path), field: "std",
        expected: "positive numbers", found: "\(facts.standardDeviation)")
    }
    guard facts.fill.allSatisfy({ (0...255).contains($0) }) else {
      throw InputError(
        file: config.path.isEmpty ? tensors.file : config.path, field: "mean",
        expected: "numbers from 0 to 1, as the border gets their colour", found: "\(facts.mean)")
    }
    guard facts.resizeHeight <= 65536, facts.resizeWidth <= 65536,
      facts.resize == .none || min(facts.resizeHeight, facts.resizeWidth) >= 1
    else {
      throw InputError(
        file: tensors.file, field: "resize", expected: "1 to 65536 pixels",
        found: "\(facts.resizeHeight) x \(facts.resizeWidth)")
    }
  }

  // MARK: - transformers

  /// What timm's options decide for any processor.
  private static let geometry = ["resize", "crop"]

  private var isGeometryTold: Bool { options.cropFraction != nil || options.cropMode != nil }

  /// What decides the geometry: options, with the file's own values where they say nothing.
  private func geometrySource(_ path: String) -> Message {
    let told = [
      options.cropFraction.map { _ in Message(option: ImportOption.cropFraction) },
      options.cropMode.map { _ in Message(option: ImportOption.cropMode) },
    ].compactMap(\.self)
    guard !told.isEmpty else { return Message(path) }
    return ([Message(path)].filter { told.count < 2 && !$0.isEmpty } + told)
      .joined(separator: ", ")
  }

  /// The class that transformers would take for a model without a processor file.
  private var unsaidProcessor: String? {
    if case .transformers(let type) = config.form { return ModelTypes.vit[type]?.processor }
    return config.form == .none ? tensors.hints.processor : nil
  }

  /// - Parameter ofAnySize: the processor is a class's own, for images of its own size.
  private func prepared(by processor: ProcessorConfig, ofAnySize: Bool = false) throws
    -> PreprocessFacts
  {
    let (height, width) = (target.imageHeight, target.imageWidth)
    if isGeometryTold {
      // timm's geometry was asked for; without a share, the file's.
      var facts = try processor.samples()
      let isWhole = options.cropFraction != nil && options.cropMode != nil
      let own = isWhole ? nil : try whole(processor, ofAnySize)
      let side = own?.resizeHeight ?? 0
      let share = options.cropFraction ?? (side > 0 ? Double(height) / Double(side) : 1)
      let mode =
        try options.cropMode.map { try cropMode($0, of: .option(.cropMode), field: $0) }
        ?? (own?.resize == .squash ? .squash : .center)
      var transform = TimmTransform(
        cropShare: share, cropMode: mode, interpolation: facts.interpolation)
      transform.mean = facts.mean
      let geometry = transform.facts(height: height, width: width)
      facts.resize = geometry.resize
      (facts.resizeHeight, facts.resizeWidth) = (geometry.resizeHeight, geometry.resizeWidth)
      (facts.crop, facts.fill) = (geometry.crop, geometry.fill)
      return facts
    }
    return try whole(processor, ofAnySize)
  }

  /// What a file says for the target's size: written for it, or for the checkpoint's.
  private func whole(_ processor: ProcessorConfig, _ isOfAnySize: Bool) throws -> PreprocessFacts {
    let (height, width) = (target.imageHeight, target.imageWidth)
    if isOfAnySize {
      return try processor.facts(height: height, width: width, insteadOf: processor.ownSize)
    }
    if isWrittenForTarget(processor) {
      return try processor.facts(height: height, width: width, insteadOf: nil)
    }
    return try processor.facts(
      height: height, width: width, insteadOf: (source.imageHeight, source.imageWidth))
  }

  /// Whether a file's sizes are taken as they are: no other size was asked for, or they end in it.
  private func isWrittenForTarget(_ processor: ProcessorConfig) -> Bool {
    let (height, width) = (target.imageHeight, target.imageWidth)
    return target == source
      || (try? processor.facts(height: height, width: width, insteadOf: nil)) != nil
  }

  private func record(
    _ facts: PreprocessFacts, _ decisions: inout Decisions,
    _ note: (inout Decisions, String, String) -> Void
  ) {
    let resize =
      switch facts.resize {
      case .none: "none"
      case .shortestEdge: "shortest edge to \(facts.resizeHeight)"
      case .squash: "to \(facts.resizeHeight) x \(facts.resizeWidth)"
      case .cover, .fit: facts.resize.word
      }
    note(&decisions, "resize", resize)
    note(
      &decisions, "crop",
      facts.crop == .none ? "none" : "\(target.imageHeight) x \(target.imageWidth)")
    note(&decisions, "interpolation", facts.interpolation.word)
    note(&decisions, "mean", "\(facts.mean)")
    note(&decisions, "std", "\(facts.standardDeviation)")
  }

  // MARK: - timm

  /// timm's transform, from options, configuration, architecture or family.
  private func timmTransform(_ decisions: inout Decisions) throws -> TimmTransform {
    let (base, isTold, reason) = timmBase()
    var transform = base
    /// One value: an option's, or what the configuration says, or the base's.
    func decide<Value: Equatable>(
      _ key: String, _ place: WritableKeyPath<TimmTransform, Value>, _ option: ImportOption,
      _ wanted: Value?, said: Value?, _ words: (Value) -> String
    ) {
      if let wanted {
        transform[keyPath: place] = wanted
        decisions.told(key, words(wanted), from: "\(option: option)")
      } else if let said {
        transform[keyPath: place] = said
        decisions.told(key, words(said), from: "\(config.path)")
      } else if isTold {
        decisions.told(key, words(base[keyPath: place]), from: reason)
      } else {
        let others = choice.others({ $0.transform[keyPath: place] }, words)
        decisions.assumed(
          key, words(base[keyPath: place]), reason,
          or: (others.isEmpty ? "" : "\(others); ") + "\(option: option) or a config.json decides")
      }
    }
    decide("crop_pct", \.cropShare, .cropFraction, options.cropFraction, said: try cropShare()) {
      "\($0)"
    }
    decide(
      "crop_mode", \.cropMode, .cropMode,
      try options.cropMode.map { try cropMode($0, of: .option(.cropMode), field: $0) },
      said: try saidWord("crop_mode", cropMode)
    ) { $0.rawValue }
    decide(
      "interpolation", \.interpolation, .interpolation,
      try options.interpolation.map { try filter($0, of: .option(.interpolation), field: $0) },
      said: try saidWord("interpolation", filter)
    ) { $0.word }
    decide("mean", \.mean, .mean, options.mean, said: try numbers("mean")) { "\($0)" }
    decide(
      "std", \.standardDeviation, .standardDeviation, options.standardDeviation,
      said: try numbers("std")
    ) { "\($0)" }
    return transform
  }

  /// A word of timm's configuration; as in timm, nothing and an empty one are the same.
  private func saidWord<Value>(
    _ name: String,
    _ read: (_ word: String, _ subject: InputError.Subject, _ field: String) throws -> Value
  ) throws -> Value? {
    guard let found = said(name) else { return nil }
    let word = try config.word(found)
    return word.isEmpty ? nil : try read(word, .file(config.path), found.field)
  }

  /// What a configuration in timm's form says of the transform.
  private func said(_ name: String) -> ModelConfig.Found? {
    config.hasTimmTransform ? config.pretrained(name) : nil
  }

  /// Throws if timm's images would not end in the model's size.
  private func checkInputSize() throws {
    // timm puts the argument in the place of what an older export says.
    let isRepaired = try config.model("img_size") != nil && config.hasFixedSize()
    guard config.hasTimmTransform, !isRepaired, let size = try config.inputExtents() else { return }
    let sizes = [source, target].map { ($0.imageHeight, $0.imageWidth) }
    guard sizes.contains(where: { $0 == (size.height, size.width) }) else {
      throw InputError(
        file: config.path, field: size.field,
        expected: "images of the model's \(source.imageHeight) x \(source.imageWidth)",
        found: "\(size.height) x \(size.width)")
    }
  }

  /// What is taken where options and configuration say nothing, and why.
  private func timmBase() -> (transform: TimmTransform, isTold: Bool, reason: Message) {
    if config.hasTimmTransform {
      return (.unsaid, true, "timm's default, as \(config.path) says nothing")
    }
    // All of them resize to 256 for 224 pixels, also where they began with a preset that does not.
    if let method { return (.unsaid, true, "as \(method.title)'s authors evaluate") }
    if let namedBy = choice.namedBy, let chosen = choice.chosen {
      return (chosen.transform, true, "\(chosen.name), named by \(namedBy)")
    }
    if let told = tensors.hints.transform { return (told.value, false, "\(told.source)") }
    if let chosen = choice.chosen {
      var transform = chosen.transform
      // Published weights of 384 pixels are not cropped; other sizes follow the preset.
      if !choice.isExact { transform.cropShare = target.imageHeight > 224 ? 1 : 0.9 }
      return (transform, false, choice.reason)
    }
    var transform = TimmTransform(
      cropShare: target.imageHeight > 224 ? 1 : 0.9, cropMode: .center, interpolation: .bicubic)
    if source.family == .vit {
      (transform.mean, transform.standardDeviation) = (Statistics.half, Statistics.half)
    }
    return (transform, false, "as \(source.family.rawValue) has it")
  }

  private func cropShare() throws -> Double? {
    guard let found = said("crop_pct") else { return nil }
    guard let share = found.value.double, share == 0 || (share > 0.05 && share <= 4) else {
      throw config.fail(found, "a share in (0.05, 4]")
    }
    // As in timm, nothing and 0 are the same.
    return share == 0 ? nil : share
  }

  private func numbers(_ name: String) throws -> [Float]? {
    guard let found = said(name) else { return nil }
    return try found.value.channelNumbers(file: config.path, field: found.field)
  }

  private func cropMode(_ word: String, of subject: InputError.Subject, field: String) throws
    -> TimmTransform.CropMode
  {
    guard let known = TimmTransform.CropMode(rawValue: word) else {
      throw InputError(
        subject: subject, field: "\(field)", expected: "center, squash or border",
        found: "'\(word)'")
    }
    return known
  }

  private func filter(_ word: String, of subject: InputError.Subject, field: String) throws
    -> PreprocessFacts.Interpolation
  {
    guard let known = PreprocessFacts.Interpolation.allCases.first(where: { $0.word == word })
    else {
      throw InputError(
        subject: subject, field: "\(field)",
        expected:
          "\(PreprocessFacts.Interpolation.allCases.map(\.word).joined(separator: ", "))",
        found: "'\(word)'")
    }
    return known
  }

  // MARK: - Options

  private func override(_ facts: inout PreprocessFacts, _ decisions: inout Decisions) throws {
    if let mean = options.mean {
      facts.mean = mean
      decisions.told("mean", "\(mean)", from: "\(option: .mean)")
      if facts.resize == .fit { facts.fill = TimmTransform.fill(mean) }
    }
    if let deviation = options.standardDeviation {
      facts.standardDeviation = deviation
      decisions.told("std", "\(deviation)", from: "\(option: .standardDeviation)")
    }
    if let word = options.interpolation {
      facts.interpolation = try filter(word, of: .option(.interpolation), field: word)
      decisions.told("interpolation", word, from: "\(option: .interpolation)")
    }
  }
}
