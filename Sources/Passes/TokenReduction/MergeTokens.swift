internal import ModelFacts
internal import ModelGraph

/// The paper's strategy: each unimportant token joins the important one that is most similar to it
/// (eq. 4); with `isSizeAware` by the number of patches that tokens stand for.
struct MergeTokens: SelectionStrategy {
  let similarity: Similarity
  let seed: Int
  let isSizeAware: Bool

  var reduction: Reduce {
    var reduce = Reduce()
    reduce.strategy = .merge
    reduce.similarity = similarity
    reduce.seed = seed
    reduce.carriesSizes = isSizeAware
    reduce.carriesPatchIndices = similarity == .random
    return reduce
  }
}
