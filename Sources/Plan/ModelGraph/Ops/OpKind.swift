internal import Records

/// The kinds of node, as stored in a plan's graph section: with ``Op`` and the two tables below the one list
/// of all kinds.
package enum OpKind: UInt8, Choice {
  case image = 1
  case convolution = 2
  case batchNorm = 3
  case activation = 4
  case flatten = 5
  case prepend = 6
  case concatenate = 7
  case addPositions = 8
  case layerNorm = 9
  case linear = 10
  case attention = 11
  case add = 12
  case scaleColumns = 13
  case scale = 14
  case slice = 15
  case combine = 16
  case reduceMax = 17
  case unitSizes = 18
  case patchIndices = 19
  case score = 20
  case partition = 21
  case assign = 22
  case bipartiteAssign = 23
  case gather = 24
  case avgPool2x2 = 25
  case gridAvgPool = 26
  case gridUpsample = 27
  case depthwise = 28
  case multiplyAdd = 29
  case nearestAssign = 30
  case greedyPartition = 31
  case reduceMean = 32
  case attentionPool = 33
  case headNorm = 34
  case rotaryEmbedding = 35
  case gatedActivation = 36
  case biasedAttention = 37
  case rmsNorm = 38
  case normScore = 39
  case halfMean = 40
  case keepScore = 41
  case policyPartition = 42
  case pick = 43
  case restore = 44
  case select = 45
  case halt = 46
  case accumulate = 47
  case headMean = 48
  case headLinear = 49
  case headHalfMean = 50
  case headVote = 51
  case packagePartition = 52
  case patchMax = 53
}

extension OpKind {
  /// Attributes of this kind that are about to be read.
  package var attributes: any OpAttributes {
    switch self {
    case .image: InputImage()
    case .convolution: Convolution()
    case .batchNorm: BatchNorm()
    case .activation: ActivationNode()
    case .flatten: Flatten()
    case .prepend: Prepend()
    case .concatenate: Concatenate()
    case .addPositions: AddPositions()
    case .layerNorm: Norm()
    case .linear: Linear()
    case .attention: Attention()
    case .add: Add()
    case .scaleColumns: ScaleColumns()
    case .scale: Scale()
    case .slice: Slice()
    case .combine: Combine()
    case .reduceMax: ReduceMax()
    case .unitSizes: UnitSizes()
    case .patchIndices: PatchIndices()
    case .score: Score()
    case .partition: Partition()
    case .assign: Assign()
    case .bipartiteAssign: BipartiteAssign()
    case .gather: Gather()
    case .avgPool2x2: AvgPool2x2()
    case .gridAvgPool: GridAvgPool()
    case .gridUpsample: GridUpsample()
    case .depthwise: Depthwise()
    case .multiplyAdd: MultiplyAdd()
    case .nearestAssign: NearestAssign()
    case .greedyPartition: GreedyPartition()
    case .reduceMean: ReduceMean()
    case .attentionPool: AttentionPool()
    case .headNorm: HeadNorm()
    case .rotaryEmbedding: RotaryEmbedding()
    case .gatedActivation: GatedActivation()
    case .biasedAttention: BiasedAttention()
    case .rmsNorm: RMSNorm()
    case .normScore: NormScore()
    case .halfMean: HalfMean()
    case .keepScore: KeepScore()
    case .policyPartition: PolicyPartition()
    case .pick: Pick()
    case .restore: Restore()
    case .select: Select()
    case .halt: Halt()
    case .accumulate: Accumulate()
    case .headMean: HeadMean()
    case .headLinear: HeadLinear()
    case .headHalfMean: HeadHalfMean()
    case .headVote: HeadVote()
    case .packagePartition: PackagePartition()
    case .patchMax: PatchMax()
    }
  }
}

extension Op {
  /// The attributes.
  package var attributes: any OpAttributes {
    switch self {
    case .image(let attributes): attributes
    case .convolution(let attributes): attributes
    case .batchNorm(let attributes): attributes
    case .activation(let attributes): attributes
    case .flatten: Flatten()
    case .prepend(let attributes): attributes
    case .concatenate: Concatenate()
    case .addPositions(let attributes): attributes
    case .layerNorm(let attributes): attributes
    case .linear(let attributes): attributes
    case .attention(let attributes): attributes
    case .add: Add()
    case .scaleColumns(let attributes): attributes
    case .scale(let attributes): attributes
    case .slice(let attributes): attributes
    case .combine(let attributes): attributes
    case .reduceMax: ReduceMax()
    case .unitSizes(let attributes): attributes
    case .patchIndices(let attributes): attributes
    case .score(let attributes): attributes
    case .partition(let attributes): attributes
    case .assign(let attributes): attributes
    case .bipartiteAssign(let attributes): attributes
    case .gather(let attributes): attributes
    case .avgPool2x2: AvgPool2x2()
    case .gridAvgPool(let attributes): attributes
    case .gridUpsample(let attributes): attributes
    case .depthwise(let attributes): attributes
    case .multiplyAdd: MultiplyAdd()
    case .nearestAssign(let attributes): attributes
    case .greedyPartition(let attributes): attributes
    case .reduceMean(let attributes): attributes
    case .attentionPool(let attributes): attributes
    case .headNorm(let attributes): attributes
    case .rotaryEmbedding(let attributes): attributes
    case .gatedActivation(let attributes): attributes
    case .biasedAttention(let attributes): attributes
    case .rmsNorm(let attributes): attributes
    case .normScore(let attributes): attributes
    case .halfMean: HalfMean()
    case .keepScore: KeepScore()
    case .policyPartition(let attributes): attributes
    case .pick: Pick()
    case .restore(let attributes): attributes
    case .select(let attributes): attributes
    case .halt(let attributes): attributes
    case .accumulate(let attributes): attributes
    case .headMean(let attributes): attributes
    case .headLinear(let attributes): attributes
    case .headHalfMean(let attributes): attributes
    case .headVote(let attributes): attributes
    case .packagePartition(let attributes): attributes
    case .patchMax(let attributes): attributes
    }
  }

  /// The kind as stored.
  package var kind: OpKind { type(of: attributes).kind }

  /// The name that dumps and messages use.
  package var name: String { attributes.name }

  /// The constants the node reads.
  package var constants: [ConstantID] { attributes.constants(reading: nil).map(\.id) }

  /// The same op on other constants.
  package func mappingConstants(_ map: (ConstantID) -> ConstantID) -> Op {
    attributes.mappingConstants(map).op
  }
}
