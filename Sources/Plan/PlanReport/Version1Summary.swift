package import JSON
package import PlanFormat
internal import Tensors

/// What `vitc inspect` shows of a plan of version 1: what it says of its model, under the keys of later plans.
package struct Version1Summary {
  package let plan: PlanVersion1

  package var facts: FactsVersion1 { plan.facts }

  package init(plan: PlanVersion1) { self.plan = plan }

  /// The keys that there are, and `plan_version`.
  package var json: JSONValue {
    [
      "plan_version": .init(1),
      "model": .string(facts.architecture),
      "family": .string(facts.family),
      "image_size": .array([.init(facts.imageHeight), .init(facts.imageWidth)]),
      "patch_size": .init(facts.patchSize),
      "embed_dim": .init(facts.embedDim),
      "depth": .init(facts.depth),
      "heads": .init(facts.heads),
      "classes": .init(facts.classes),
      "prefix_tokens": .init(facts.prefixTokens),
      "plan_bytes": .init(plan.byteCount),
      "preprocess": [
        "mean": .array(facts.mean.map { .number("\($0)") }),
        "std": .array(facts.standardDeviation.map { .number("\($0)") }),
        "crop_pct": .init(facts.cropShare),
        "interpolation": .string(facts.interpolation.word),
      ],
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
}
