internal import CommandSupport
internal import JSON
internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors

/// What `vitc inspect` shows of a plan.
struct PlanSummary {
  private let plan: PlanFile

  /// What is shown: the plan's program, or a combined plan's second one.
  private let program: Program
  private let recipe: RewriteRecipe

  /// What a combined plan does where the program that is shown is not sure.
  private let cascade: CascadeSummary?
  private let graph: Graph
  private let blocks: [BlockSummary]

  /// - Parameters:
  ///   - graph: what is executed, before fusion.
  ///   - isFallback: whether that is a combined plan's second program.
  init(_ plan: PlanFile, _ graph: Graph, isFallback: Bool) {
    self.plan = plan
    let fallback = isFallback ? plan.cascade?.fallback : nil
    program = fallback ?? plan.program
    recipe = fallback == nil ? plan.recipe : RewriteRecipe()
    cascade = fallback == nil ? CascadeSummary(plan) : nil
    self.graph = graph
    blocks = graph.blockSummaries()
  }

  private var facts: ModelFacts { plan.facts }

  private var weightType: String {
    plan.weightElements.map { WeightType($0).rawValue }.joined(separator: "+")
  }

  /// The weights of products that are not int8, of a plan that has some that are.
  private var unquantized: [String] {
    plan.weightElements.contains(.int8)
      ? MatrixElement.allCases.filter { $0 != .int8 }.flatMap { plan.weights(of: $0).map(\.name) }
      : []
  }

  private var gigaMACs: Double { Double(program.multiplyAdds) / 1e9 }

  private var executedGigaMACs: Double { Double(program.executedMultiplyAdds) / 1e9 }

  /// The keys that scripts rely on.
  var json: JSONValue { .object((own.members ?? []) + (cascade?.members ?? [])) }

  private var own: JSONValue {
    [
      "model": .string(facts.architecture),
      "family": .string(facts.family),
      "image_size": .array([.init(facts.imageHeight), .init(facts.imageWidth)]),
      "patch_size": .init(facts.patchSize),
      "embed_dim": .init(facts.embedDim),
      "depth": .init(facts.depth),
      "heads": .init(facts.heads),
      "classes": .init(facts.classes),
      "prefix_tokens": .init(facts.prefixTokens),
      "scores": .string(facts.scores.word),
      "parameters": .init(graph.parameterCount),
      "gmacs": .init(gigaMACs),
      "executed_gmacs": .init(executedGigaMACs),
      "tokens": .array(blocks.map { .init($0.tokensOut) }),
      "schedule": .array(schedule),
      "multi_scale": .bool(recipe.isMultiScale),
      "size_aware": .bool(recipe.isSizeAware),
      "weights": .string(weightType),
      "unquantized": .array(unquantized.map { .string(PathText.repaired($0)) }),
      "plan_bytes": .init(plan.byteCount),
      "written_by": .string(PathText.repaired("vitc \(plan.writer)")),
      "outputs": .array(program.outputs.map { .string($0.role.word) }),
      "activation_bytes_per_image": .init(program.arenaBytes),
      "preprocess": PreprocessSummary(facts).json,
      "provenance": .object(
        facts.provenance.map {
          JSONMember(
            $0.key,
            [
              "value": .string(PathText.repaired($0.value)),
              "source": .string(PathText.repaired($0.source)),
            ])
        }),
    ]
  }

  private var schedule: [JSONValue] {
    zip(program.stages, recipe.stages).map { stage, requested in
      [
        "block": .init(stage.block + 1), "strategy": .string(recipe.strategy),
        "keep": .init(requested.keepRate),
        "tokens_in": .init(stage.patchesIn + facts.prefixTokens),
        "tokens_out": .init(stage.patchesOut + facts.prefixTokens),
        "removed": .init(stage.patchesIn - stage.patchesOut),
      ]
    }
  }

  /// The same for people.
  var lines: [String] {
    var lines = [
      "\(facts.architecture) (\(facts.family))",
      "  image       \(facts.imageHeight) x \(facts.imageWidth), patches of \(facts.patchSize)",
      "  blocks      \(facts.depth), width \(facts.embedDim), \(facts.heads) heads",
      program.output(.logits) == nil
        ? "  outputs     \(program.outputs.map(\.role.word).joined(separator: ", "))"
        : "  classes     \(facts.classes)" + (plan.labels.names.isEmpty ? ", no labels" : "")
          + ", probabilities by \(facts.scores.word)",
      "  parameters  \(Figures.fixed(Double(graph.parameterCount) / 1e6, 3)) M, \(weightType)",
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
