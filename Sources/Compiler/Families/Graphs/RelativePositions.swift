/// Where a table comes from whose entries attention adds to its scores for where two patches lie to each other: relative
/// position bias, as BEiT and timm's ViTs with relative positions have it.
struct RelativePositions: Sendable, Equatable {
  /// Every block has a table of its own.
  var isInBlocks: Bool

  /// All blocks have one, beside their own if they have any; both are added.
  var isShared: Bool

  /// Tables are what a network of two layers makes of the logarithms of distances, so wide in between; nil where they are
  /// tensors.
  var networkWidth: Int?

  /// The network is Swin V2's: distances are scaled to 8 at the grid's edge, and an entry is 16 times the logistic function
  /// of its result, which has no bias.
  var isBounded = false

  /// What stands before the names of a block's own table.
  static func name(block: Int, _ part: String) -> String {
    part.hasPrefix("mlp.") ? "blocks.\(block).attn.rel_pos.\(part)" : "blocks.\(block).attn.\(part)"
  }

  /// The name of a part of the table of all blocks.
  static func sharedName(_ part: String) -> String {
    part.hasPrefix("mlp.") ? "shared_rel_pos.\(part)" : "rel_pos_bias.\(part)"
  }

  /// A table, `[entries, heads]`.
  static let table = "relative_position_bias_table"

  /// The entry of each query and key, `[tokens, tokens]`, which some checkpoints have beside the table.
  static let index = "relative_position_index"

  /// The table's extents, which show the grid.
  var showsGrid: Bool { networkWidth == nil }

  /// The names of a part in all its places.
  func names(_ part: String, depth: Int) -> [String] {
    (isInBlocks ? (0..<depth).map { Self.name(block: $0, part) } : [])
      + (isShared ? [Self.sharedName(part)] : [])
  }

  /// For people and provenance.
  var summary: String {
    let place = [isInBlocks ? "in each block" : nil, isShared ? "of all blocks" : nil]
      .compactMap(\.self).joined(separator: " and ")
    guard let networkWidth else { return "a table \(place)" }
    return "a network of \(networkWidth) \(place)\(isBounded ? ", bounded" : "")"
  }
}

extension RelativePositions {
  /// `tables`, `sharedTables`, `networks-WIDTH` or `sharedNetwork-WIDTH`, as the table of architectures has it; nil for
  /// anything else.
  init?(flag: String) {
    let fields = flag.split(separator: "-")
    switch (fields.first, fields.count) {
    case ("tables", 1): self.init(isInBlocks: true, isShared: false)
    case ("sharedTables", 1): self.init(isInBlocks: false, isShared: true)
    case ("networks", 2): self.init(isInBlocks: true, isShared: false, networkWidth: Int(fields[1]))
    case ("sharedNetwork", 2):
      self.init(isInBlocks: false, isShared: true, networkWidth: Int(fields[1]))
    default: return nil
    }
  }
}
