internal import ModelFacts
internal import Tensors

/// A model whose every value is decided, and where each came from.
struct ResolvedModel {
  /// As the checkpoint has it.
  var source: ViTConfig

  /// As the plan will have it: another image size if one was asked for.
  var target: ViTConfig

  var architecture: String

  /// What makes probabilities of the logits.
  var scores: ModelFacts.Scores
  var preprocess: PreprocessFacts

  /// How it has fewer tokens; nil if it keeps all of them.
  var reduction: TrainedReduction?

  /// How features are compared with those of texts, if the checkpoint tells it.
  var textComparison: TextComparison?

  /// How the position table comes to the target's grid.
  var positionResize: PositionResize
  var labels: [ClassLabel]
  var provenance: [Origin]

  /// What nothing said.
  var assumptions: [Assumption]

  /// What the checkpoint says and a user may not expect.
  var remarks: [Remark]
}

/// Decides what a checkpoint is: options before the checkpoint's own structure before its configuration
/// before the architecture that this names before the presets whose shapes match. What nothing says is
/// an assumption where the presets agree, and an error where they do not.
struct ConfigResolver {
  private let tensors: TensorSet
  private let config: ModelConfig
  private let named: NamedArchitecture?
  private let processor: ProcessorConfig?
  private let reduction: ReductionResolver
  private let options: ImportOptions

  init(
    tensors: TensorSet, config: ModelConfig, named: NamedArchitecture?,
    processor: ProcessorConfig?, reduction: ReductionResolver, options: ImportOptions
  ) throws {
    var tensors = tensors
    // transformers' classes for classification read no pooler; others that save one may.
    if try config.output() == .logits { tensors.remove("pooler.") }
    // Another pooling was asked for.
    if let word = options.pooling, word != Pooling.map.rawValue { tensors.remove("attn_pool.") }
    self.tensors = tensors
    self.config = config
    self.named = named
    self.processor = processor
    self.reduction = reduction
    self.options = options
  }

  /// The configuration, the preprocessing and the sources of both.
  func resolve() throws -> ResolvedModel {
    var decisions = Decisions(file: tensors.file)
    if let copy = tensors.copy {
      decisions.assumed(
        "weights", copy.prefix, "\(copy.reason)", or: "the file has a copy under \(copy.other)")
    } else if !tensors.prefix.isEmpty {
      decisions.told("weights", tensors.prefix, from: "the prefix of the tensors' names")
    }
    let shapes = ShapeReader(
      tensors: tensors, config: config,
      named: named?.architecture)
    var (source, reason) = try shapes.read()
    try config.checkClass(classes: source.classes, of: tensors.file)
    try tensors.check(
      against: ViTShapes.expected(source).merging(reduction.shapes(source, tensors)) { own, _ in own
      },
      family: source.family.rawValue, reason: reason)
    let choice = try ArchitectureChoice(
      named: named, source: source, tensors: tensors, config: config, options: options)
    // A name that was given says more than the file does.
    let exported = named == nil ? tensors.hints.exported : nil
    if let exported {
      source.family = try exported.family(of: source.family)
    } else if let family = choice.family {
      source.family = family
    }
    reason += choice.chosen.map { "; shapes of \($0.name)" } ?? ""
    decisions.told("family", source.family.rawValue, from: "\(reason)")
    if let named = named?.architecture, config.model("patch_size") == nil,
      (named.patchHeight, named.patchWidth) != (source.patchHeight, source.patchWidth)
    {
      decisions.assumed(
        "patch_size", source.patchWords, "as the patch embedding has it",
        or: "timm resamples it for \(named.name); patch_size of a config.json decides")
    }
    try fillInImage(&source, choice)
    try shapes.recordImage(source, choice, &decisions)
    let values = ModelValues(
      tensors: tensors, config: config, options: options, choice: choice)
    if let text = tensors.hints.textComparison {
      decisions.told("logit_scale", "\(text.scale)", from: "the exponential of the tensor")
      if text.isSigmoid { decisions.told("logit_bias", "\(text.bias)", from: "the tensor") }
    }
    if source.classes == 0 {
      decisions.told("outputs", "features", from: "no classifier among the tensors")
    }
    source.heads = try values.heads(source, &decisions)
    try values.blocks(&source, &decisions)
    source.activation = try values.activation(source, &decisions)
    source.pooling = try values.pooling(source, &decisions)
    source.poolsPrefix = try values.poolsPrefix(source, &decisions)
    source.ownPoolActivation = tensors.hints.poolActivation
    source.poolerActivation = try values.poolerActivation(source, &decisions)
    source.epsilon = try values.epsilon(source, &decisions)
    source.skipLambda = try values.skipLambda(source, &decisions)
    if let told = tensors.hints.attentionScale {
      source.attentionScale = told.value
      decisions.told("attention_scale", "\(told.value)", from: "\(told.source)")
    }
    for (key, told) in tensors.hints.details {
      decisions.told(key, told.value, from: "\(told.source)")
    }
    decisions.add(tensors.hints.assumptions)
    decisions.add(tensors.hints.remarks)
    let reduction = try self.reduction.resolve(source, tensors, &decisions)
    let scores = try values.scores(&decisions)
    try config.check(against: source)
    // A graph says itself what it computes.
    if !tensors.isGraph { try config.checkDefaults(against: source) }
    let (target, positionResize) = try resized(source, &decisions)
    let preprocess = try PreprocessResolver(
      tensors: tensors, config: config, processor: processor, options: options, source: source,
      target: target, choice: choice, method: self.reduction.method
    ).resolve(&decisions)
    if let exported {
      decisions.told("architecture", exported.facts.architecture, from: "\(ExportedModel.source)")
    } else {
      choice.record(&decisions, graphDecides: tensors.isGraph)
    }
    let names = try config.labels(classes: source.classes)
      .map { ClassLabel(identifier: $0, name: $0) }
    return ResolvedModel(
      source: source, target: target,
      architecture: exported?.facts.architecture ?? choice.title, scores: scores,
      preprocess: preprocess, reduction: reduction, textComparison: tensors.hints.textComparison,
      positionResize: positionResize,
      labels: names.isEmpty ? tensors.hints.exported?.labels ?? [] : names,
      provenance: decisions.provenance,
      assumptions: decisions.assumptions, remarks: decisions.remarks)
  }

