internal import ModelFacts
internal import ModelGraph

/// EViT's strategy: the unimportant tokens become one more token, their weighted sum.
struct FuseTokens: SelectionStrategy {
  let isSizeAware: Bool

  var reduction: Reduce {
    var reduce = Reduce()
    reduce.strategy = .fuse
    reduce.carriesSizes = isSizeAware
    return reduce
  }
}
