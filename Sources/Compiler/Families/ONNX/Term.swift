internal import ModelFacts

/// A part of a term's result: a layout over it, times a number.
///
/// Products with single numbers are gathered here wherever they stand in the file, so that
/// `(q * s) k^T`, `(q k^T) * s` and `(q * sqrt s)(k * sqrt s)^T` look the same.
struct TermView: Hashable, Sendable {
  var term: Int
  var layout: Layout
  var factor = 1.0

  var shape: [Int] { layout.shape }
}

/// What an ONNX value is, as far as it is understood.
enum TracedValue: Sendable {
  /// Depends on the image.
  case data(TermView)

  /// The same for every image.
  case constant(Literal)

  var isData: Bool { if case .data = self { true } else { false } }

  var shape: [Int] {
    switch self {
    case .data(let view): view.shape
    case .constant(let literal): literal.layout.shape
    }
  }
}

/// A computation on the image, with its operands. Its result is row-major in ``Term/shape``.
struct Term: Sendable {
  /// The kinds that a ViT needs. Equal kinds are one term.
  enum Kind: Hashable, Sendable {
    case image

    /// The image's samples as integers, before they become floats.
    case samples

    /// The stride is down and across.
    case convolution(TermView, weight: Literal, bias: Literal?, stride: [Int], padding: Int)
    case batchNorm(TermView, scale: Literal, bias: Literal, mean: Literal, variance: Literal, Float)

    /// `x W` with `W` `[in, out]`, a constant.
    case linear(TermView, Literal)
    case product(TermView, TermView)

    /// `A X` with a constant A: rows that are the same for every image, times a matrix of data.
    case weighted(Literal, TermView)
    case softmax(TermView)
    case logSoftmax(TermView)
    case attention(query: TermView, key: TermView, value: TermView, scale: Double)
    case layerNorm(TermView, weight: Literal, bias: Literal?, Float)
    case rmsNorm(TermView, weight: Literal, Float)
    case add(TermView, TermView)
    case subtract(TermView, TermView)
    case multiply(TermView, TermView)
    case divide(TermView, TermView)
    case addConstant(TermView, Literal)
    case multiplyConstant(TermView, Literal)

    /// Along the last dimension, which goes.
    case mean(TermView)

    /// Along the last dimension, which goes.
    case maximum(TermView)

    /// A function of each element, by its ONNX name.
    case function(String, TermView)

    /// An activation that is one operator.
    case activation(Activation, TermView)

    /// One after the other along a dimension.
    case concatenate([Piece], dimension: Int)
  }

  /// A part of a concatenation.
  enum Piece: Hashable, Sendable {
    case data(TermView)
    case constant(Literal)
  }

  let kind: Kind
  let shape: [Int]

  /// The ONNX node that made it.
  let node: Int
}
