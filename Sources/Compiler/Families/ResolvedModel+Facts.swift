internal import Checkpoints
internal import ModelFacts
internal import Tensors

extension ResolvedModel {
  /// What the plan says of the model, apart from where it came from.
  func facts() -> ModelFacts {
    var facts = ModelFacts()
    facts.architecture = architecture
    facts.family = target.family.rawValue
    facts.imageHeight = target.imageHeight
    facts.imageWidth = target.imageWidth
    facts.patchSize = target.patchHeight
    facts.patchWidth = target.patchWidth
    facts.embedDim = target.embedDim
    facts.depth = target.depth
    facts.heads = target.heads
    facts.classes = target.classes
    facts.prefixTokens = target.prefixTokens
    facts.defaultSelectionBlocks = target.selectionBlocks
    facts.scores = scores
    facts.preprocess = preprocess
    facts.details.hasClassToken = target.hasClassToken
    facts.details.textComparison = textComparison
    return facts
  }

  /// Where the model's values came from, and it itself.
  func origins(in checkpoint: Checkpoint) -> [Origin] {
    provenance
      + checkpoint.sources.map { source in
        let checksum = source.checksum()
        source.release(0..<source.count)
        return Origin(
          key: "source",
          value: source.path.split(separator: "/").last.map(String.init) ?? source.path,
          source: "\(checkpoint.format.rawValue), \(source.count) bytes, xxh64 "
            + "\(String(checksum, radix: 16))")
      }
  }
}
