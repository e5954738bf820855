internal import Checkpoints
internal import ModelFacts
internal import Tensors

extension ResolvedModel {
  /// What the plan says of the model, apart from its source.
  func facts() -> ModelFacts {
    var facts = ModelFacts()
    facts.architecture = architecture
    facts.family = target.family.rawValue
    facts.imageHeight = target.imageHeight
    facts.imageWidth = target.imageWidth
    facts.patchSize = target.patchSize
    facts.embedDim = target.embedDim
    facts.depth = target.depth
    facts.heads = target.heads
    facts.classes = target.classes
    facts.prefixTokens = target.prefixTokens
    facts.defaultSelectionBlocks = target.selectionBlocks
    facts.scores = scores
    facts.preprocess = preprocess
    facts.provenance = provenance
    return facts
  }

  /// What the plan says of the model.
  func facts(for checkpoint: Checkpoint) -> ModelFacts {
    var facts = facts()
    for source in checkpoint.sources {
      let checksum = source.checksum()
      source.release(0..<source.count)
      facts.provenance.append(
        ProvenanceEntry(
          "source", source.path.split(separator: "/").last.map(String.init) ?? source.path,
          from: "\(checkpoint.format.rawValue), \(source.count) bytes, xxh64 "
            + String(checksum, radix: 16)))
    }
    return facts
  }
}
