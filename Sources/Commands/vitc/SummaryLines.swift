internal import CommandSupport
internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import PlanReport

// What `vitc inspect` prints without being asked for JSON.

extension PlanSummary {
  private var parameters: String {
    graph.map { "\(Figures.fixed(Double($0.parameterCount) / 1e6, 3)) M, " } ?? ""
  }

  /// What `json` says, for people.
  var lines: [String] {
    var lines = [
      "\(facts.architecture) (\(facts.family))",
      "  image       \(facts.imageHeight) x \(facts.imageWidth), patches of \(facts.patchWords)"
        + (facts.preprocess.channels == 3 ? "" : ", channels \(facts.preprocess.channels)"),
      "  blocks      \(facts.depth), width \(facts.embedDim), \(facts.heads) heads",
      program.output(.logits) == nil
        ? "  outputs     \(program.outputs.map(\.role.word).joined(separator: ", "))"
        : "  classes     \(facts.classes)" + (plan.labels.names.isEmpty ? ", no labels" : "")
          + ", probabilities by \(facts.scores.word)",
      "  parameters  \(parameters)\(weightType)",
      "  work        \(Figures.fixed(gigaMACs, 3)) GMACs an image, "
        + "\(Figures.fixed(executedGigaMACs, 3)) executed",
    ]
    if !unquantized.isEmpty {
      lines.append("  not int8    \(unquantized.joined(separator: ", "))")
    }
    lines += [
      "  plan        \(plan.byteCount) bytes, by vitc \(plan.writer)",
      "  activations \(program.arenaBytes) bytes an image",
    ]
    lines += cascade?.lines ?? []
    if isAdaptive {
      lines.append(
        "  tokens      as many as an image asks for, at most as many as here; so is the work")
    }
    lines += [
      "",
      "  block  tokens in  tokens out  GMACs",
    ]
    for block in blocks {
      lines.append(
        "  \(Figures.right("\(block.block + 1)", 5))  \(Figures.right("\(block.tokensIn)", 9))"
          + "  \(Figures.right("\(block.tokensOut)", 10))"
          + "  \(Figures.fixed(Double(block.multiplyAdds) / 1e9, 3))")
    }
    lines.append("")
    lines += PreprocessSummary(facts).lines
    lines += [
      "",
      "  value         from",
    ]
    for entry in facts.provenance {
      lines.append("  \(entry.key) = \(entry.value): \(entry.source)")
    }
    return lines
  }
}

extension PreprocessSummary {
  /// What `json` says, for people.
  var lines: [String] {
    let resize =
      switch facts.resize {
      case .none: "not resized"
      case .shortestEdge: "shortest edge to \(facts.resizeHeight), \(facts.interpolation.word)"
      case .squash: "resized to \(extents), \(facts.interpolation.word)"
      case .cover: "resized to cover \(extents), \(facts.interpolation.word)"
      case .fit: "resized to fit into \(extents), \(facts.interpolation.word)"
      }
    let crop =
      switch facts.crop {
      case .none: "no crop"
      case .torchvision, .transformers:
        "\(facts.crop.word) centre of \(height) x \(width), padded with \(facts.fill)"
      }
    let alpha = facts.alpha == .drop ? "alpha left out" : "alpha onto white"
    let scale = facts.rescale == .divideBy255 ? "/ 255" : "x \(facts.rescaleFactor)"
    return [
      "  images      \(resize); \(crop); \(alpha)",
      "  samples     \(scale), mean \(facts.mean), std \(facts.standardDeviation)",
    ]
  }
}

extension CascadeSummary {
  /// What `members` says, for people.
  var lines: [String] {
    let record = cascade.record
    let dense = Figures.fixed(Double(cascade.fallback.executedMultiplyAdds) / 1e9, 3)
    return [
      "  cascade     below a margin of \(Figures.fixed(record.margin, 4)) the dense program answers, of \(dense) GMACs, of which "
        + "\(Figures.fixed(sharedGigaMACs, 3)) are done already,",
      "              for \(Figures.fixed(record.fallbackShare * 100, 1)) % of images, as expected: "
        + "\(Figures.fixed(average(\.executedMultiplyAdds), 3)) GMACs executed an image",
    ]
  }
}

extension Version1Summary {
  /// What `json` says, for people.
  var lines: [String] {
    [
      "\(facts.architecture) (\(facts.family)), in a plan of version 1",
      "  image       \(facts.imageHeight) x \(facts.imageWidth), patches of \(facts.patchSize)",
      "  blocks      \(facts.depth), width \(facts.embedDim), \(facts.heads) heads",
      "  classes     \(facts.classes)",
      "  plan        \(plan.byteCount) bytes",
      "",
      "  images      resized by \(facts.interpolation.word), cropped to \(facts.cropShare)",
      "  samples     / 255, mean \(facts.mean), std \(facts.standardDeviation)",
      "",
      "  value         from",
    ] + facts.provenance.map { "  \($0.key) = \($0.value): \($0.source)" }
  }
}
