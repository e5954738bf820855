package import Records

/// The fields of one kind of step.
package protocol StepPayload: Record, Equatable {
  /// The kind of step.
  static var kind: StepKind { get }

  /// What a plan with the step lists: none of a kind and values that version 2 began with.
  var features: Set<PlanFeature> { get }

  /// The step with these fields.
  var step: Step { get }

  /// Throws unless every operand exists and has the shape that the fields ask for.
  func verify(_ context: StepContext) throws

  /// The buffers it reads, as far as they are read.
  var reads: [Int] { get }

  /// The buffers it writes.
  var writes: [Int] { get }

  /// Throws unless the int32 buffers that it reads can only hold indices that lie inside what they point into,
  /// and says what those that it writes may hold. Of a verified step.
  func followIndices(_ ranges: inout IndexRanges, step: Int) throws

  /// The operands and results whose tokens need not all be in use, those of the same tokens together. What is
  /// not among them has all of its rows and columns in use.
  func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]]

  /// The buffer that it writes for others to say how many of their tokens are not in use.
  var unused: Int? { get }

  /// Whether it does what is right where an image has none of the tokens that a place of ``tokens(_:)`` has room for.
  var allowsNone: Bool { get }

  /// The constants it reads.
  var constants: [Int] { get }

  /// Multiply-adds of the step for one image, counted as `formats/plan.md` says. Of a verified step.
  func multiplyAdds(_ context: StepContext) -> Double

  /// Operations that the step takes for one image, roughly: multiply-adds, and values that are read
  /// and written. Of a verified step.
  func work(_ context: StepContext) -> Double
}

extension StepPayload {
  package var features: Set<PlanFeature> { [] }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] { [] }

  package var unused: Int? { nil }

  package var allowsNone: Bool { false }

  package func multiplyAdds(_ context: StepContext) -> Double { 0 }

  package func work(_ context: StepContext) -> Double { multiplyAdds(context) + elements(context) }

  /// Values of all operands and results.
  func elements(_ context: StepContext) -> Double {
    (reads + writes).reduce(0) { $0 + context.elements(of: $1) }
  }
}

/// A step that touches no int32 buffers.
package protocol IndexFreeStep: StepPayload {}

extension IndexFreeStep {
  package func followIndices(_ ranges: inout IndexRanges, step: Int) {}
}
