package import JSON
package import ModelFacts
package import ModelGraph
package import PlanFormat
internal import Tensors

/// What `vitc inspect` shows of a plan.
package struct PlanSummary {
  /// The plan.
  package let plan: PlanFile

  /// What is shown: the plan's program, or a combined plan's second one.
  package let program: Program
  private let recipe: RewriteRecipe

  /// What a combined plan does where the program that is shown is not sure.
  package let cascade: CascadeSummary?

  /// What is executed, before fusion.
  package let graph: Graph?

  /// What each block does.
  package let blocks: [BlockSummary]

  /// - Parameters:
  ///   - graph: what is executed, before fusion; nil where there is no compiler to say it, and then neither the
  ///     number of parameters nor the tokens of each block are shown.
  ///   - isFallback: whether that is a combined plan's second program.
  package init(_ plan: PlanFile, _ graph: Graph?, isFallback: Bool) {
    self.plan = plan
    let fallback = isFallback ? plan.cascade?.fallback : nil
    program = fallback ?? plan.program
    recipe = fallback == nil ? plan.recipe : RewriteRecipe()
    cascade = fallback == nil ? CascadeSummary(plan) : nil
    self.graph = graph
    blocks = graph?.blockSummaries() ?? []
  }

  package var facts: ModelFacts { plan.facts }

  /// How the weights of products are stored.
  package var weightType: String {
    plan.weightElements.map(\.name).joined(separator: "+")
  }

  /// The weights of products that are not int8, of a plan that has some that are.
  package var unquantized: [String] {
    plan.weightElements.contains(.int8)
      ? MatrixElement.allCases.filter { $0 != .int8 }.flatMap { plan.weights(of: $0).map(\.name) }
      : []
  }

  package var gigaMACs: Double { Double(program.multiplyAdds) / 1e9 }

  package var executedGigaMACs: Double { Double(program.executedMultiplyAdds) / 1e9 }

  /// The keys that scripts rely on.
  package var json: JSONValue {
    let unknown: Set<String> = graph == nil ? ["parameters", "tokens"] : []
    let known = (own.members ?? []).filter { !unknown.contains($0.name) }
    return .object(known + (cascade?.members ?? []))
  }

  private var own: JSONValue {
    [
      "model": .string(facts.architecture),
      "family": .string(facts.family),
      "image_size": .array([.init(facts.imageHeight), .init(facts.imageWidth)]),
      "channels": .init(facts.preprocess.channels),
      "patch_size": facts.otherPatchWidth.map { .array([.init(facts.patchSize), .init($0)]) }
        ?? .init(facts.patchSize),
      "embed_dim": .init(facts.embedDim),
      "depth": .init(facts.depth),
      "heads": .init(facts.heads),
      "classes": .init(facts.classes),
      "prefix_tokens": .init(facts.prefixTokens),
      "class_token": .bool(facts.details.hasClassToken),
      "text_comparison": textComparison,
      "scores": .string(facts.scores.word),
      "parameters": graph.map { .init($0.parameterCount) } ?? .null,
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

  /// How features are compared with those of texts; null where the checkpoint did not tell it.
  private var textComparison: JSONValue {
    guard let text = facts.details.textComparison else { return .null }
    return [
      "logit_scale": .number("\(text.scale)"),
      "logit_bias": text.isSigmoid ? .number("\(text.bias)") : .null,
      "scores": .string(text.isSigmoid ? "sigmoid" : "softmax"),
    ]
  }

  /// Whether images keep different numbers of tokens there: those that are told are the most.
  private func keepsAny(_ stage: StageRecord) -> Bool {
    program.buffers[stage.kept].unused != nil
  }

  /// Whether images keep different numbers of tokens.
  package var isAdaptive: Bool { program.stages.contains(where: keepsAny) }

  private var schedule: [JSONValue] {
    program.stages.map { stage in
      // Of a method a stage that takes nothing away is asked for and not there.
      let requested = recipe.stages.first { $0.block == stage.block }
      return [
        "block": .init(stage.block + 1), "strategy": .string(recipe.strategy),
        "keep": keepsAny(stage) ? .null : requested.map { .init($0.keepRate) } ?? .null,
        "adaptive": .bool(keepsAny(stage)),
        "tokens_in": .init(stage.patchesIn + facts.prefixTokens),
        "tokens_out": .init(stage.patchesOut + facts.prefixTokens),
        "removed": .init(stage.patchesIn - stage.patchesOut),
      ]
    }
  }
}
