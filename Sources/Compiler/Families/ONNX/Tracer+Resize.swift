internal import Checkpoints
internal import Tensors

/// `Resize` of a constant: positions that a model brings to the image's grid as it runs.
extension Tracer {
  mutating func traceResize(_ node: ONNXNode) throws {
    guard case .constant(let literal) = try required(0) else {
      throw fail(
        "images of the model's own size; export the model without its resizing",
        "a resize of what depends on the image")
    }
    var resize = try resize(node)
    _ = try computableCount(resize.extents)
    guard let numbers = literal.numbers() else { throw fail("few elements", "\(literal.shape)") }
    var (values, shape) = (numbers, literal.shape)
    for axis in shape.indices {
      resize.axis = axis
      // On its way to few elements, one axis after the other, there may be many.
      var next = shape
      next[axis] = resize.extents[axis]
      _ = try computableCount(next)
      values = resize.along(values, shape)
      shape = next
    }
    try set(.constant(try computed(values, shape: shape, isInteger: false)))
  }

  /// What the node asks for, all of it understood.
  private func resize(_ node: ONNXNode) throws -> ConstantResize {
    let shape = try required(0).shape
    guard !shape.contains(0), shape.count <= 8 else { throw fail("extents from 1", "\(shape)") }
    let word = try node.string("mode") ?? "nearest"
    guard let mode = ConstantResize.Mode(rawValue: word) else {
      throw fail("mode cubic or linear", word)
    }
    let place = try node.string("coordinate_transformation_mode") ?? "half_pixel"
    guard let coordinates = ConstantResize.Coordinates(rawValue: place) else {
      throw fail("coordinates half_pixel, pytorch_half_pixel, align_corners or asymmetric", place)
    }
    let policy = try node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard policy == "stretch" else { throw fail("keep_aspect_ratio_policy stretch", policy) }
    let axes = try node.integers("axes")?.map { try dimension($0, of: shape.count) }
    let known = axes ?? Array(shape.indices)
    guard Set(known).count == known.count else { throw fail("each axis once", "\(known)") }
    var (extents, scales) = (shape, shape.map { _ in 1.0 })
    // An exporter may write an empty list for what is left out.
    if let sizes = try list(3) {
      guard sizes.count == known.count else { throw fail("\(known.count) sizes", "\(sizes)") }
      for (axis, size) in zip(known, sizes) {
        extents[axis] = Int(exactly: size) ?? 0
        scales[axis] = size / Double(shape[axis])
      }
    } else if let factors = try list(2) {
      guard factors.count == known.count else { throw fail("\(known.count) scales", "\(factors)") }
      for (axis, factor) in zip(known, factors) {
        extents[axis] = Int(exactly: (Double(shape[axis]) * factor).rounded(.down)) ?? 0
        scales[axis] = factor
      }
    } else {
      throw fail("sizes or scales", "neither")
    }
    guard extents.allSatisfy({ $0 > 0 }), scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw fail("extents from 1", "\(extents)")
    }
    let coefficient = try float("cubic_coeff_a", default: -0.75)
    guard coefficient.isFinite else { throw fail("a finite cubic_coeff_a", "\(coefficient)") }
    return ConstantResize(
      extents: extents, scales: scales, mode: mode, coordinates: coordinates,
      cubicCoefficient: Double(coefficient),
      isAntialiased: try integer("antialias", default: 0) != 0,
      excludesOutside: try integer("exclude_outside", default: 0) != 0)
  }

  /// The numbers of an operand; nil if it is left out or empty.
  private func list(_ index: Int) throws -> [Double]? {
    guard let literal = try literal(index), literal.layout.elementCount > 0 else { return nil }
    guard literal.shape.count == 1, literal.shape[0] <= 8, let numbers = literal.numbers() else {
      throw fail("one number an axis", "\(literal.shape)")
    }
    return numbers
  }
}
