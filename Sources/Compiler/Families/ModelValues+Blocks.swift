internal import ModelFacts
internal import Tensors

// What no tensor shows of the blocks: where norms stand, which half of an FFN's layer are gates, and rotary positions.
extension ModelValues {
  /// Decides it; a model that has nothing of it, and no twin that has, is told nothing.
  func blocks(_ source: inout ViTConfig, _ decisions: inout Decisions) throws {
    source.hasPostNorms = try hasPostNorms(source, &decisions)
    if source.isGated { source.hasGatesLast = try hasGatesLast(&decisions) }
    source.rotary = try rotary(source, &decisions)
    if let width = source.headNormWidth, width != source.headWidth {
      throw InputError(
        .contradiction, file: tensors.file, field: "blocks.0.attn.q_norm.weight",
        expected: "\(source.headWidth) elements, the width of one of \(source.heads) heads",
        found: "\(width)")
    }
    source.poolHeads = try poolHeads(source, &decisions)
    try checkRelativePositions(source, &decisions)
  }

  /// Throws where tables of relative positions are of other heads, or of what transformers makes of a grid that is not
  /// square: it takes the table's rows for columns there.
  private func checkRelativePositions(
    _ source: ViTConfig, _ decisions: inout Decisions
  ) throws {
    guard let relative = source.relative else { return }
    decisions.told("relative_positions", relative.summary, from: "the tensors")
    guard source.tableHeads == source.heads else {
      throw InputError(
        .contradiction, file: tensors.file, field: "relative positions",
        expected: "tables of \(source.heads) heads", found: "of \(source.tableHeads)")
    }
    if isTransformers, !tensors.isGraph, source.gridHeight != source.gridWidth {
      throw InputError(
        .unsupported, file: tensors.file, field: "relative positions",
        expected: "a square grid, of which alone transformers reads the table in the grid's order",
        found: "\(source.gridHeight) x \(source.gridWidth)")
    }
  }

  /// What the architecture says of something that no tensor shows, recorded unless neither it nor a twin has it;
  /// nil where there is no architecture.
  func architectural<Value: Equatable>(
    _ key: String, _ value: (Architecture) -> Value, unless usual: Value? = nil,
    _ decisions: inout Decisions, words: (Value) -> String = { "\($0)" }
  ) -> Value? {
    guard let chosen = choice.chosen else { return nil }
    let own = value(chosen)
    let others = choice.others(value, words)
    if own == usual, others.isEmpty { return own }
    if let named = choice.namedBy {
      decisions.told(key, words(own), from: "\(chosen.name), named by \(named)")
    } else {
      decisions.assumed(
        key, words(own), choice.reason,
        or: (others.isEmpty ? "" : "\(others); ") + "a config.json decides")
    }
    return own
  }

  // MARK: - Norms and gates

  private func hasPostNorms(
    _ source: ViTConfig, _ decisions: inout Decisions
  ) throws -> Bool {
    let key = "norms_behind_branches"
    if let told = tensors.hints.hasPostNorms {
      if told.value { decisions.told(key, "true", from: "\(told.source)") }
      return told.value
    }
    // transformers' models say what is computed.
    guard !isTransformers else { return false }
    if let found = configured("use_post_norm") {
      decisions.told(key, "\(try config.boolean(found))", from: "\(config.path)")
      return try config.boolean(found)
    }
    if let found = configured("block_fn") {
      let isBehind = try config.word(found).split(separator: ".").last?.hasPrefix("ResPost") == true
      if isBehind { decisions.told(key, "true", from: "\(config.path)") }
      return isBehind
    }
    if choice.chosen == nil, source.relative?.networkWidth != nil, !source.hasLayerScale {
      decisions.assumed(
        key, "false", "as most of timm's ViTs with relative positions have it",
        or: "true in those of rpn; \(option: .architecture) or a config.json decides")
      return false
    }
    return architectural(key, \.hasPostNorms, unless: false, &decisions) ?? false
  }

  private func hasGatesLast(_ decisions: inout Decisions) throws -> Bool {
    let key = "gates"
    func word(_ areLast: Bool) -> String { areLast ? "last" : "first" }
    if let told = tensors.hints.hasGatesLast {
      decisions.told(key, word(told.value), from: "\(told.source)")
      return told.value
    }
    if let found = configured("mlp_layer") {
      let areLast = try config.word(found).hasSuffix("GluMlp")
      decisions.told(key, word(areLast), from: "\(config.path)")
      return areLast
    }
    if let areLast = architectural(key, \.hasGatesLast, &decisions, words: word) { return areLast }
    decisions.assumed(
      key, word(false), "as DINOv2 and EVA-02 have them",
      or: "last in timm's GluMlp; mlp_layer of a config.json decides")
    return false
  }

