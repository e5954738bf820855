public import Tensors

/// What errors call the parts of ViTCompiler's `RewriteOptions`: by their names there.
public enum RewriteOption: String, InputOption {
  case keepRates, blocks, strategy, similarity, seed, multiScale

  /// Whether tokens count by the number of patches that they stand for.
  case sizeAware = "isSizeAware"

  /// Numbers of tokens that leave behind each block.
  case removedCounts = "Removal.counts"

  /// One number of tokens that leave behind every block.
  case removedEverywhere = "Removal.everywhere"

  /// The most work as a share of the dense model's.
  case budgetShare = "Budget.share"

  /// The most work.
  case budgetMultiplyAdds = "Budget.gigaMultiplyAdds"

  /// Weights of the stage on two scales from a file.
  case multiScaleFile = "MultiScale.from(path:)"

  /// Weights of the stage on two scales that leave the high scale as it is.
  case multiScaleIdentity = "MultiScale.identity"
}

extension Message.StringInterpolation {
  package mutating func appendInterpolation(option: RewriteOption) {
    appendInterpolation(Message(option: option))
  }
}

extension InputError {
  package init(
    _ kind: Kind = .invalidOption, option: RewriteOption, field: Message, expected: Message,
    found: Message
  ) {
    self.init(kind, subject: .option(option), field: field, expected: expected, found: found)
  }
}
