internal import JSON
internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Records

/// What an exported model says of itself beside its graph.
enum ModelMetadata {
  /// The texts of a plan's model.
  /// - Parameters:
  ///   - recipe: how it is rewritten.
  ///   - graph: what is exported.
  static func texts(
    of plan: PlanFile, recipe: RewriteRecipe, graph: Graph
  ) -> [(key: String, value: String)] {
    let facts = JSONRecordWriter.object(of: plan.facts).members ?? []
    let parts = MetadataKey.partsOfFacts
    var values: [(MetadataKey, JSONValue)] = [
      (.model, .object(facts.filter { member in !parts.contains { $0.field == member.name } })),
      (.details, JSONRecordWriter.object(of: plan.facts.details)),
    ]
    for (field, key) in parts {
      if let value = facts.first(where: { $0.name == field })?.value { values.append((key, value)) }
    }
    if !plan.labels.names.isEmpty {
      values.append((.labels, .array(plan.labels.names.map { JSONRecordWriter.object(of: $0) })))
    }
    if !recipe.isEmpty { values.append((.schedule, schedule(recipe, graph))) }
    return values.map { (key: $0.rawValue, value: $1.text()) }
  }

  private static func schedule(_ recipe: RewriteRecipe, _ graph: Graph) -> JSONValue {
    [
      "strategy": .string(recipe.strategy),
      "similarity": .string(recipe.similarity.word),
      "size_aware": .bool(recipe.isSizeAware),
      "multi_scale_blocks": recipe.multiScaleBlocks.map { JSONValue($0) } ?? .null,
      "blocks": .array(
        graph.blockSummaries().map { block in
          [
            "block": JSONValue(block.block + 1), "tokens_in": JSONValue(block.tokensIn),
            "tokens_out": JSONValue(block.tokensOut),
          ]
        }),
    ]
  }
}
