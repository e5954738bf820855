internal import Checkpoints
internal import ModelFacts
internal import ModelGraph
internal import Passes
internal import PlanFormat
internal import Tensors

/// Where the multi-scale stage's weights come from.
struct MultiScaleSource {
  let plan: PlanFile

  /// What was asked for.
  let origin: RewriteOptions.MultiScale

  /// The weights that the plan does not carry yet.
  /// - Throws: `InputError` saying how to get weights when there are none.
  func constants() throws -> [Constant] {
    guard origin != .off, origin != .identity else { return [] }
    let shapes = MultiScaleWeights.shapes(
      width: plan.facts.embedDim, gridHeight: plan.facts.gridHeight,
      gridWidth: plan.facts.gridWidth)
    let base = plan.graph
    guard case .from(let path) = origin else {
      for (name, shape) in shapes {
        guard let id = base.constant(named: name) else { throw noWeights(name) }
        try check(name, base.constant(id).shape, shape, in: plan.path)
      }
      return []
    }
    // A pass takes the first constant of a name, which would be the plan's own.
    guard shapes.allSatisfy({ base.constant(named: $0.0) == nil }) else {
      throw InputError(
        .contradiction, file: path, field: "\(option: .multiScaleFile)",
        expected: "a plan without multi-scale weights",
        found: "\(plan.path), which has them from its checkpoint")
    }
    let checkpoint = try Checkpoint.open(path)
    return try shapes.map { name, shape in
      guard let view = checkpoint.tensors[name] else {
        throw InputError(
          file: path, field: name, expected: "a tensor of \(shape)", found: "none")
      }
      try check(name, view.shape, shape, in: path)
      return Constant(name: name, shape: shape) { view.float32Values() }
    }
  }

  private func check(_ name: String, _ found: Shape, _ expected: Shape, in file: String) throws {
    guard found == expected else {
      throw InputError(file: file, field: name, expected: "\(expected)", found: "\(found)")
    }
  }

  private func noWeights(_ name: String) -> InputError {
    InputError(
      .missingValue, file: plan.path, field: "\(option: .multiScale)",
      expected:
        "multi-scale weights: in the checkpoint, from \(option: .multiScaleFile) FILE, or, as a start "
        + "for training, \(option: .multiScaleIdentity)",
      found: "no \(name)")
  }
}
