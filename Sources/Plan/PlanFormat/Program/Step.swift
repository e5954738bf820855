package import Records

/// One kernel call of a plan's program.
///
/// Buffers and constants are named by their position in the plan's tables; every shape is that of
/// one image. `formats/plan.md` gives each kind's fields and rules.
package enum Step: Sendable, Equatable {
  case linear(LinearStep)
  case convolution(ConvolutionStep)
  case prefix(PrefixStep)
  case attention(AttentionStep)
  case score(ScoreStep)
  case partition(PartitionStep)
  case assign(AssignStep)
  case bipartiteAssign(BipartiteAssignStep)
  case gather(GatherStep)
  case fill(FillStep)
  case avgPool2x2(AvgPool2x2Step)
  case grid(GridStep)
  case depthwise(DepthwiseStep)
  case elementwise(ElementwiseStep)
  case reduceMax(ReduceMaxStep)
  case norm(NormStep)
  case nearestAssign(NearestAssignStep)
  case greedyPartition(GreedyPartitionStep)
  case reduceMean(ReduceMeanStep)
  case attentionPool(AttentionPoolStep)
  case quantizedAttention(QuantizedAttentionStep)
  case headNorm(HeadNormStep)
  case rotaryEmbedding(RotaryEmbeddingStep)
  case gatedActivation(GatedActivationStep)
  case biasedAttention(BiasedAttentionStep)
  case rmsNorm(RMSNormStep)
  case normScore(NormScoreStep)
  case halfMean(HalfMeanStep)
  case keepScore(KeepScoreStep)
  case policyPartition(PolicyPartitionStep)
  case pick(PickStep)
  case restore(RestoreStep)
  case select(SelectStep)
  case halt(HaltStep)
  case accumulate(AccumulateStep)
  case headMean(HeadMeanStep)
  case headLinear(HeadLinearStep)
  case headHalfMean(HeadHalfMeanStep)
  case headVote(HeadVoteStep)
  case packagePartition(PackagePartitionStep)
  case patchMax(PatchMaxStep)
}

/// The kinds of step, as stored: with ``Step`` and the two tables below the one list of all kinds.
package enum StepKind: UInt8, Choice, Hashable {
  case linear = 1
  case convolution = 2
  case prefix = 3
  case attention = 4
  case score = 5
  case partition = 6
  case assign = 7
  case bipartiteAssign = 8
  case gather = 9
  case fill = 10
  case avgPool2x2 = 11
  case grid = 12
  case depthwise = 13
  case elementwise = 14
  case reduceMax = 15
  case norm = 16
  case nearestAssign = 17
  case greedyPartition = 18
  case reduceMean = 19
  case attentionPool = 20
  case quantizedAttention = 21
  case headNorm = 22
  case rotaryEmbedding = 23
  case gatedActivation = 24
  case biasedAttention = 25
  case rmsNorm = 26
  case normScore = 27
  case halfMean = 28
  case keepScore = 29
  case policyPartition = 30
  case pick = 31
  case restore = 32
  case select = 33
  case halt = 34
  case accumulate = 35
  case headMean = 36
  case headLinear = 37
  case headHalfMean = 38
  case headVote = 39
  case packagePartition = 40
  case patchMax = 41
}

extension StepKind {
  /// Fields of this kind that are about to be read.
  package var payload: any StepPayload {
    switch self {
    case .linear: LinearStep()
    case .convolution: ConvolutionStep()
    case .prefix: PrefixStep()
    case .attention: AttentionStep()
    case .score: ScoreStep()
    case .partition: PartitionStep()
    case .assign: AssignStep()
    case .bipartiteAssign: BipartiteAssignStep()
    case .gather: GatherStep()
    case .fill: FillStep()
    case .avgPool2x2: AvgPool2x2Step()
    case .grid: GridStep()
    case .depthwise: DepthwiseStep()
    case .elementwise: ElementwiseStep()
    case .reduceMax: ReduceMaxStep()
    case .norm: NormStep()
    case .nearestAssign: NearestAssignStep()
    case .greedyPartition: GreedyPartitionStep()
    case .reduceMean: ReduceMeanStep()
    case .attentionPool: AttentionPoolStep()
    case .quantizedAttention: QuantizedAttentionStep()
    case .headNorm: HeadNormStep()
    case .rotaryEmbedding: RotaryEmbeddingStep()
    case .gatedActivation: GatedActivationStep()
    case .biasedAttention: BiasedAttentionStep()
    case .rmsNorm: RMSNormStep()
    case .normScore: NormScoreStep()
    case .halfMean: HalfMeanStep()
    case .keepScore: KeepScoreStep()
    case .policyPartition: PolicyPartitionStep()
    case .pick: PickStep()
    case .restore: RestoreStep()
    case .select: SelectStep()
    case .halt: HaltStep()
    case .accumulate: AccumulateStep()
    case .headMean: HeadMeanStep()
    case .headLinear: HeadLinearStep()
    case .headHalfMean: HeadHalfMeanStep()
    case .headVote: HeadVoteStep()
    case .packagePartition: PackagePartitionStep()
    case .patchMax: PatchMaxStep()
    }
  }
}

extension Step {
  /// The fields.
  package var payload: any StepPayload {
    switch self {
    case .linear(let step): step
    case .convolution(let step): step
    case .prefix(let step): step
    case .attention(let step): step
    case .score(let step): step
    case .partition(let step): step
    case .assign(let step): step
    case .bipartiteAssign(let step): step
    case .gather(let step): step
    case .fill(let step): step
    case .avgPool2x2(let step): step
    case .grid(let step): step
    case .depthwise(let step): step
    case .elementwise(let step): step
    case .reduceMax(let step): step
    case .norm(let step): step
    case .nearestAssign(let step): step
    case .greedyPartition(let step): step
    case .reduceMean(let step): step
    case .attentionPool(let step): step
    case .quantizedAttention(let step): step
    case .headNorm(let step): step
    case .rotaryEmbedding(let step): step
    case .gatedActivation(let step): step
    case .biasedAttention(let step): step
    case .rmsNorm(let step): step
    case .normScore(let step): step
    case .halfMean(let step): step
    case .keepScore(let step): step
    case .policyPartition(let step): step
    case .pick(let step): step
    case .restore(let step): step
    case .select(let step): step
    case .halt(let step): step
    case .accumulate(let step): step
    case .headMean(let step): step
    case .headLinear(let step): step
    case .headHalfMean(let step): step
    case .headVote(let step): step
    case .packagePartition(let step): step
    case .patchMax(let step): step
    }
  }

  /// The kind as stored.
  package var kind: StepKind { type(of: payload).kind }
}

/// A step as a record: its kind, then its fields.
package struct StepRecord: Record {
  /// The step.
  package var step = AvgPool2x2Step().step

  package init() {}

  package init(_ step: Step) { self.step = step }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    var kind = step.kind
    try coder.code("kind", choice: &kind)
    // A writer passes its step's own fields, a reader empty ones.
    let payload = kind == step.kind ? step.payload : kind.payload
    step = try coded(payload, &coder)
  }

  private func coded<C: FieldCoder>(_ payload: some StepPayload, _ coder: inout C) throws -> Step {
    var payload = payload
    try payload.code(fields: &coder)
    return payload.step
  }
}
