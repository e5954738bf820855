package import Records

/// One kernel call of a plan's program.
///
/// Buffers and constants are named by their position in the plan's tables; every shape is that of
/// one picture. `formats/plan.md` gives each kind's fields and rules.
package enum Step: Sendable, Equatable {
  case linear(LinearStep)
  case convolution(ConvolutionStep)
  case prefix(PrefixStep)
  case attention(AttentionStep)
  case select(SelectStep)
  case reduce(ReduceStep)
  case match(MatchStep)
  case fill(FillStep)
  case halve(HalveStep)
  case grid(GridStep)
  case depthwise(DepthwiseStep)
  case elementwise(ElementwiseStep)
  case columnMax(ColumnMaxStep)
  case norm(NormStep)
}

/// The kinds of step, as stored.
package enum StepKind: UInt8, Choice, Hashable {
  case linear = 1
  case convolution = 2
  case prefix = 3
  case attention = 4
  case select = 5
  case reduce = 6
  case match = 7
  case fill = 8
  case halve = 9
  case grid = 10
  case depthwise = 11
  case elementwise = 12
  case columnMax = 13
  case norm = 14
}

extension Step {
  /// The kind as stored.
  package var kind: StepKind {
    switch self {
    case .linear: .linear
    case .convolution: .convolution
    case .prefix: .prefix
    case .attention: .attention
    case .select: .select
    case .reduce: .reduce
    case .match: .match
    case .fill: .fill
    case .halve: .halve
    case .grid: .grid
    case .depthwise: .depthwise
    case .elementwise: .elementwise
    case .columnMax: .columnMax
    case .norm: .norm
    }
  }

  /// The fields.
  package var payload: any StepPayload {
    switch self {
    case .linear(let step): step
    case .convolution(let step): step
    case .prefix(let step): step
    case .attention(let step): step
    case .select(let step): step
    case .reduce(let step): step
    case .match(let step): step
    case .fill(let step): step
    case .halve(let step): step
    case .grid(let step): step
    case .depthwise(let step): step
    case .elementwise(let step): step
    case .columnMax(let step): step
    case .norm(let step): step
    }
  }
}

/// The fields of one kind of step.
package protocol StepPayload: Record, Equatable {
  /// Throws unless every operand exists and has the shape that the fields ask for.
  func verify(_ context: StepContext) throws

  /// The buffers it reads, as far as they are read.
  var reads: [Int] { get }

  /// The buffers it writes.
  var writes: [Int] { get }

  /// The constants it reads.
  var constants: [Int] { get }

  /// Operations that the step takes for one picture, roughly: multiply-adds, or values that are read
  /// and written where those are more. Of a verified step.
  func work(_ context: StepContext) -> Double
}

extension StepPayload {
  package func work(_ context: StepContext) -> Double { elements(context) }

  /// Values of all operands and results.
  func elements(_ context: StepContext) -> Double {
    (reads + writes).reduce(0) { $0 + context.elements(of: $1) }
  }
}

/// A step as a record: its kind, then its fields.
package struct StepRecord: Record {
  /// The step.
  package var step = Step.halve(HalveStep())

  package init() {}

  package init(_ step: Step) { self.step = step }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    var kind = step.kind
    try coder.code("kind", choice: &kind)
    switch kind {
    case .linear: step = .linear(try fields(of: LinearStep.self, &coder))
    case .convolution: step = .convolution(try fields(of: ConvolutionStep.self, &coder))
    case .prefix: step = .prefix(try fields(of: PrefixStep.self, &coder))
    case .attention: step = .attention(try fields(of: AttentionStep.self, &coder))
    case .select: step = .select(try fields(of: SelectStep.self, &coder))
    case .reduce: step = .reduce(try fields(of: ReduceStep.self, &coder))
    case .match: step = .match(try fields(of: MatchStep.self, &coder))
    case .fill: step = .fill(try fields(of: FillStep.self, &coder))
    case .halve: step = .halve(try fields(of: HalveStep.self, &coder))
    case .grid: step = .grid(try fields(of: GridStep.self, &coder))
    case .depthwise: step = .depthwise(try fields(of: DepthwiseStep.self, &coder))
    case .elementwise: step = .elementwise(try fields(of: ElementwiseStep.self, &coder))
    case .columnMax: step = .columnMax(try fields(of: ColumnMaxStep.self, &coder))
    case .norm: step = .norm(try fields(of: NormStep.self, &coder))
    }
  }

  private func fields<P: StepPayload, C: FieldCoder>(of type: P.Type, _ coder: inout C) throws -> P
  {
    var payload = step.payload as? P ?? P()
    try payload.code(fields: &coder)
    return payload
  }
}
