internal import Tensors

extension Cascade {
  /// Throws unless a margin is a difference of probabilities.
  package static func check(_ margin: Double) throws {
    guard (0...1).contains(margin) else {
      throw InputError(
        option: CascadeOption.margin, field: "margin", expected: "a number from 0 to 1",
        found: "\(margin)")
    }
  }

  /// Throws unless what one plan says of an image can stand in for what the other says.
  /// - Throws: `InputError` that names both plans.
  package static func check(_ plan: Plan, fallback: Plan) throws {
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: String) throws {
      guard holds else {
        throw InputError(
          .contradiction, file: fallback.path, field: field,
          expected: "\(expected), as \(plan.path) has, whose fallback it is to be", found: found)
      }
    }
    for each in [plan, fallback] {
      try each.requireLogits()
      guard each.fallback == nil else {
        throw InputError(
          .contradiction, file: each.path, field: "programs",
          expected: "one, for a cascade of \(plan.path) and \(fallback.path)",
          found: "two, of a combined plan")
      }
      guard each.scores == .softmax else {
        throw InputError(
          .unsupported, file: each.path, field: "scores",
          expected: "probabilities by softmax, for a cascade of \(plan.path) and \(fallback.path)",
          found: "\(each.scores)")
      }
    }
    try require(
      plan.classCount == fallback.classCount, "classes", "\(plan.classCount)",
      "\(fallback.classCount)")
    if !plan.labels.isEmpty, !fallback.labels.isEmpty,
      let index = plan.labels.indices.first(where: { plan.labels[$0] != fallback.labels[$0] })
    {
      let names = [plan, fallback].map { "\($0.labels[index].identifier) \($0.labels[index].name)" }
      try require(false, "label of class \(index)", names[0], names[1])
    }
    let (size, other) = (plan.inputSize, fallback.inputSize)
    try require(
      size == other, "image size", "\(size.height) x \(size.width)",
      "\(other.height) x \(other.width)")
    let (first, second) = (Preprocessing(plan).cropRule, Preprocessing(fallback).cropRule)
    for (rule, other) in zip(first, second) {
      try require(rule.value == other.value, rule.name, rule.value, other.value)
    }
  }
}

extension Preprocessing {
  /// What decides an image's crop, but for its extents: all that comes before normalisation.
  fileprivate var cropRule: [(name: String, value: String)] {
    [
      ("resize", "\(resize)"), ("interpolation", "\(interpolation)"), ("crop", "\(crop)"),
      ("fill", "\(fill)"), ("alpha", "\(alpha)"), ("channels", "\(channels)"),
    ]
  }
}
