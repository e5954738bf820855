internal import Tensors

/// Which tokens of an image's patch grid were joined after one stage of token reduction.
public struct TokenMap: Sendable, Equatable {
  /// For each original patch, row-major: the original patch whose token stands for it, or nil if
  /// its token left, waits or was fused away.
  public var owners: [Int?]

  /// The patches whose tokens became one with all others that were not kept; they have no owner.
  public var fused: Set<Int>

  /// The patches whose tokens wait until a later stage; they have no owner.
  public var waiting: Set<Int>

  /// Makes a map.
  public init(owners: [Int?], fused: Set<Int> = [], waiting: Set<Int> = []) {
    self.owners = owners
    self.fused = fused
    self.waiting = waiting
  }

  /// The map before any reduction: every patch stands for itself.
  public static func identity(patches: Int) -> TokenMap {
    TokenMap(owners: Array(0..<patches))
  }
}
