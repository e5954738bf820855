internal import ModelFacts

/// Reads transformer blocks off traced terms, the last first.
struct BlockReader {
  let reader: TermReader

  /// A branch's ending in front of the sum with the residual stream: the last layer, and behind it a norm, or LayerScale
  /// and a number.
  struct Ending {
    var gamma: Literal?
    var factor: Double
    var norm: TermReader.NormLayer?
    var layer: TermReader.Layer
  }

  /// `x + fc2(ffn(norm2(x)))`, or `x + norm2(fc2(ffn(x)))`.
  struct FeedForward {
    var ending: Ending
    var inside: FeedForwardReader.Found
    var norm: TermReader.NormLayer
  }

  /// `x + proj(attention(norm1(x)))`, or `x + norm1(proj(attention(x)))`.
  struct Attended {
    var ending: Ending

    /// A norm of what the last layer reads.
    var innerNorm: TermReader.NormLayer?
    var attention: AttentionReader.Found
    var norm: TermReader.NormLayer
  }

  /// One block.
  struct Block {
    var attended: Attended
    var feedForward: FeedForward

    /// Norms are behind the branches.
    var hasPostNorms: Bool { attended.ending.norm != nil }
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
      guard (attended.ending.norm == nil) == (feedForward.ending.norm == nil) else {
        throw Mismatch(
          term: rows.term, expected: "norms of \(name) in front of both branches or behind both",
          depth: 10)
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
    let inside = try FeedForwardReader(reader: reader).read(
      ending.layer.input, of: block, depth: 2)
    let norm = try norm(ending, inside.input, stream, "norm2 of \(block)", depth: 4)
    return FeedForward(ending: ending, inside: inside, norm: norm)
  }

  private func attended(_ branch: TermView, _ stream: TermView, of block: String)
    throws(Mismatch) -> Attended
  {
    let ending = try ending(branch, "attn.proj of \(block)", depth: 11)
    let innerNorm = reader.normIfThere(ending.layer.input)
    let attention = try AttentionReader(reader: reader).read(
      innerNorm?.input ?? ending.layer.input, of: block, depth: 12)
    let norm = try norm(ending, attention.input, stream, "norm1 of \(block)", depth: 13)
    return Attended(ending: ending, innerNorm: innerNorm, attention: attention, norm: norm)
  }

  /// A branch's norm: the one behind it, or the one between the stream and what the branch reads.
  private func norm(
    _ ending: Ending, _ input: TermView, _ stream: TermView, _ name: String, depth: Int
  ) throws(Mismatch) -> TermReader.NormLayer {
    if let norm = ending.norm {
      guard reader.isSame(input, stream) else {
        throw Mismatch(
          term: input.term, expected: "the residual stream, as \(name) is behind its branch",
          depth: depth)
      }
      return norm
    }
    let norm = try reader.norm(input, name, depth: depth)
    guard reader.isSame(norm.input, stream) else {
      throw Mismatch(
        term: norm.input.term, expected: "the residual stream in front of \(name)",
        depth: depth + 1)
    }
    return norm
  }

  private func ending(_ branch: TermView, _ name: String, depth: Int) throws(Mismatch) -> Ending {
    if let norm = reader.normIfThere(branch) {
      return Ending(
        factor: 1, norm: norm, layer: try reader.linear(norm.input, name, depth: depth))
    }
    var rest = branch
    var gamma: Literal?
    if case .multiplyConstant(let inner, let literal) = reader.terms[rest.term].kind {
      guard reader.isOrdered(rest), literal.isOneRow(of: rest.shape.last)
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
