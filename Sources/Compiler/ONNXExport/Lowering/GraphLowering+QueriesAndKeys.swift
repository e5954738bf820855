internal import ModelGraph

// What happens to queries and keys between the layer that makes them and attention.
extension GraphLowering {
  /// LayerNorm of every head's query and key.
  mutating func headNorm(_ norm: HeadNorm, _ node: Graph.Node) -> String {
    let (count, width) = (extents(node.inputs[0]).count, norm.heads * norm.headWidth)
    var parts = split(name(node.inputs[0]), into: ["q", "k", "v"], width)
    for (index, (part, norms)) in [("query", norm.queryNorm), ("key", norm.keyNorm)].enumerated() {
      let heads = reshaped(parts[index], [count, norm.heads, norm.headWidth], "\(part).heads")
      let normed = builder.add(
        "LayerNormalization", [heads, constant(norms.weight), constant(norms.bias)], part,
        [("axis", .integer(-1)), ("epsilon", .float(norms.epsilon))])
      parts[index] = reshaped(normed, [count, width], "\(part).rows")
    }
    return builder.add("Concat", parts, "", [("axis", .integer(2))])
  }

  /// Every head's query and key of patch tokens, turned by the angles of the tokens' positions.
  mutating func rotaryEmbedding(_ rotary: RotaryEmbedding, _ node: Graph.Node) -> String {
    let (count, width) = (extents(node.inputs[0]).count, rotary.heads * rotary.headWidth)
    var parts = split(name(node.inputs[0]), into: ["q", "k", "v"], width)
    let angles = self.angles(rotary, node)
    for (index, part) in ["query", "key"].enumerated() {
      let patches =
        rotary.prefix == 0
        ? parts[index] : rows(rotary.prefix..<count, of: parts[index], "\(part).patches")
      let turned = self.turned(patches, count: count - rotary.prefix, by: angles, rotary, part)
      guard rotary.prefix > 0 else {
        parts[index] = turned
        continue
      }
      let front = rows(0..<rotary.prefix, of: parts[index], "\(part).prefix")
      parts[index] = builder.add(
        "Concat", [front, turned], "\(part).rows", [("axis", .integer(1))])
    }
    return builder.add("Concat", parts, "", [("axis", .integer(2))])
  }

  /// Cosines and sines of each token, `[n, tokens, heads or 1, headWidth / 2]`, or without the images.
  private mutating func angles(
    _ rotary: RotaryEmbedding, _ node: Graph.Node
  ) -> (cosines: String, sines: String) {
    let half = rotary.headWidth / 2
    guard rotary.hasPatchIndices else {
      let table = constant(rotary.table)
      return (
        slice(table, axis: 2, from: 0, to: half, "cosines"),
        slice(table, axis: 2, from: half, to: 2 * half, "sines")
      )
    }
    let indices = name(node.inputs[1])
    let zero = builder.integer(0)
    // The row that stands for a sum of tokens has no position, index -1, and is not turned.
    let hasNone = builder.add("Less", [indices, zero], "still.truth")
    let isStill = builder.add("Unsqueeze", [hasNone, builder.integers([2, 3])], "still")
    let places = builder.add("Where", [hasNone, zero, indices], "positions")
    let table = builder.add(
      "Gather", [constant(rotary.table), places], "angles", [("axis", .integer(0))])
    let cosines = slice(table, axis: 3, from: 0, to: half, "cosines.positions")
    let sines = slice(table, axis: 3, from: half, to: 2 * half, "sines.positions")
    return (
      builder.add("Where", [isStill, builder.float(1), cosines], "cosines"),
      builder.add("Where", [isStill, builder.float(0), sines], "sines")
    )
  }

  /// Rows of heads, each half of a head turned with the other.
  private mutating func turned(
    _ patches: String, count: Int, by angles: (cosines: String, sines: String),
    _ rotary: RotaryEmbedding, _ part: String
  ) -> String {
    let half = rotary.headWidth / 2
    let heads = reshaped(patches, [count, rotary.heads, rotary.headWidth], "\(part).heads")
    let first = slice(heads, axis: 3, from: 0, to: half, "\(part).first")
    let second = slice(heads, axis: 3, from: half, to: 2 * half, "\(part).second")
    func product(_ builder: inout NodeBuilder, _ half: String, _ factor: String, _ step: String)
      -> String
    { builder.add("Mul", [half, factor], "\(part).\(step)") }
    let low = builder.add(
      "Sub",
      [
        product(&builder, first, angles.cosines, "first.cos"),
        product(&builder, second, angles.sines, "second.sin"),
      ], "\(part).low")
    let high = builder.add(
      "Add",
      [
        product(&builder, second, angles.cosines, "second.cos"),
        product(&builder, first, angles.sines, "first.sin"),
      ], "\(part).high")
    let joined = builder.add("Concat", [low, high], "\(part).turned", [("axis", .integer(3))])
    return reshaped(joined, [count, rotary.heads * rotary.headWidth], "\(part).flat")
  }

  /// Values times the activation of their gates, which stand in front.
  mutating func gatedActivation(_ gated: GatedActivation, _ node: Graph.Node) -> String {
    let width = extents(node.outputs[0]).width
    let parts = split(name(node.inputs[0]), into: ["gates", "values"], width)
    return builder.add("Mul", [activate(parts[0], gated.activation), parts[1]], "gated")
  }
}
