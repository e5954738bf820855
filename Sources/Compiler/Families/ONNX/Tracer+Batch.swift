internal import Checkpoints
internal import Tensors

/// Computations on a batch, as terms that compute one image of it.
///
/// Extents in a file hold the batch, so that views have an axis for it. No term computes across it:
/// whatever mixes images, or tells them apart, is refused.
extension Tracer {
  /// What a computation is on one image, and where its result has the batch.
  func single(_ kind: Term.Kind, shape: [Int]) throws -> (Term.Kind, Layout.Batch?) {
    switch kind {
    case .image, .samples: return (kind, nil)
    case .convolution(let view, let weight, let bias, let stride, let padding):
      let batch = try batch(of: [view], leading: 1)
      return (
        .convolution(view.single, weight: weight, bias: bias, stride: stride, padding: padding),
        batch
      )
    case .batchNorm(let view, let scale, let bias, let mean, let variance, let epsilon):
      let batch = try batch(of: [view], leading: 1)
      return (
        .batchNorm(
          view.single, scale: scale, bias: bias, mean: mean, variance: variance, epsilon), batch
      )
    case .linear(let view, let weight):
      return (.linear(view.single, weight), try batch(of: [view], leading: view.shape.count - 1))
    case .product(let a, let b):
      return (.product(a.single, b.single), try batch(of: [a, b], leading: a.shape.count - 2))
    case .weighted(let rows, let matrix):
      let batch = try batch(of: [matrix], leading: matrix.shape.count - 2)
      return (.weighted(try single(rows, batch, of: matrix.shape.count), matrix.single), batch)
    case .attention(let query, let key, let value, let scale):
      let batch = try batch(of: [query, key, value], leading: query.shape.count - 2)
      return (
        .attention(query: query.single, key: key.single, value: value.single, scale: scale), batch
      )
    case .softmax(let view):
      return (.softmax(view.single), try batch(of: [view], leading: view.shape.count - 1))
    case .logSoftmax(let view):
      return (.logSoftmax(view.single), try batch(of: [view], leading: view.shape.count - 1))
    case .layerNorm(let view, let weight, let bias, let epsilon):
      let batch = try batch(of: [view], leading: view.shape.count - 1)
      return (.layerNorm(view.single, weight: weight, bias: bias, epsilon), batch)
    case .rmsNorm(let view, let weight, let epsilon):
      let batch = try batch(of: [view], leading: view.shape.count - 1)
      return (.rmsNorm(view.single, weight: weight, epsilon), batch)
    case .mean(let view):
      return (.mean(view.single), try batch(of: [view], leading: view.shape.count - 1))
    case .maximum(let view):
      return (.maximum(view.single), try batch(of: [view], leading: view.shape.count - 1))
    case .concatenate(let pieces, let dimension):
      return try joined(pieces, along: dimension, shape)
    case .add, .subtract, .multiply, .divide, .addConstant, .multiplyConstant, .function,
      .activation:
      return try elementwise(kind, shape)
    }
  }

  private func elementwise(_ kind: Term.Kind, _ shape: [Int]) throws -> (Term.Kind, Layout.Batch?) {
    func both(_ a: TermView, _ b: TermView) throws -> Layout.Batch? {
      try batch(of: [a, b], leading: shape.count, rank: shape.count)
    }
    func one(_ view: TermView) throws -> Layout.Batch? {
      try batch(of: [view], leading: shape.count)
    }
    switch kind {
    case .add(let a, let b): return (.add(a.single, b.single), try both(a, b))
    case .subtract(let a, let b): return (.subtract(a.single, b.single), try both(a, b))
    case .multiply(let a, let b): return (.multiply(a.single, b.single), try both(a, b))
    case .divide(let a, let b): return (.divide(a.single, b.single), try both(a, b))
    case .addConstant(let view, let literal):
      let batch = try one(view)
      return (.addConstant(view.single, try single(literal, batch, of: shape.count)), batch)
    case .multiplyConstant(let view, let literal):
      let batch = try one(view)
      return (.multiplyConstant(view.single, try single(literal, batch, of: shape.count)), batch)
    case .function(let name, let view): return (.function(name, view.single), try one(view))
    case .activation(let kind, let view): return (.activation(kind, view.single), try one(view))
    default: return (kind, nil)
    }
  }

