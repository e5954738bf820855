internal import Checkpoints
internal import ModelGraph
internal import Tensors

/// A checkpoint's tensors under timm's names.
struct TensorSet: Sendable {
  /// The checkpoint's name, for errors.
  let file: String

  private(set) var views: [String: TensorView]

  /// Takes wrappers such as `state_dict.` or `module.` off the names.
  init(_ checkpoint: Checkpoint) throws {
    file = checkpoint.path
    var views = checkpoint.tensors
    for wrapper in ["state_dict.", "model.", "module.", "model_ema."]
    where !views.isEmpty && views.keys.allSatisfy({ $0.hasPrefix(wrapper) }) {
      views = Dictionary(
        uniqueKeysWithValues: views.map { (String($0.key.dropFirst(wrapper.count)), $0.value) })
    }
    self.views = views.filter { !$0.key.hasSuffix("num_batches_tracked") }
  }

  /// The extents of a tensor, if it is there.
  func shape(_ name: String) -> [Int]? { views[name]?.shape.extents }

  /// Whether a tensor is there.
  func has(_ name: String) -> Bool { views[name] != nil }

  /// How many blocks `prefix0.`, `prefix1.`, ... have tensors.
  func blockCount(_ prefix: String) -> Int {
    var count = 0
    while views.keys.contains(where: { $0.hasPrefix("\(prefix)\(count).") }) { count += 1 }
    return count
  }

  /// A tensor as a constant whose values are read when they are asked for.
  func constant(_ name: String, shape: Shape? = nil, isTrained: Bool = true) throws -> Constant {
    guard let view = views[name] else {
      throw InputError(file: file, field: name, expected: "a tensor", found: "none")
    }
    let shape = shape ?? view.shape
    return Constant(name: name, shape: shape, parameters: isTrained ? nil : 0) {
      defer { view.releasePages() }
      return view.float32Values()
    }
  }

  /// Throws one error that names every missing, unexpected and mis-shaped tensor.
  func check(against expected: [String: [Int]], _ decided: ResolvedModel) throws {
    var complaints: [String] = []
    let unexpected = views.keys.filter { expected[$0] == nil && !$0.hasPrefix("multiscale.") }
      .sorted()
    for name in expected.keys.sorted() {
      guard let shape = expected[name] else { continue }
      guard let view = views[name] else {
        let near = Self.nearest(to: name, in: unexpected).map { " (there is \($0))" } ?? ""
        complaints.append("\(name) \(shape) is missing\(near)")
        continue
      }
      if view.shape.extents != shape {
        complaints.append("\(name) is \(view.shape), not \(shape)")
      } else if !view.dtype.isFloatingPoint {
        complaints.append("\(name) holds \(view.dtype.rawValue), not floats")
      }
    }
    complaints += unexpected.map { "\($0) \(views[$0]?.shape.description ?? "") is unexpected" }
    guard complaints.isEmpty else {
      let shown = complaints.prefix(12).joined(separator: "; ")
      let more = complaints.count > 12 ? "; and \(complaints.count - 12) more" : ""
      throw InputError(
        file: file, field: "tensors",
        expected: "those of \(decided.source.family.rawValue) (\(decided.reason))",
        found: shown + more)
    }
  }

  /// The name with the smallest edit distance, if it is close.
  private static func nearest(to name: String, in candidates: [String]) -> String? {
    let scored = candidates.prefix(2000).map { ($0, distance(Array(name.utf8), Array($0.utf8))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= name.utf8.count / 3 else {
      return nil
    }
    return best.0
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substitution = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
