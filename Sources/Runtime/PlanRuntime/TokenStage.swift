/// What the stages of token reduction up to one of them did to the patches of one image.
public struct TokenStage: Sendable, Equatable {
  /// The block that selected, counted from 1.
  public let block: Int

  /// For each patch of the image, row-major: the patch whose token stands for it behind this stage; nil if its
  /// token left, waits, or became one with all others that were not kept.
  public let owners: [Int?]

  /// The patches whose tokens became one with all others that were not kept, and stayed so, ascending.
  public let fused: [Int]

  /// The patches whose tokens go through no block until a later stage begins, or to the end, and are there again then,
  /// ascending (Evo-ViT).
  public let waiting: [Int]

  /// The patches whose tokens stay, ascending.
  public var kept: [Int] { owners.indices.filter { owners[$0] == $0 } }

  /// For each patch in ``kept``, those that its token stands for, ascending, itself among them.
  public var groups: [Int: [Int]] {
    var groups: [Int: [Int]] = [:]
    for (patch, owner) in owners.enumerated() {
      if let owner { groups[owner, default: []].append(patch) }
    }
    return groups
  }
}
