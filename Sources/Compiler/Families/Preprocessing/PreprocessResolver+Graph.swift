internal import ModelFacts
internal import Tensors

/// Preprocessing in front of a graph that normalises by itself.
extension PreprocessResolver {
  /// Leaves out of `facts`, which say how the model's images are made, what the graph does.
  ///
  /// - Throws: `InputError` where a file and the graph contradict each other.
  func leave(
    to inside: GraphNormalisation, _ facts: inout PreprocessFacts, _ decisions: inout Decisions
  ) throws {
    let graph = inside.isBytes ? "the ONNX graph, which takes uint8" : "the ONNX graph"
    if inside.isBytes {
      for (option, value) in [
        (ImportOption.mean, options.mean), (.standardDeviation, options.standardDeviation),
      ] {
        guard let value else { continue }
        throw InputError(
          .contradiction, option: option, field: "\(value)", expected: "none, as \(graph)",
          found: "\(value)")
      }
    }
    let own = facts.samplesFactor
    let isNormalised =
      facts.mean.contains { $0 != 0 } || facts.standardDeviation.contains { $0 != 1 }
    let isReplaced = options.mean != nil && options.standardDeviation != nil
    let candidates = inside.isBytes ? [1] : [own, 1]
    if let factor = candidates.first(where: {
      inside.agrees(with: facts, takingSamplesTimes: $0)
    }) {
      // The graph does what was to be done.
      take(factor, &facts)
      if inside.isBytes || told != nil {
        decisions.told("rescale", words(factor), from: "\(graph), which normalises the rest")
      } else {
        assume(factor, inside, &decisions)
      }
    } else if !inside.isBytes, let told, !isNormalised || isReplaced {
      decisions.told("rescale", words(own), from: "\(told)")
    } else if let told {
      throw InputError(
        .contradiction, file: told, field: isNormalised ? "mean and std" : "rescale",
        expected: "what \(graph) computes of samples, \(inside.words), or no normalisation "
          + "beside it"
          + (inside.isBytes
            ? ""
            : "; \(option: .mean) 0,0,0 and \(option: .standardDeviation) 1,1,1 decide"),
        found: "samples x \(Float(own)), mean \(facts.mean), std \(facts.standardDeviation)")
    } else if inside.isBytes {
      take(1, &facts)
      decisions.told("rescale", words(1), from: "\(graph)")
    } else {
      guard let factor = inside.usualFactors.first else {
        throw InputError(
          file: tensors.file, field: "rescale",
          expected: "a graph that normalises samples from 0 to 1 or from 0 to 255; a "
            + "preprocessor_config.json decides",
          found: "\(inside.words), which fits neither")
      }
      take(factor, &facts)
      assume(factor, inside, &decisions)
    }
    if told == nil, facts.resize == .fit {
      // A border has the colour that the graph makes 0.
      facts.fill = TimmTransform.fill(inside.mean(ofSamplesTimes: facts.samplesFactor))
    }
    facts.mean = [Float](repeating: 0, count: target.channels)
    facts.standardDeviation = [Float](repeating: 1, count: target.channels)
    decisions.told("mean", "\(facts.mean)", from: "\(graph), which normalises")
    decisions.told("std", "\(facts.standardDeviation)", from: "\(graph), which normalises")
    let told = [
      options.mean.map { _ in Message(option: ImportOption.mean) },
      options.standardDeviation.map { _ in Message(option: ImportOption.standardDeviation) },
    ].compactMap(\.self).joined(separator: " and ")
    decisions.remarked(
      "preprocess",
      "the graph itself computes \(inside.words) of samples x \(words(facts.samplesFactor))"
        + (told.isEmpty
          ? ", so that nothing else is normalised" : "; \(told) come in front of it"))
  }

  private func assume(
    _ factor: Double, _ inside: GraphNormalisation, _ decisions: inout Decisions
  ) {
    decisions.assumed(
      "rescale", words(factor), "as the graph's own \(inside.words) fits it",
      or: "do_rescale of a preprocessor_config.json decides")
  }

  /// The file that says how samples are normalised.
  private var told: String? {
    processor?.path ?? (config.hasTimmTransform ? config.path : nil)
  }

  private func take(_ factor: Double, _ facts: inout PreprocessFacts) {
    guard factor != facts.samplesFactor else { return }
    (facts.rescale, facts.rescaleFactor) = (.multiply, factor)
  }

  private func words(_ factor: Double) -> String {
    factor == 1.0 / 255 ? "1/255" : "\(Float(factor))"
  }
}
