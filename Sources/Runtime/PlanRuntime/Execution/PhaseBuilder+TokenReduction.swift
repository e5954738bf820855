internal import KernelInterface
internal import ModelFacts
internal import PlanFormat

// Steps that choose tokens and join them.
extension PhaseBuilder {
  func score(_ step: ScoreStep) -> any KernelArguments {
    let record = program.buffers[step.classAttention]
    return ScoreArguments(
      classAttention: floats(step.classAttention), images: images, heads: record.rows,
      prefix: step.prefix, patches: record.columns - step.prefix, importance: floats(step.output),
      unused: unusedTokens(step.classAttention))
  }

  func partition(_ step: PartitionStep) -> any KernelArguments {
    // Verified: edges come with their ends, importance without.
    let order: PartitionArguments.Order =
      if let best = step.best {
        .edges(score: floats(step.scores), best: indices(best), first: step.first)
      } else {
        .importance(floats(step.scores))
      }
    let variation = step.unused.map {
      PartitionArguments.Variation(
        unused: unusedTokens(step.scores), threshold: step.threshold?.value,
        unusedKept: indices($0))
    }
    return PartitionArguments(
      order, images: images, patches: program.buffers[step.destination].columns,
      keep: step.keep, appendsRow: step.appendsRow, variation: variation, kept: indices(step.kept),
      dropped: indices(step.dropped),
      destination: indices(step.destination))
  }

  func assign(_ step: AssignStep) -> any KernelArguments {
    let record = program.buffers[step.tokens]
    return AssignArguments(
      input: reading(whole(step.tokens)), images: images, prefix: step.prefix,
      patches: record.rows - step.prefix, keep: program.buffers[step.kept].columns,
      width: record.columns, similarity: step.similarity, kept: indices(step.kept),
      dropped: indices(step.dropped), destination: indices(step.destination),
      probabilities: step.probabilities.map { UnsafePointer(floats($0)) },
      heads: step.probabilities.map { program.buffers[$0].rows / record.rows } ?? 0,
      patchIndices: step.patchIndices.map { UnsafePointer(indices($0)) },
      seed: UInt64(bitPattern: Int64(step.seed)), block: step.block,
      unused: unusedTokens(step.tokens), unusedKept: unusedTokens(step.kept))
  }

  func bipartiteAssign(_ step: BipartiteAssignStep) -> any KernelArguments {
    BipartiteAssignArguments(
      qkv: reading(whole(step.qkv)), images: images, prefix: step.prefix,
      patches: program.buffers[step.qkv].rows - step.prefix, heads: step.heads,
      headWidth: step.headWidth, first: step.first, best: indices(step.best),
      score: floats(step.score))
  }

  func nearestAssign(_ step: NearestAssignStep) -> any KernelArguments {
    let record = program.buffers[step.tokens]
    return NearestAssignArguments(
      for: tiles, input: reading(whole(step.tokens)), images: images, prefix: step.prefix,
      patches: record.rows - step.prefix, width: record.columns, nearest: indices(step.nearest),
      similarity: floats(step.similarity))
  }

  func greedyPartition(_ step: GreedyPartitionStep) -> any KernelArguments {
    let record = program.buffers[step.tokens]
    return GreedyPartitionArguments(
      input: reading(whole(step.tokens)), images: images, prefix: step.prefix,
      patches: record.rows - step.prefix, keep: step.keep, width: record.columns,
      importance: floats(step.importance), nearest: indices(step.nearest),
      similarity: floats(step.similarity), sizes: floats(step.sizes), kept: indices(step.kept),
      dropped: indices(step.dropped), destination: indices(step.destination),
      weights: floats(step.weights))
  }

  func gather(_ step: GatherStep) -> any KernelArguments {
    let record = program.buffers[step.tokens]
    let patches = record.rows - step.prefix
    // Sizes have entries for prefix tokens too.
    let weights = step.weights.map(floats) ?? step.sizes.map { floats($0) + step.prefix }
    return GatherArguments(
      input: reading(whole(step.tokens)), output: writing(whole(step.output)),
      images: images, prefix: step.prefix, patches: patches,
      keep: program.buffers[step.kept].columns, width: record.columns, mode: step.mode,
      kept: indices(step.kept), destination: indices(step.destination),
      weights: weights.map { UnsafePointer($0) },
      weightStride: step.weights == nil ? record.rows : patches,
      sizes: step.sizes.map { UnsafePointer(floats($0)) }, newSizes: step.newSizes.map(floats),
      patchIndices: step.patchIndices.map { UnsafePointer(indices($0)) },
      newPatchIndices: step.newPatchIndices.map(indices), unused: unusedTokens(step.tokens),
      unusedNew: unusedTokens(step.output))
  }
}
