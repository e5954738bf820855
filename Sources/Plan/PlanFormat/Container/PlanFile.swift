package import ModelFacts
package import ModelGraph
internal import Records
package import Tensors

/// A plan, mapped, with its tables and its graph decoded and verified.
///
/// Everything is checked when it is opened except the constants' bytes, their checksums and what int8 asks of
/// them, which cost a pass over the weights: ``verifyConstant(_:)`` checks one constant, so that a caller can
/// spread the pass over threads and overlap it with other work. No result may be used before all have passed.
package final class PlanFile: Sendable {
  /// The mapped file.
  package let mapped: MappedFile

  /// What the model is.
  package let facts: ModelFacts

  /// The classes' names.
  package let labels: Labels

  /// Where each constant lies.
  package let constants: [ConstantRecord]

  /// The version that wrote it.
  package let writer: String

  /// What is executed; of a combined plan what sees every image.
  package let program: Program

  /// What a combined plan executes where that is not sure; nil of any other.
  package let cascade: PlanCascade?

  /// The graph that the program was lowered from, before any rewrite.
  package let graph: Graph

  /// How the base graph was rewritten.
  package let recipe: RewriteRecipe

  private let weightsRange: Range<Int>

  /// Maps and verifies a plan.
  /// - Throws: `InputError` naming the section and the field.
  package convenience init(path: String, mapping: Bool = true) throws {
    if FileSystem.isFolder(path) {
      throw InputError(
        file: path, field: "file", expected: "a plan",
        found: "a folder; make a plan of the checkpoint in it with: vitc convert \(path) -o PLAN")
    }
    try self.init(MappedFile(path: path, mapping: mapping))
  }

  /// Verifies a plan that has been mapped.
  /// - Throws: `InputError` naming the section and the field.
  package init(_ mapped: MappedFile) throws {
    let path = mapped.path
    let sections = try mapped.withBytes { try PlanHead.sections(of: $0, file: path) }
    func section(_ kind: SectionKind) -> Range<Int> {
      sections[kind].map { $0.offset..<$0.offset + $0.byteCount } ?? 0..<0
    }
    func read<R: Record>(_ type: R.Type, _ kind: SectionKind) throws -> R {
      try mapped.withBytes {
        try RecordReader.read(
          R.self, from: UnsafeRawBufferPointer(rebasing: $0[section(kind)]), file: path,
          section: "\(kind)")
      }
    }
    self.mapped = mapped
    let weights = section(.weights)
    weightsRange = weights
    var facts = try read(ModelFacts.self, .facts)
    if sections[.details] != nil { facts.details = try read(ModelDetails.self, .details) }
    if sections[.patches] != nil {
      facts.otherPatchWidth = try read(PatchWidth.self, .patches).width
    }
    self.facts = facts
    labels = try read(Labels.self, .labels)
    constants = try read(ConstantTable.self, .constants).constants
    let record = sections[.cascade] == nil ? nil : try read(CascadeRecord.self, .cascade)
    let (planProgram, cascade) = try read(ProgramTable.self, .programs).split(record, file: path)
    (program, recipe, self.cascade) = (planProgram.program, planProgram.recipe, cascade)
    let origin = try read(PlanOrigin.self, .origin)
    writer = origin.writer
    try Self.verify(
      facts: facts, labels: labels, constants: constants, weightsBytes: weights.count,
      program: program, recipe: recipe, cascade: cascade, file: path)
    try origin.verify(
      [program, cascade?.fallback].compactMap(\.self), constants, facts, file: path)
    graph = try read(GraphRecord.self, .graph).graph(
      constants: try constants.map { try $0.constant(weights: weights, of: mapped, file: path) },
      file: path)
  }

  /// Throws unless another program fits the constants and what the model is.
  package func verify(_ program: Program) throws {
    try program.verify(constants: constants, file: path)
    try facts.verify(program: program, labels: labels, file: path)
  }

  /// Throws unless the tables hold and fit each other.
  static func verify(
    facts: ModelFacts, labels: Labels, constants: [ConstantRecord], weightsBytes: Int,
    program: Program, recipe: RewriteRecipe, cascade: PlanCascade?, file: String
  ) throws {
    try ConstantRecord.verify(constants, sectionBytes: weightsBytes, file: file)
    try program.verify(constants: constants, file: file)
    try facts.verify(program: program, labels: labels, file: file)
    try recipe.verify(depth: facts.depth, file: file)
    try cascade?.verify(
      facts: facts, labels: labels, constants: constants, recipe: recipe, file: file)
  }

  /// The name that errors use.
  package var path: String { mapped.path }

  /// Bytes of the file.
  package var byteCount: Int { mapped.count }

  /// How the weights of products are stored: every element that occurs, the widest first.
  package var weightElements: [MatrixElement] {
    MatrixElement.allCases.filter { !weights(of: $0).isEmpty }
  }

  /// The weights of products that are stored in an element.
  package func weights(of element: MatrixElement) -> [ConstantRecord] {
    constants.filter { $0.layout.isPanels && $0.element == element }
  }

  /// Calls `body` with the weights section; 64-byte aligned.
  package func withWeights<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try mapped.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[weightsRange])) }
  }

  /// What is wrong with a constant's bytes, or with the zeros behind it; nil if they are what its checksum says
  /// and what its element can be.
  package func fault(ofConstant index: Int) -> InputError? {
    let constant = constants[index]
    let name = "constant \(index) \(constant.name)"
    return withWeights { weights in
      let end = constant.offset + constant.byteCount
      let bytes = UnsafeRawBufferPointer(rebasing: weights[constant.offset..<end])
      guard XXH64.hash(bytes) == UInt64(UInt(bitPattern: constant.checksum)),
        weights[end..<PlanLayout.aligned(end)].allSatisfy({ $0 == 0 })
      else {
        return InputError(
          file: path, field: name, expected: "the bytes that its checksum was made of",
          found: "others; the file is damaged")
      }
      guard constant.element == .int8, let fault = constant.matrix?.int8Fault(bytes) else {
        return nil
      }
      return InputError(
        file: path, field: "\(name), \(fault.field)", expected: fault.expected, found: fault.found)
    }
  }

  /// Throws if a constant's bytes do not hold.
  package func verifyConstant(_ index: Int) throws {
    if let fault = fault(ofConstant: index) { throw fault }
  }

  /// The parts of a constant of int8.
  package func int8Parts(ofConstant index: Int) -> Int8Parts {
    let constant = constants[index]
    guard constant.element == .int8, let matrix = constant.matrix else {
      preconditionFailure("a constant of int8")
    }
    return withWeights { weights in
      matrix.int8Parts(
        UnsafeRawBufferPointer(
          rebasing: weights[constant.offset..<constant.offset + constant.byteCount]))
    }
  }

  /// Lets the system have the memory of a constant's bytes, which are read from the file where they are asked for
  /// again.
  package func releaseConstant(_ index: Int) {
    let start = weightsRange.lowerBound + constants[index].offset
    mapped.release(start..<start + constants[index].byteCount)
  }
}
