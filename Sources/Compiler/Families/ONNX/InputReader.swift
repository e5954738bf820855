/// Reads what a graph does with the samples of an image in front of its first convolution.
struct InputReader {
  let reader: TermReader

  /// What is computed from each sample of a channel: `scale x + shift`.
  struct Affine {
    var scale: [Double]
    var shift: [Double]

    /// The last term of it, for errors.
    var term = 0

    /// Whether samples stay what they are.
    var isIdentity: Bool {
      scale.allSatisfy { $0 == 1 } && shift.allSatisfy { $0 == 0 }
    }
  }

  /// What a view computes from the image; nil if it computes more than sums and products with numbers.
  func read(_ view: TermView) throws(Mismatch) -> Affine? {
    guard isArithmetic(view.term) else { return nil }
    let count = reader.terms[0].shape[1]
    var affine = Affine(
      scale: [Double](repeating: 1, count: count), shift: [Double](repeating: 0, count: count),
      term: view.term)
    var channels = 1
    var view = view
    while true {
      channels = try dimension(of: channels, through: view)
      affine.scale = affine.scale.map { $0 * view.factor }
      switch reader.terms[view.term].kind {
      case .image:
        guard channels == 1 else {
          throw Mismatch(term: affine.term, expected: Self.order, depth: 0)
        }
        return affine
      case .addConstant(let inner, let literal):
        let numbers = try numbers(literal, channels, of: count, at: view.term)
        affine.shift = (0..<count).map { affine.shift[$0] + affine.scale[$0] * numbers[$0] }
        view = inner
      case .multiplyConstant(let inner, let literal):
        let numbers = try numbers(literal, channels, of: count, at: view.term)
        affine.scale = (0..<count).map { affine.scale[$0] * numbers[$0] }
        view = inner
      default:
        throw Mismatch(
          term: view.term, expected: "sums and products of the image with numbers", depth: 0)
      }
    }
  }

  private static let order = "the channels of whole pixels in order"

  private func isArithmetic(_ term: Int) -> Bool {
    switch reader.terms[term].kind {
    case .image, .samples, .addConstant, .multiplyConstant: true
    default: false
    }
  }

  /// Where the channels of a view are in its term: both are images, channels first or last.
  private func dimension(of channels: Int, through view: TermView) throws(Mismatch) -> Int {
    let shape = reader.terms[view.term].shape
    let whole = Layout(contiguous: shape)
    if view.layout == whole { return channels }
    if shape.count == 4 {
      if channels == 1, view.layout == whole.transposed([0, 3, 1, 2]) { return 3 }
      if channels == 3, view.layout == whole.transposed([0, 2, 3, 1]) { return 1 }
    }
    throw Mismatch(term: view.term, expected: Self.order, depth: 0)
  }

  /// One number, or one for each of so many channels.
  private func numbers(
    _ literal: Literal, _ channels: Int, of count: Int, at term: Int
  ) throws(Mismatch) -> [Double] {
    let own = channels - (reader.terms[term].shape.count - literal.shape.count)
    guard literal.shape.indices.allSatisfy({ $0 == own || literal.shape[$0] == 1 }),
      let numbers = literal.numbers(), [1, count].contains(numbers.count)
    else {
      throw Mismatch(
        term: term, expected: "one number, or one for each channel", depth: 0,
        found: "\(literal.shape)")
    }
    return numbers.count == count ? numbers : [Double](repeating: numbers[0], count: count)
  }
}
