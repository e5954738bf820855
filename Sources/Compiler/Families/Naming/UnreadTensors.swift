internal import Tensors

/// Tensors of a checkpoint that inference does not read. Every other one is bound or an error.
enum UnreadTensors {
  /// First words of names beside the model, and what they belong to.
  private static let besides: [(word: String, reason: String)] = [
    ("optimizer", "the optimiser's state"), ("optimizer_state", "the optimiser's state"),
    ("optimizer_states", "the optimiser's state"), ("opt_state", "the optimiser's state"),
    ("optim", "the optimiser's state"), ("opt", "the optimiser's state"),
    ("lr_scheduler", "training"), ("lr_schedulers", "training"), ("scheduler", "training"),
    ("rng_state", "training"),
  ]

  /// First words of single numbers beside the model.
  private static let counters: Set<String> = [
    "epoch", "step", "global_step", "iteration", "best_acc", "best_metric", "metric", "loss",
    "scaler", "amp_scaler", "loss_scaler", "grad_scaler",
  ]

  /// Names inside the model, whole or up to a dot, without transformers' `vit.` and `deit.`.
  private static let inside: [(name: String, reason: String)] = [
    ("mask_token", "masked image modelling"), ("embeddings.mask_token", "masked image modelling"),
    ("decoder_embed", "masked image modelling"), ("decoder_blocks", "masked image modelling"),
    ("decoder_norm", "masked image modelling"), ("decoder_pred", "masked image modelling"),
    ("decoder_pos_embed", "masked image modelling"),
    ("embeddings.position_ids", "a counter"), ("vision_model.embeddings.position_ids", "a counter"),
    ("decoder.0", "masked image modelling"), ("decoder.decoder_embed", "masked image modelling"),
    ("decoder.mask_token", "masked image modelling"),
    ("decoder.decoder_pos_embed", "masked image modelling"),
    ("decoder.decoder_layers", "masked image modelling"),
    ("decoder.decoder_encoder", "masked image modelling"),
    ("decoder.decoder_norm", "masked image modelling"),
    ("decoder.decoder_pred", "masked image modelling"),
  ]

  /// Words of copies that training keeps of the model.
  private static let copies: Set<String> = ["momentum_encoder", "encoder_k", "key_encoder"]

  /// Whether a tensor beside the model belongs to training alone.
  static func isBesideModel(_ name: String, _ tensor: NamedTensor) -> Bool {
    let word = name.prefix { $0 != "." && $0 != "/" }
    return besides.contains { $0.word == word }
      || counters.contains(String(word)) && tensor.shape.elementCount <= 1
  }

  /// Whether a tensor of the model, without its prefix, is none that its logits depend on.
  static func isUnread(_ name: String) -> Bool {
    let base = HuggingFaceNames.inner.first { name.hasPrefix($0) } ?? ""
    let name = name.dropFirst(base.count)
    return name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
      || inside.contains { name == $0.name || name.hasPrefix("\($0.name).") }
  }

  /// Whether a tensor is what ATS's code puts in the place of tokens that an image has not, which is zeros.
  static func isMaskOfZeros(_ name: String, _ tensor: NamedTensor) throws -> Bool {
    guard name.hasSuffix(".attn.out_zero_mask") else { return false }
    return try tensor.values().allSatisfy { $0 == 0 }
  }

  /// Whether a prefix names a copy that follows the model in training.
  static func isCopy(_ prefix: String) -> Bool {
    prefix.split(whereSeparator: { $0 == "." || $0 == "/" }).contains {
      copies.contains(String($0))
    }
  }
}