  /// The image's extents where neither positions nor a configuration tell them.
  private func fillInImage(_ source: inout ViTConfig, _ choice: ArchitectureChoice) throws {
    guard source.imageHeight == 0 else { return }
    if let chosen = choice.chosen {
      (source.imageHeight, source.imageWidth) = (chosen.imageHeight, chosen.imageWidth)
    } else if let size = options.imageSize {
      (source.imageHeight, source.imageWidth) = (size, size)
    } else {
      throw InputError(
        .missingValue, file: tensors.file, field: "image_size",
        expected: "\(option: .imageSize), or img_size of a config.json",
        found: "neither, no table of positions, and no known model of these shapes")
    }
  }

  private func resized(_ source: ViTConfig, _ decisions: inout Decisions) throws
    -> (ViTConfig, PositionResize)
  {
    var kind = tensors.hints.positionResize ?? .timm
    guard let size = options.imageSize else { return (source, kind) }
    guard size % source.patchHeight == 0, size % source.patchWidth == 0, (1...8192).contains(size)
    else {
      throw InputError(
        option: .imageSize, field: "\(size)",
        expected: "a multiple of the patch size \(source.patchWords) up to 8192", found: "\(size)")
    }
    var target = source
    (target.imageHeight, target.imageWidth) = (size, size)
    if target != source, source.relative?.showsGrid == true {
      throw InputError(
        .unsupported, option: .imageSize, field: "\(size)",
        expected: "\(source.imageHeight) x \(source.imageWidth), the size of the tables of "
          + "relative positions, which are not resized yet",
        found: "\(size)")
    }
    guard target == source || source.rotaryTable == nil else {
      throw InputError(
        .contradiction, option: .imageSize, field: "\(size)",
        expected:
          "\(source.imageHeight) x \(source.imageWidth), whose rotary positions the graph has",
        found: "\(size)")
    }
    guard target != source, source.hasPositions else {
      decisions.told("image_size", "\(size) x \(size)", from: "\(option: .imageSize)")
      return (target, kind)
    }
    if tensors.hints.positionResize == nil, case .transformers = config.form {
      kind = .transformers
    }
    let source = "\(source.gridHeight) x \(source.gridWidth)"
    if tensors.hints.positionResize == nil, config.form == .none {
      decisions.assumed(
        "image_size", "\(size)", "positions resized from \(source) as timm does",
        or: "transformers does it without antialiasing; a config.json decides")
    } else {
      decisions.told(
        "image_size", "\(size)",
        from: "\(option: .imageSize); positions resized from \(source) as \(kind.rawValue) does")
    }
    return (target, kind)
  }
}
