internal import Tensors

/// Takes off the prefix that training code or a wrapping module puts before a model's names
/// (`state_dict.`, `module.`, `backbone.`, `timm_model.`, ...), and chooses between a model and its
/// moving average.
enum Prefixes {
  /// The tensors of one model.
  struct Found {
    /// By name without the prefix.
    var tensors: [String: NamedTensor]

    /// What stood before every name; empty if nothing did.
    var prefix = ""

    /// Of a model and a copy, the one that is read.
    var choice: Choice?

    struct Choice: Sendable {
      var prefix: String
      var reason: String
      var other: String
    }
  }

  private static let averages: Set<String> = [
    "model_ema", "state_dict_ema", "ema", "ema_model", "ema_state_dict", "module_ema",
    "model_ema_v2", "averaged_model",
  ]

  /// The tensors of the model that has one of the anchors, without their common prefix; nil if none
  /// has. Of a model and its moving average the average is taken, as timm does, unless it is not read. What lies beside the
  /// model and is not known to belong to training keeps a name that nothing binds, and is reported.
  /// - Throws: `InputError` that lists the copies if there are several and nothing chooses.
  static func strip(
    _ tensors: [String: NamedTensor], anchors: [String], file: String, readsAverage: Bool
  ) throws -> Found? {
    let all = Set(
      tensors.keys.compactMap { name in
        anchors.lazy.compactMap { prefix(of: name, before: $0) }.first
      })
    let prefixes = all.filter { !UnreadTensors.isCopy($0) }
    guard let chosen = try choose(prefixes.sorted(), file: file, readsAverage: readsAverage) else {
      return nil
    }
    let copies = all.subtracting([chosen]).sorted()
    var found = Found(tensors: [:])
    for (name, tensor) in tensors {
      // A copy's tensors mirror the model's. Only beside the model does a first word tell training's: the
      // model itself may lie under such a one, as under opt/target/.
      if copies.contains(where: { !$0.isEmpty && name.hasPrefix($0) && $0.count > chosen.count }) {
        continue
      }
      let isInside = !chosen.isEmpty && name.hasPrefix(chosen)
      if !isInside, UnreadTensors.isBesideModel(name, tensor) { continue }
      if name.hasPrefix(chosen) {
        found.tensors[String(name.dropFirst(chosen.count))] = tensor
      } else if !copies.contains(where: { name.hasPrefix($0) }) {
        found.tensors["\(name) (outside of \(chosen))"] = tensor
      }
    }
    if let copy = copies.first {
      found.choice = Found.Choice(
        prefix: chosen.isEmpty ? "no prefix" : chosen,
        reason: isAverage(chosen)
          ? "the moving average, as timm loads it"
          : readsAverage
            ? "not the copy that follows it in training"
            : "not the moving average, as the method's authors evaluate it",
        other: copy.isEmpty ? "no prefix" : copy)
    } else if !chosen.isEmpty {
      found.prefix = chosen
    }
    return found
  }

  private static func choose(
    _ prefixes: [String], file: String, readsAverage: Bool
  ) throws -> String? {
    guard prefixes.count > 1 else { return prefixes.first }
    let averaged = prefixes.filter(isAverage)
    if averaged.count == 1, prefixes.count == 2 {
      return readsAverage ? averaged[0] : prefixes.first { !isAverage($0) }
    }
    throw InputError(
      file: file, field: "tensors",
      expected:
        "one model, or a model and its moving average; save the one that is meant by itself",
      found: "copies under "
        + prefixes.map { $0.isEmpty ? "no prefix" : $0 }.joined(separator: ", "))
  }

  /// What stands before an anchor at the end of a name; nil if the name does not end in it.
  private static func prefix(of name: String, before anchor: String) -> String? {
    guard name.hasSuffix(anchor) else { return nil }
    let prefix = name.dropLast(anchor.count)
    return prefix.isEmpty || prefix.hasSuffix(".") || prefix.hasSuffix("/") ? String(prefix) : nil
  }

  private static func isAverage(_ prefix: String) -> Bool {
    prefix.split(whereSeparator: { $0 == "." || $0 == "/" }).contains {
      averages.contains(String($0))
    }
  }
}
