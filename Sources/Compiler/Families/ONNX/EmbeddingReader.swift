internal import Tensors

/// Reads what lies between the image and the first block off traced terms.
struct EmbeddingReader {
  let reader: TermReader

  /// A convolution with its batch norm, if that is there.
  struct Stage {
    var weight: Literal
    var bias: Literal?
    var norm: (scale: Literal, bias: Literal, mean: Literal, variance: Literal, epsilon: Float)?
    var stride: [Int]
    var padding: Int
  }

  /// The embedding's parts.
  struct Found {
    /// Rows in front of the patches', in order.
    var prefix: [Literal] = []
    var positions: Literal

    /// Positions are added before the prefix rows come in front.
    var hasPatchOnlyPositions: Bool
    var projection: Stage

    /// LV-ViT's stem, first stage first.
    var stem: [Stage] = []

    /// What happens to samples in front of the first convolution.
    var input: InputReader.Affine
  }

  /// Reads the embedding whose rows are `tokens`.
  func read(_ tokens: TermView) throws(Mismatch) -> Found {
    let expected = "tokens: class token, patches and positions"
    var pieces: [Term.Piece]
    var positions: Literal?
    switch try reader.kind(tokens, expected) {
    case .addConstant(let joined, let table):
      guard case .concatenate(let found, dimension: _) = try reader.kind(joined, expected) else {
        throw Mismatch(term: joined.term, expected: expected, depth: 0)
      }
      (pieces, positions) = (found, table)
    case .concatenate(let found, dimension: _): pieces = found
    default: throw Mismatch(term: tokens.term, expected: expected, depth: 0)
    }
    guard case .data(var patches)? = pieces.popLast(), !pieces.isEmpty else {
      throw Mismatch(term: tokens.term, expected: "patches behind the class token", depth: 0)
    }
    let hasPatchOnlyPositions = positions == nil
    if positions == nil {
      guard
        case .addConstant(let inner, let table) = try reader.kind(patches, "patches and positions")
      else {
        throw Mismatch(term: patches.term, expected: "patches with positions", depth: 0)
      }
      (patches, positions) = (inner, table)
    }
    var prefix: [Literal] = []
    for piece in pieces {
      guard case .constant(let literal) = piece, let width = patches.shape.last,
        literal.shape.last == width, literal.layout.elementCount <= 4 * width
      else {
        throw Mismatch(term: tokens.term, expected: "constant rows before the patches", depth: 0)
      }
      prefix += rows(of: literal)
    }
    let (projection, source) = try stage(patches: patches)
    guard let positions else {
      throw Mismatch(term: tokens.term, expected: "positions", depth: 0)
    }
    let (stem, input) = try stem(source)
    let first = stem.first ?? projection
    // What a convolution pads with is 0 behind the normalisation.
    guard first.padding == 0 || input.shift.allSatisfy({ $0 == 0 }) else {
      let expected: Message =
        "images that are normalised outside, as the first convolution pads with "
        + "\(first.padding); export the model without its normalisation and give "
        + "\(option: .mean) and \(option: .standardDeviation)"
      throw Mismatch(
        term: input.term, expected: expected, depth: 0,
        found: "a normalisation inside the graph")
    }
    return Found(
      prefix: prefix, positions: positions, hasPatchOnlyPositions: hasPatchOnlyPositions,
      projection: projection, stem: stem, input: input)
  }

  /// The rows of `[1, count, width]`, each on its own.
  private func rows(of literal: Literal) -> [Literal] {
    let width = literal.shape.last ?? 1
    let count = literal.layout.elementCount / max(width, 1)
    guard let table = literal.layout.reshaped([count, width]) else { return [] }
    return (0..<count).compactMap { index in
      guard let row = table.sliced(0, index..<(index + 1))?.squeezed(0) else { return nil }
      var literal = literal
      literal.layout = row
      return literal
    }
  }

  /// The convolution whose pixels, as rows, are the patches; and what it reads.
  private func stage(patches: TermView) throws(Mismatch) -> (Stage, TermView) {
    let term = reader.terms[patches.term]
    guard
      case .convolution(let input, let weight, let bias, let stride, let padding) = term.kind,
      patches.factor == 1, term.shape.count == 4
    else { throw Mismatch(term: patches.term, expected: "the patch convolution", depth: 0) }
    let pixels = term.shape[2] * term.shape[3]
    let expected = Layout(dimensions: [
      [Layout.Axis(extent: pixels, stride: 1)],
      [Layout.Axis(extent: term.shape[1], stride: pixels)],
    ])
    guard patches.layout.withoutUnits == expected.withoutUnits, padding == 0,
      stride == Array(weight.shape[2...])
    else {
      throw Mismatch(
        term: patches.term, expected: "patches side by side as rows of pixels", depth: 0)
    }
    return (Stage(weight: weight, bias: bias, stride: stride, padding: padding), input)
  }

  /// LV-ViT's three convolutions, none if the patches are the image's own; and what they read.
  private func stem(_ source: TermView) throws(Mismatch) -> ([Stage], InputReader.Affine) {
    var stages: [Stage] = []
    var map = source
    var input: InputReader.Affine?
    while true {
      input = try InputReader(reader: reader).read(map)
      if input != nil { break }
      guard stages.count < 3, case .function("Relu", let sum) = try reader.kind(map, "a ReLU")
      else {
        throw Mismatch(
          term: map.term, expected: "the image or a stem of three convolutions", depth: 0)
      }
      var convolved = sum
      var stage: Stage?
      if case .batchNorm(let input, let scale, let bias, let mean, let variance, let epsilon) =
        try reader.kind(sum, "a batch norm")
      {
        convolved = input
        stage = Stage(weight: scale, stride: [1, 1], padding: 0)
        stage?.norm = (scale, bias, mean, variance, epsilon)
      }
      guard
        case .convolution(let input, let weight, let bias, let stride, let padding) =
          try reader.kind(convolved, "a convolution")
      else { throw Mismatch(term: convolved.term, expected: "a stem's convolution", depth: 0) }
      stages.append(
        Stage(weight: weight, bias: bias, norm: stage?.norm, stride: stride, padding: padding))
      map = input
    }
    stages.reverse()
    let shapes = stages.map { $0.weight.shape[2...] + $0.stride + [$0.padding] }
    guard let input,
      stages.isEmpty || shapes == [[7, 7, 2, 2, 3], [3, 3, 1, 1, 1], [3, 3, 1, 1, 1]]
    else {
      throw Mismatch(
        term: source.term, expected: "a stem of 7x7/2, 3x3 and 3x3 convolutions", depth: 0)
    }
    return (stages, input)
  }
}
