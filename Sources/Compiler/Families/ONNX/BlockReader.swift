internal import ModelFacts

/// Reads transformer blocks off traced terms, the last first.
struct BlockReader {
  let reader: TermReader

  /// A branch's ending: LayerScale and a number, in front of the sum with the residual stream.
  struct Ending {
    var gamma: Literal?
    var factor: Double
    var layer: TermReader.Layer
  }

  /// `x + fc2(activation(fc1(norm2(x))))`.
  struct FeedForward {
    var ending: Ending
    var activation: Activation
    var hidden: TermReader.Layer
    var norm: TermReader.NormLayer
  }

  /// `x + proj(attention(norm1(x)))`.
  struct Attended {
    var ending: Ending
    var attention: AttentionReader.Found
    var norm: TermReader.NormLayer
  }

  /// One block.
  struct Block {
    var attended: Attended
    var feedForward: FeedForward
  }

  /// All blocks in order, and the rows that the first one reads. `end` are the last one's rows.
  ///
  /// The number of blocks is not known yet, so that errors count from the last.
  func blocks(endingAt end: TermView) throws(Mismatch) -> (blocks: [Block], start: TermView) {
    var blocks: [Block] = []
    var rows = end
    while reader.isWhole(rows), case .add = reader.terms[rows.term].kind {
      let name = Self.name(blocks.count)
      let (feedForward, middle) = try residual(rows, depth: 0) { branch, stream throws(Mismatch) in
        try self.feedForward(branch, stream, of: name)
      }
      let (attended, start) = try residual(middle, depth: 10) { branch, stream throws(Mismatch) in
        try self.attended(branch, stream, of: name)
      }
      blocks.append(Block(attended: attended, feedForward: feedForward))
      rows = start
    }
    guard !blocks.isEmpty else {
      throw Mismatch(
        term: end.term, expected: "the residual sum behind the FFN of \(Self.name(0))", depth: 0)
    }
    return (blocks.reversed(), rows)
  }

  /// What errors call the block in front of which `count` were read.
  private static func name(_ count: Int) -> String { "block \(count + 1) from the end" }

  /// Reads a sum as stream and branch, whichever way round it is written.
  private func residual<Part>(
    _ view: TermView, depth: Int, _ read: (TermView, TermView) throws(Mismatch) -> Part
  ) throws(Mismatch) -> (Part, TermView) {
    guard case .add(let a, let b) = try reader.kind(view, "a residual sum", depth: depth) else {
      throw Mismatch(term: view.term, expected: "a residual sum", depth: depth)
    }
    let first: Mismatch
    do throws(Mismatch) { return (try read(b, a), a) } catch { first = error }
    do throws(Mismatch) { return (try read(a, b), b) } catch {
      throw error.depth > first.depth ? error : first
    }
  }

  private func feedForward(_ branch: TermView, _ stream: TermView, of block: String)
    throws(Mismatch) -> FeedForward
  {
    let ending = try ending(branch, "mlp.fc2 of \(block)", depth: 1)
    let (activation, activated) = try ActivationReader(reader: reader).read(
      ending.layer.input, "mlp.fc1 of \(block)", depth: 2)
    let hidden = try reader.linear(activated, "mlp.fc1 of \(block)", depth: 3)
    let norm = try reader.norm(hidden.input, "norm2 of \(block)", depth: 4)
    guard reader.isSame(norm.input, stream) else {
      throw Mismatch(
        term: norm.input.term, expected: "the residual stream in front of norm2 of \(block)",
        depth: 5)
    }
    return FeedForward(ending: ending, activation: activation, hidden: hidden, norm: norm)
  }

  private func attended(_ branch: TermView, _ stream: TermView, of block: String)
    throws(Mismatch) -> Attended
  {
    let ending = try ending(branch, "attn.proj of \(block)", depth: 11)
    let attention = try AttentionReader(reader: reader).read(
      ending.layer.input, of: block, depth: 12)
    let norm = try reader.norm(attention.input, "norm1 of \(block)", depth: 13)
    guard reader.isSame(norm.input, stream) else {
      throw Mismatch(
        term: norm.input.term, expected: "the residual stream in front of norm1 of \(block)",
        depth: 14)
    }
    return Attended(ending: ending, attention: attention, norm: norm)
  }

  private func ending(_ branch: TermView, _ name: String, depth: Int) throws(Mismatch) -> Ending {
    var rest = branch
    var gamma: Literal?
    if case .multiplyConstant(let inner, let literal) = reader.terms[rest.term].kind {
      guard reader.isOrdered(rest), literal.layout.elementCount == rest.shape.last,
        literal.shape.last == rest.shape.last
      else { throw Mismatch(term: rest.term, expected: "LayerScale behind \(name)", depth: depth) }
      gamma = literal
      let factor = rest.factor
      rest = inner
      rest.factor *= factor
    }
    let factor = rest.factor
    rest.factor = 1
    return Ending(
      gamma: gamma, factor: factor, layer: try reader.linear(rest, name, depth: depth))
  }
}
