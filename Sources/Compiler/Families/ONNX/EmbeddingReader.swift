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
    /// What the rows in front of the patches' are the sums of, in order.
    var prefix: [[Literal]] = []

    /// What is added to every row, or with `hasPatchOnlyPositions` to those of patches.
    var positions: Literal?
    var hasPatchOnlyPositions: Bool

    /// A norm of all rows, in front of the first block.
    var norm: TermReader.NormLayer?

    /// A norm of the patches' rows, in front of positions.
    var patchNorm: TermReader.NormLayer?
    var projection: Stage

    /// LV-ViT's stem, first stage first.
    var stem: [Stage] = []

    /// What happens to samples in front of the first convolution.
    var input: InputReader.Affine
  }

  /// Reads the embedding whose rows are `tokens`.
  func read(_ tokens: TermView) throws(Mismatch) -> Found {
    let norm = reader.normIfThere(tokens)
    let sequence = try TokenSequence(norm?.input ?? tokens, reader)
    let patchNorm = reader.normIfThere(sequence.patches)
    let (projection, source) = try stage(patches: patchNorm?.input ?? sequence.patches)
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
    let isOfAll = sequence.table != nil && sequence.prefix.allSatisfy { $0.count == 2 }
    return Found(
      prefix: isOfAll ? sequence.prefix.map { [$0[0]] } : sequence.prefix,
      positions: isOfAll ? sequence.table : sequence.positions,
      hasPatchOnlyPositions: !isOfAll, norm: norm, patchNorm: patchNorm, projection: projection,
      stem: stem, input: input)
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
