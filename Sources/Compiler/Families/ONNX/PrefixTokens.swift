/// What the rows in front of the patches' are: class token, distillation token and registers.
struct PrefixTokens {
  /// Names of those that are one token each, in order.
  let single: [String]

  /// Those behind them.
  let registers: Int

  /// Why the first is a class token or not, where nothing reads it.
  let reason: String?

  var count: Int { single.count + registers }

  /// - Parameters:
  ///   - told: whether the first is a class token, where the file says it.
  ///   - hasRelative: attention has relative positions.
  init(
    _ embedding: EmbeddingReader.Found, _ head: HeadReader.Found, told: Bool?, hasRelative: Bool
  ) {
    let count = embedding.prefix.count
    let isRead = head.pool.pooling == .token || head.pool.pooling == .none
    guard count > 0, !isRead else {
      let hasSecond = head.second != nil || head.averagesTwo || count == 2
      single = Array(["cls_token", "dist_token"].prefix(min(count, hasSecond ? 2 : 1)))
      (registers, reason) = (count - single.count, nil)
      return
    }
    // Models whose registers come alone have positions for patches only, and 1, 4 or 8 of them.
    let isOfAll = embedding.positions != nil && !embedding.hasPatchOnlyPositions
    let isRelated = hasRelative && count == 1
    let isClass = told ?? (isOfAll || isRelated || count > 1 && count % 2 == 1)
    single = isClass ? ["cls_token"] : []
    registers = count - single.count
    if told != nil {
      reason = nil
    } else if isOfAll {
      reason = "as it has a position"
    } else if isRelated {
      reason = "as models with relative positions have it"
    } else {
      reason = "as \(count) such \(count == 1 ? "token is" : "tokens are")"
    }
  }
}
