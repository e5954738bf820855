package import ModelFacts
package import PlanFormat
internal import Synchronization
internal import Tensors

/// A plan that has been mapped and verified. Sessions and processes share its weights.
///
/// A combined plan has two programs over one set of weights: the first is this plan's, the second that of
/// ``fallback-swift.property``. ``Cascade`` runs both.
public final class Plan: Sendable {
  /// The file.
  package let file: PlanFile

  /// What is executed.
  package let program: Program

  /// What a combined plan falls back on.
  public struct Fallback: Sendable {
    /// The second program, over the same mapped weights.
    public let plan: Plan

    /// An image goes on where the two largest probabilities differ by less than this, 0 to 1.
    public let margin: Double

    /// The share of images, 0 to 1, that went on where the margin was chosen.
    public let expectedShare: Double
  }

  /// What a combined plan falls back on; nil for every other.
  public let fallback: Fallback?

  /// Shared by the plans of a file.
  let weights: Weights

  final class Weights: Sendable {
    let areVerified = Atomic(false)
  }

  /// Whether a session has compared every weight's checksum.
  var areWeightsVerified: Bool { weights.areVerified.load(ordering: .acquiring) }

  /// Remembers that every weight's checksum holds.
  func rememberVerifiedWeights() { weights.areVerified.store(true, ordering: .releasing) }

  /// Maps and verifies a plan, the graph that it was made from included; the weights' checksums are left
  /// for the first ``Session``.
  /// - Parameter mapping: false reads the file into memory instead of mapping it.
  /// - Throws: `InputError` naming the section and the field that does not hold.
  public convenience init(path: String, mapping: Bool = true) throws {
    let file = try PlanFile(path: path, mapping: mapping)
    file.mapped.preferLargePages()
    self.init(file)
  }

  /// Verifies a copy of a plan's bytes, as ``init(path:mapping:)`` does a file.
  /// - Parameter name: what errors call it.
  /// - Throws: `InputError` naming the section and the field that does not hold, or if there is no memory for the
  ///   copy.
  public convenience init(bytes: [UInt8], name: String) throws {
    self.init(
      try PlanFile(try bytes.withUnsafeBytes { try MappedFile(copying: $0, name: name) }))
  }

  /// As ``init(bytes:name:)``.
  package convenience init(copying bytes: UnsafeRawBufferPointer, name: String) throws {
    self.init(try PlanFile(MappedFile(copying: bytes, name: name)))
  }

  private init(_ file: PlanFile) {
    self.file = file
    program = file.program
    let weights = Weights()
    self.weights = weights
    fallback = file.cascade.map { cascade in
      Fallback(
        plan: Plan(cascade.fallback, of: file, weights), margin: cascade.record.margin,
        expectedShare: cascade.record.fallbackShare)
    }
  }

  /// Another verified program of a file.
  init(_ program: Program, of file: PlanFile, _ weights: Weights) {
    (self.program, self.file, self.weights, fallback) = (program, file, weights, nil)
  }

  /// Another program over the weights of a plan, whose checksums are compared once for both.
  /// - Throws: `InputError` if the program does not fit them.
  package convenience init(_ program: Program, over other: Plan) throws {
    try other.file.verify(program)
    self.init(program, of: other.file, other.weights)
  }

  /// The path as the user named it.
  public var path: String { file.path }

  /// What the model is, and how images are prepared for it.
  package var facts: ModelFacts { file.facts }

  /// Throws if the model has no classifier.
  package func requireLogits() throws {
    guard program.output(.logits) == nil else { return }
    throw InputError(
      file: path, field: "outputs", expected: "logits of a classifier",
      found: program.outputs.map(\.role.word).joined(separator: ", "))
  }

  /// The width of the features, `[1, width]`.
  /// - Throws: `InputError` if the model has none.
  package func featureWidth() throws -> Int {
    guard let rows = program.output(.features) else {
      throw InputError(
        file: path, field: "outputs", expected: "features, as a model without a classifier has",
        found: program.outputs.map(\.role.word).joined(separator: ", "))
    }
    return program.buffers[rows.buffer].columns
  }