  private func joined(_ pieces: [Term.Piece], along dimension: Int, _ shape: [Int]) throws
    -> (Term.Kind, Layout.Batch?)
  {
    let views = pieces.compactMap { if case .data(let view) = $0 { view } else { nil } }
    let batch = try batch(of: views, leading: shape.count)
    guard batch?.dimension != dimension else {
      throw fail("images that stay apart", "images that are joined along axis \(dimension)")
    }
    let parts = try pieces.map { piece -> Term.Piece in
      switch piece {
      case .data(let view): .data(view.single)
      case .constant(let literal): .constant(try single(literal, batch, of: shape.count))
      }
    }
    return (.concatenate(parts, dimension: dimension), batch)
  }

  /// Where the batch of a result is: where all operands have it, within its first dimensions.
  ///
  /// - Parameter rank: the result's rank, where operands are aligned at the last dimension.
  private func batch(of views: [TermView], leading count: Int, rank: Int? = nil) throws
    -> Layout.Batch?
  {
    let places = views.map { view in
      view.layout.batch.map { rank == nil ? $0 : $0.fromEnd(of: view.shape.count) }
    }
    guard let first = places.first, var batch = first else {
      guard places.allSatisfy({ $0 == nil }) else { throw apart(places.count) }
      return nil
    }
    guard places.allSatisfy({ $0 == batch }) else { throw apart(places.count) }
    batch.dimension += rank ?? 0
    guard (0..<count).contains(batch.dimension) else {
      throw fail(
        "a computation on each image of \(input.batchWords)", "one across its images")
    }
    return batch
  }

  private func apart(_ count: Int) -> InputError {
    fail("\(count) operands of the same images", "others")
  }

  /// A constant beside one image: the same for all, or given for each with the same numbers.
  private func single(_ literal: Literal, _ batch: Layout.Batch?, of rank: Int) throws -> Literal {
    guard let batch else { return literal }
    let dimension = batch.dimension - (rank - literal.shape.count)
    guard literal.shape.indices.contains(dimension), literal.shape[dimension] != 1 else {
      return literal
    }
    guard literal.shape[dimension] == batch.outer * batch.count * batch.inner,
      let first = literal.first(of: dimension, batch)
    else {
      throw fail(
        "a constant that is the same for the \(batch.count) images of the batch",
        "\(literal.storage.name) of \(literal.shape), which tells them apart")
    }
    return first
  }
}

extension TermView {
  /// One image of it.
  var single: TermView { TermView(term: term, layout: layout.withoutBatch, factor: factor) }
}

extension Literal {
  /// The first image of a dimension that has a batch, if all others are equal to it in every bit.
  func first(of dimension: Int, _ batch: Layout.Batch) -> Literal? {
    let shape = self.shape
    let apart =
      shape[..<dimension] + [batch.outer, batch.count, batch.inner] + shape[(dimension + 1)...]
    guard let whole = layout.reshaped(Array(apart)) else { return nil }
    let parts = (0..<batch.count).map { whole.sliced(dimension + 1, $0..<($0 + 1)) }
    guard let own = parts.first, let own else { return nil }
    var target = shape
    target[dimension] = batch.outer * batch.inner
    guard let layout = own.reshaped(target) else { return nil }
    var first = self
    first.layout = layout
    if whole.dimensions[dimension + 1].allSatisfy({ $0.stride == 0 }) { return first }
    guard layout.elementCount <= storage.count else { return nil }
    let numbers = storage.numbers()
    let places = own.places
    for part in parts {
      guard let other = part?.places, other.count == places.count,
        zip(places, other).allSatisfy({ numbers[$0].bitPattern == numbers[$1].bitPattern })
      else { return nil }
    }
    return first
  }
}
