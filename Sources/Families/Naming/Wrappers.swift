internal import ModelFacts

/// Takes off what training code wraps around a model's names: `state_dict.`, `model.`, `module.`, and
/// chooses between a model and its moving average.
enum Wrappers {
  private static let words: Set<String> = [
    "state_dict", "model", "module", "model_state", "model_state_dict", "net", "network",
    "_orig_mod", "opt", "target", "params",
  ]
  private static let averages: Set<String> = [
    "model_ema", "state_dict_ema", "ema", "ema_model", "ema_state_dict", "module_ema",
    "model_ema_v2",
  ]

  /// The tensors of the model that has one of the anchors, without their common wrapper; nil if none
  /// has. Of a model and its moving average the average is taken, as timm does.
  static func unwrap(_ tensors: [String: NamedTensor], anchors: [String])
    -> (tensors: [String: NamedTensor], provenance: [ProvenanceEntry])?
  {
    var groups: [String: [String: NamedTensor]] = [:]
    for (name, tensor) in tensors {
      let wrapper = wrapper(of: name)
      groups[wrapper, default: [:]][String(name.dropFirst(wrapper.count))] = tensor
    }
    let candidates = groups.filter { group in
      anchors.contains { group.value[$0] != nil }
    }.keys.sorted()
    guard let chosen = candidates.first(where: isAverage) ?? candidates.first,
      var found = groups[chosen]
    else { return nil }
    var provenance: [ProvenanceEntry] = []
    if candidates.count > 1 {
      provenance.append(
        ProvenanceEntry(
          "weights", chosen.isEmpty ? "unwrapped" : chosen,
          from: isAverage(chosen)
            ? "the moving average, as timm loads it" : "the first of \(candidates.count) copies"))
    } else if !chosen.isEmpty {
      provenance.append(ProvenanceEntry("weights", chosen, from: "wrapper in the tensor names"))
    }
    // Without a wrapper nothing tells a stray tensor from the optimiser's: all must be known.
    if chosen.isEmpty {
      for (wrapper, group) in groups where !candidates.contains(wrapper) {
        for (name, tensor) in group { found[wrapper + name] = tensor }
      }
    }
    return (found, provenance)
  }

  /// The leading words of a name that belong to a wrapper, with their separators.
  private static func wrapper(of name: String) -> String {
    var rest = name[...]
    while let end = rest.firstIndex(where: { $0 == "." || $0 == "/" }) {
      let word = String(rest[..<end])
      guard words.contains(word) || averages.contains(word) else { break }
      rest = rest[rest.index(after: end)...]
    }
    return String(name[..<rest.startIndex])
  }

  private static func isAverage(_ wrapper: String) -> Bool {
    wrapper.split(whereSeparator: { $0 == "." || $0 == "/" }).contains {
      averages.contains(String($0))
    }
  }
}
