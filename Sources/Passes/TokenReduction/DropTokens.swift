internal import ModelFacts
internal import ModelGraph

/// DynamicViT's rule at inference, with attention as score: unimportant tokens are discarded.
struct DropTokens: SelectionStrategy {
  let isSizeAware: Bool

  var reduction: Reduce {
    var reduce = Reduce()
    reduce.strategy = .drop
    reduce.carriesSizes = isSizeAware
    return reduce
  }
}