  /// Heads of attention pooling, if they are others than a block's.
  private func poolHeads(
    _ source: ViTConfig, _ decisions: inout Decisions
  ) throws -> Int? {
    let key = "attn_pool_num_heads"
    if let told = tensors.hints.poolHeads {
      guard told.value != source.heads else { return nil }
      decisions.told(key, "\(told.value)", from: "\(told.source)")
      return told.value
    }
    guard source.hasAttentionPool, !isTransformers, !tensors.isGraph else {
      guard let found = configured(key) else { return nil }
      throw config.fail(found, "none, as there are no tensors of attn_pool", as: .contradiction)
    }
    var heads: Int?
    if let found = configured(key) {
      heads = try config.integer(found)
      decisions.told(key, "\(heads ?? 0)", from: "\(config.path)")
    } else {
      heads =
        architectural(
          key, \.poolHeads, unless: .some(nil), &decisions,
          words: { $0.map { "\($0)" } ?? "num_heads" })
        ?? nil
    }
    guard let heads else { return nil }
    guard source.embedDim % heads == 0, heads <= 1024 else {
      throw InputError(
        file: config.path.isEmpty ? tensors.file : config.path, field: key,
        expected: "a divisor of the width \(source.embedDim)", found: "\(heads)")
    }
    return heads
  }

  // MARK: - Rotary positions

  private func rotary(
    _ source: ViTConfig, _ decisions: inout Decisions
  ) throws -> RotaryPositions? {
    if tensors.isGraph { return try rotaryOfGraph(source, &decisions) }
    var rotary: RotaryPositions?
    if isTransformers {
      rotary = try transformersRotary()
      if let rotary {
        decisions.told("rotary_positions", rotary.summary, from: "\(config.path)")
      }
    } else if let usual = tensors.hints.rotary {
      rotary = usual.value
      decisions.assumed(
        "rotary_positions", usual.value.summary, "\(usual.source)", or: "a config.json decides")
    } else if source.frequencyHeads != nil, choice.chosen == nil {
      rotary = RotaryPositions(kind: .mixed, startsWithX: true)
      decisions.assumed(
        "rotary_positions", rotary?.summary ?? "", "as naver's models have them",
        or: "\(option: .architecture) or a config.json decides")
    } else {
      try unsaidPositions(source, &decisions)
      rotary =
        architectural(
          "rotary_positions", \.rotary, unless: .some(nil), &decisions,
          words: { $0?.summary ?? "none" })
        ?? nil
      if try changed(&rotary) {
        decisions.told("rotary_positions", rotary?.summary ?? "none", from: "\(config.path)")
      }
    }
    guard (rotary?.kind == .mixed) == (source.frequencyHeads != nil) else {
      throw InputError(
        .contradiction, file: tensors.file, field: "rope.freqs",
        expected: rotary?.kind == .mixed
          ? "frequencies, for mixed rotary positions"
          : "none, as rotary positions are \(rotary?.summary ?? "none")",
        found: source.frequencyHeads == nil ? "none" : "a tensor")
    }
    guard let rotary else { return nil }
    // A quarter of a head's elements for each axis and each half; of frequencies any even number.
    let unit = rotary.kind == .mixed ? 2 : 4
    guard source.headWidth % unit == 0 else {
      throw InputError(
        file: tensors.file, field: "heads",
        expected: "heads of a multiple of \(unit) elements, for rotary positions",
        found: "\(source.heads) of \(source.headWidth)")
    }
    if let heads = source.frequencyHeads, heads != source.heads {
      throw InputError(
        .contradiction, file: tensors.file, field: "rope.freqs",
        expected: "frequencies of \(source.heads) heads", found: "of \(heads)")
    }
    return rotary
  }

