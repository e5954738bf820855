internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors

/// What `vitc inspect` shows of a plan of version 1: what it says of its model, under the keys of later plans.
struct Version1Summary {
  let plan: PlanVersion1

  private var facts: FactsVersion1 { plan.facts }

  /// The keys that there are, and `plan_version`.
  var json: JSONValue {
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

  /// The same for people.
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
