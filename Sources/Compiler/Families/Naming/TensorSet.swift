internal import ModelGraph
internal import Tensors

/// A checkpoint's tensors under timm's names.
package struct TensorSet: Sendable {
  /// The checkpoint's name, for errors.
  let file: String

  private(set) var tensors: [String: NamedTensor]

  /// The naming scheme that the checkpoint follows.
  let scheme: String

  /// What the checkpoint tells besides the tensors' shapes.
  private(set) var hints: ModelHints

  /// Whether a graph told the tensors' meaning, and so what is computed.
  var isGraph: Bool { scheme == ONNXModelReader.scheme }

  /// What stood before every name in the checkpoint.
  var prefix = ""

  /// Of a model and a copy of it, the one that these are.
  var copy: Prefixes.Found.Choice?

  package init(
    file: String, tensors: [String: NamedTensor], scheme: String = TimmNames.title,
    hints: ModelHints = ModelHints()
  ) {
    self.file = file
    self.tensors = tensors
    self.scheme = scheme
    self.hints = hints
  }

  /// The extents of a tensor, if it is there.
  func shape(_ name: String) -> [Int]? { tensors[name]?.shape.extents }

  /// Whether a tensor is there.
  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// Leaves tensors out that the logits do not depend on.
  mutating func remove(_ prefix: String) {
    tensors = tensors.filter { !$0.key.hasPrefix(prefix) }
  }

  /// Gives tensors whose names begin so other names.
  mutating func rename(_ prefix: String, to other: String) {
    tensors = Dictionary(
      tensors.map { name, tensor in
        (name.hasPrefix(prefix) ? other + name.dropFirst(prefix.count) : name, tensor)
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Leaves the first of several tensors, which have the same values, under another name.
  /// - Throws: `InputError` naming one that has others.
  mutating func join(_ copies: [String], as name: String) throws {
    guard let first = copies.first.flatMap({ tensors[$0] }) else { return }
    func bits(_ tensor: NamedTensor) throws -> [UInt32] { try tensor.values().map(\.bitPattern) }
    let expected = copies.count > 1 ? try bits(first) : []
    for copy in copies.dropFirst() {
      guard let other = tensors[copy] else { continue }
      guard other.shape == first.shape, try bits(other) == expected else {
        throw InputError(
          .contradiction, file: file, field: "\(other.origin)",
          expected: "the values of \(first.origin), as all heads share them",
          found: other.shape == first.shape ? "others" : "\(other.shape)")
      }
    }
    for copy in copies { tensors[copy] = nil }
    tensors[name] = first
  }

  /// Has tensors tell the heads, where nothing has told them before.
  mutating func tellHeads(_ heads: Int, source: String) {
    if hints.heads == nil { hints.heads = .init(value: heads, source: source) }
  }

  /// How many blocks `blocks.0.`, `blocks.1.`, ... have tensors.
  func blockCount() -> Int {
    let present = Set(
      tensors.keys.lazy.filter { $0.hasPrefix("blocks.") }.compactMap {
        Int($0.dropFirst("blocks.".count).prefix { $0 != "." })
      })
    return (0...present.count).first { !present.contains($0) } ?? 0
  }

  /// A tensor as a constant whose values are read when they are asked for.
  func constant(_ name: String, shape: Shape? = nil, isTrained: Bool = true) throws -> Constant {
    guard let tensor = tensors[name] else {
      throw InputError(file: file, field: name, expected: "a tensor", found: "none")
    }
    return Constant(
      name: name, shape: shape ?? tensor.shape, parameters: isTrained ? tensor.parameters : 0,
      values: tensor.values)
  }

  /// Throws one error that names every missing, unexpected and mis-shaped tensor.
  func check(against expected: [String: [Int]], family: String, reason: String) throws {
    var complaints: [String] = []
    let unexpected = tensors.keys.filter {
      expected[$0] == nil && !MultiScaleWeights.names.contains($0)
    }
    .sorted()
    for name in expected.keys.sorted() {
      guard let shape = expected[name] else { continue }
      guard let tensor = tensors[name] else {
        let near =
          complaints.count < Self.shownComplaints
          ? Self.nearest(to: name, in: unexpected).map { " (there is \($0))" } ?? "" : ""
        complaints.append("\(name) \(shape) is missing\(near)")
        continue
      }
      if tensor.shape.extents != shape {
        complaints.append("\(name) is \(tensor.shape), not \(shape)")
      } else if !tensor.dtype.isFloatingPoint, !name.hasSuffix(".\(RelativePositions.index)") {
        complaints.append("\(name) holds \(tensor.dtype.rawValue), not floats")
      }
    }
    complaints += unexpected.map { "\($0) \(tensors[$0]?.shape.description ?? "") is unexpected" }
    guard complaints.isEmpty else {
      let shown = complaints.prefix(Self.shownComplaints).joined(separator: "; ")
      let rest = complaints.count - Self.shownComplaints
      let more = rest > 0 ? "; and \(rest) more" : ""
      throw InputError(
        .contradiction, file: file, field: "tensors",
        expected: "those of \(family) (\(reason))",
        found: shown + more)
    }
  }

  private static let shownComplaints = 12

  /// The name with the smallest edit distance, if it is close.
  private static func nearest(to name: String, in candidates: [String]) -> String? {
    let scored = candidates.lazy.filter { $0.utf8.count < 128 }.prefix(2000).map {
      ($0, distance(Array(name.utf8), Array($0.utf8)))
    }
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