  /// A graph has the cosines and sines themselves.
  private func rotaryOfGraph(
    _ source: ViTConfig, _ decisions: inout Decisions
  ) throws -> RotaryPositions? {
    guard let told = tensors.hints.rotary, let table = source.rotaryTable else { return nil }
    guard table.width == source.headWidth, [1, source.heads].contains(table.heads),
      [1, source.depth].contains(table.blocks)
    else {
      throw InputError(
        .contradiction, file: tensors.file, field: "rotary positions",
        expected: "cosines and sines of \(source.heads) heads of \(source.headWidth)",
        found: "of \(table.heads) heads of \(table.width)")
    }
    decisions.told("rotary_positions", told.value.summary, from: "\(told.source)")
    return told.value
  }

  /// Throws where tokens have no positions that a tensor shows, or tensors have the names of EVA's, and no known model
  /// says whether they are turned. Where tensors are DeiT-III's as much as those of naver's ViTs, that is a note.
  private func unsaidPositions(_ source: ViTConfig, _ decisions: inout Decisions) throws {
    guard choice.chosen == nil else { return }
    if let found = configured("use_rot_pos_emb"), try !config.boolean(found) { return }
    guard !source.hasPositions && source.relative == nil || tensors.hints.isNamedAsEVA else {
      guard source.isPlain, source.hasPatchOnlyPositions, source.hasLayerScale else { return }
      return decisions.assumed(
        "rotary_positions", "none", "as DeiT-III has none",
        or: "naver's ViTs have them; \(option: .architecture) or a config.json decides")
    }
    throw InputError(
      .missingValue, file: tensors.file, field: "rotary_positions",
      expected: "\(option: .architecture) or a config.json that names the architecture",
      found: source.hasPositions
        ? "neither, no known model of these shapes, and EVA's names"
        : "neither, no known model of these shapes, and no table of positions")
  }

  /// DINOv3's; no other type has any.
  private func transformersRotary() throws -> RotaryPositions? {
    guard config.form == .transformers("dinov3_vit") else { return nil }
    var rotary = RotaryPositions.dinov3
    if let found = configured("rope_theta") { rotary.temperature = try config.number(found) }
    return rotary
  }

  /// Takes what timm's arguments say in place of the architecture's own values.
  /// - Returns: whether they say anything.
  private func changed(_ rotary: inout RotaryPositions?) throws -> Bool {
    let keys = [
      "use_rot_pos_emb", "rope_type", "rope_temperature", "rope_grid_offset", "rope_grid_indexing",
      "rope_rotate_half", "ref_feat_shape",
    ]
    guard let first = keys.lazy.compactMap({ configured($0) }).first else { return false }
    guard choice.chosen?.family == .eva else {
      if first.field.hasSuffix("use_rot_pos_emb"), try !config.boolean(first) { return false }
      throw config.fail(
        first, "none, as only timm's EVA models have rotary positions", as: .contradiction)
    }
    if let found = configured("use_rot_pos_emb") {
      guard try config.boolean(found) else {
        rotary = nil
        return true
      }
    }
    if rotary == nil, configured("use_rot_pos_emb") == nil {
      throw config.fail(
        first,
        "none, as \(choice.chosen?.name ?? "") has no rotary positions; use_rot_pos_emb "
          + "gives it some",
        as: .contradiction)
    }
    var value = rotary ?? RotaryPositions()
    if let found = configured("rope_type") {
      let word = try config.word(found)
      guard let kind = RotaryPositions.Kind.named.first(where: { $0.rawValue == word }) else {
        throw config.fail(
          found, RotaryPositions.Kind.named.map(\.rawValue).joined(separator: ", "),
          as: .unsupported)
      }
      value.kind = kind
    }
    if let found = configured("rope_temperature") { value.temperature = try config.number(found) }
    if let found = configured("rope_grid_offset") {
      guard let offset = found.value.double, offset.isFinite, abs(offset) <= 65536 else {
        throw config.fail(found, "a number from -65536 to 65536")
      }
      value.offset = offset
    }
    if let found = configured("rope_grid_indexing") {
      let word = try config.word(found)
      guard word == "ij" || word == "xy" else { throw config.fail(found, "ij or xy") }
      value.startsWithX = word == "xy"
    }
    if let found = configured("rope_rotate_half") {
      value.turnsHalves = try config.boolean(found)
    }
    if let found = configured("ref_feat_shape") {
      let extents = try config.extents(found)
      value.reference = .init(rows: extents.height, columns: extents.width)
    }
    rotary = value
    return true
  }

  var isTransformers: Bool {
    if case .transformers = config.form { return true }
    return false
  }
}
