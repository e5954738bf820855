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
  /// The number of blocks is not known yet: errors count from the last, which is block -1.
  func blocks(endingAt end: TermView) throws(Mismatch) -> (blocks: [Block], start: TermView) {
    var blocks: [Block] = []
    var rows = end
    while reader.isWhole(rows), case .add = reader.terms[rows.term].kind {
      let number = -1 - blocks.count
      let (feedForward, middle) = try residual(rows, depth: 0) { branch, stream throws(Mismatch) in
        try self.feedForward(branch, stream, block: number)
      }
      let (attended, start) = try residual(middle, depth: 10) { branch, stream throws(Mismatch) in
        try self.attended(branch, stream, block: number)
      }
      blocks.append(Block(attended: attended, feedForward: feedForward))
      rows = start
    }
    guard !blocks.isEmpty else {
      throw Mismatch(term: end.term, expected: "the sum of block -1 and its FFN", depth: 0)
    }
    return (blocks.reversed(), rows)
  }

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

  private func feedForward(_ branch: TermView, _ stream: TermView, block: Int) throws(Mismatch)
    -> FeedForward
  {
    let name = "blocks.\(block)"
    let ending = try ending(branch, "\(name).mlp.fc2", depth: 1)
    let (activation, activated) = try ActivationReader(reader: reader).read(
      ending.layer.input, "\(name).mlp.fc1", depth: 2)
    let hidden = try reader.linear(activated, "\(name).mlp.fc1", depth: 3)
    let norm = try reader.norm(hidden.input, "\(name).norm2", depth: 4)
    guard reader.isSame(norm.input, stream) else {
      throw Mismatch(term: norm.input.term, expected: "\(name).norm2 of the stream", depth: 5)
    }
    return FeedForward(ending: ending, activation: activation, hidden: hidden, norm: norm)
  }

  private func attended(_ branch: TermView, _ stream: TermView, block: Int) throws(Mismatch)
    -> Attended
  {
    let name = "blocks.\(block)"
    let ending = try ending(branch, "\(name).attn.proj", depth: 11)
    let attention = try AttentionReader(reader: reader).read(
      ending.layer.input, block: block, depth: 12)
    let norm = try reader.norm(attention.input, "\(name).norm1", depth: 13)
    guard reader.isSame(norm.input, stream) else {
      throw Mismatch(term: norm.input.term, expected: "\(name).norm1 of the stream", depth: 14)
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