  /// How many tokens every image has behind the last norm, the prefix included, and their width.
  /// - Throws: `InputError` if they are no output, or if their number depends on the image.
  package func tokenShape() throws -> (tokens: Int, width: Int) {
    guard let rows = program.output(.tokens) else {
      throw InputError(
        file: path, field: "outputs",
        expected: "tokens, as a model has that does not pool them",
        found: program.outputs.map(\.role.word).joined(separator: ", "))
    }
    guard program.unusedRows(of: rows) == nil else {
      throw InputError(
        .unsupported, file: path, field: "tokens", expected: "the same number of each image",
        found: "numbers that depend on the image")
    }
    return (rows.count, program.buffers[rows.buffer].columns)
  }
  /// Values of an image's pooled embedding; 0 for a model without one.
  public var featureCount: Int { program.outputWidth(.features) }

  /// Tokens of an image's patches before any goes.
  package var patchCount: Int { file.facts.gridHeight * file.facts.gridWidth }

  /// Number of classes; 0 for a model without a classifier.
  public var classCount: Int { file.facts.classes }

  /// The classes' names; empty when the plan has none.
  package var labels: [Label] { file.labels.names }

  /// What makes probabilities of logits.
  public enum Scores: Sendable {
    /// They add up to 1: one of the classes is right.
    case softmax

    /// The logistic function of each logit: each class is there or not.
    case sigmoid
  }

  /// What makes probabilities of this model's logits.
  public var scores: Scores {
    switch file.facts.scores {
    case .softmax: .softmax
    case .sigmoid: .sigmoid
    }
  }

  /// Multiply-adds of the model for one image.
  public var multiplyAdds: Int { program.multiplyAdds }

  /// Multiply-adds that are executed for one image: rows that nothing reads are left out.
  public var executedMultiplyAdds: Int { program.executedMultiplyAdds }

  /// The most operations of an image, roughly multiply-adds, that are run without being asked for.
  public static let usualMaximumWork = 1e13

  /// The most bytes of memory between the steps, for an image, that are taken without being asked for.
  public static let usualMaximumArenaBytes = 4 << 30

  /// Throws if an image would take more time or memory than models do: a plan of a few thousand bytes
  /// can ask for hours.
  public func checkSize() throws {
    let work = program.work(constants: file.constants)
    guard work <= Self.usualMaximumWork else {
      throw InputError(
        .unsupported, file: path, field: "work of an image",
        expected: "at most \(Self.usualMaximumWork) operations, unless large plans are allowed "
          + "(\(option: SessionOption.allowsLarge))",
        found: "\(work)")
    }
    guard program.arenaBytes <= Self.usualMaximumArenaBytes else {
      throw InputError(
        .unsupported, file: path, field: "memory of an image",
        expected: "at most \(Self.usualMaximumArenaBytes) bytes, unless large plans are allowed "
          + "(\(option: SessionOption.allowsLarge))",
        found: "\(program.arenaBytes)")
    }
  }

  /// Whether the model takes samples from 0 to 255 as they are, so that a tensor of bytes means what it
  /// says.
  package var takesSamples: Bool {
    let facts = file.facts.preprocess
    return facts.rescale == .multiply && facts.rescaleFactor == 1
      && facts.mean.allSatisfy { $0 == 0 } && facts.standardDeviation.allSatisfy { $0 == 1 }
  }

  /// Bytes of memory between the steps, for an image.
  package var arenaBytes: Int { program.arenaBytes }

  /// Of all of the file's bytes.
  package func checksum() -> UInt64 { file.mapped.checksum() }

  /// Extents of the input image.
  public var inputSize: (height: Int, width: Int) {
    (file.facts.imageHeight, file.facts.imageWidth)
  }

  /// Channels of the input: 3 are R, G, B, 1 is grey, and any other number is none of an image.
  public var channelCount: Int { file.facts.preprocess.channels }

  /// The label of a class: its name, or its number when the plan has no labels.
  public func label(_ index: Int) -> String {
    file.labels.names.indices.contains(index) ? file.labels.names[index].name : "class \(index)"
  }
}
