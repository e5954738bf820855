package import ModelFacts
package import PlanFormat
internal import Synchronization
internal import Tensors

/// A plan that has been mapped and verified. Sessions and processes share its weights.
public final class Plan: Sendable {
  /// The file.
  package let file: PlanFile

  /// Set when a session has compared every weight's checksum.
  let areWeightsVerified = Atomic(false)

  /// Maps and verifies a plan, the graph that it was made from included; the weights' checksums are left
  /// for the first ``Session``.
  /// - Parameter mapping: false reads the file into memory instead of mapping it.
  /// - Throws: `InputError` naming the section and the field that does not hold.
  public init(path: String, mapping: Bool = true) throws {
    file = try PlanFile(path: path, mapping: mapping)
    file.mapped.preferLargePages()
  }

  /// Runs what is open already.
  /// - Parameter other: a plan over the same weights, whose checksums, if it has compared them, are not compared again.
  package init(_ file: PlanFile, sharing other: Plan? = nil) {
    self.file = file
    if let other, other.file.mapped === file.mapped,
      other.areWeightsVerified.load(ordering: .acquiring)
    {
      areWeightsVerified.store(true, ordering: .releasing)
    }
  }

  /// The path as the user named it.
  public var path: String { file.path }

  /// What the model is, and how images are prepared for it.
  package var facts: ModelFacts { file.facts }

  /// Throws if the model has no classifier.
  package func requireLogits() throws {
    guard file.program.output(.logits) == nil else { return }
    throw InputError(
      file: path, field: "outputs", expected: "logits of a classifier",
      found: file.program.outputs.map(\.role.word).joined(separator: ", "))
  }

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
  public var multiplyAdds: Int { file.program.multiplyAdds }

  /// Multiply-adds that are executed for one image: rows that nothing reads are left out.
  public var executedMultiplyAdds: Int { file.program.executedMultiplyAdds }

  /// The most operations of an image, roughly multiply-adds, that are run without being asked for.
  public static let usualMaximumWork = 1e13

  /// The most bytes of memory between the steps, for an image, that are taken without being asked for.
  public static let usualMaximumArenaBytes = 4 << 30

  /// Throws if an image would take more time or memory than models do: a plan of a few thousand bytes
  /// can ask for hours.
  public func checkSize() throws {
    let work = file.program.work(constants: file.constants)
    guard work <= Self.usualMaximumWork else {
      throw InputError(
        .unsupported, file: path, field: "work of an image",
        expected: "at most \(Self.usualMaximumWork) operations, unless large plans are allowed "
          + "(\(option: SessionOption.allowsLarge))",
        found: "\(work)")
    }
    guard file.program.arenaBytes <= Self.usualMaximumArenaBytes else {
      throw InputError(
        .unsupported, file: path, field: "memory of an image",
        expected: "at most \(Self.usualMaximumArenaBytes) bytes, unless large plans are allowed "
          + "(\(option: SessionOption.allowsLarge))",
        found: "\(file.program.arenaBytes)")
    }
  }

  /// Whether the model takes samples from 0 to 255 as they are, so that a tensor of bytes means what it
  /// says.
  package var takesSamples: Bool {
    let facts = file.facts.preprocess
    return facts.rescale == .multiply && facts.rescaleFactor == 1
      && facts.mean.allSatisfy { $0 == 0 } && facts.standardDeviation.allSatisfy { $0 == 1 }
  }

  /// Extents of the input image.
  public var inputSize: (height: Int, width: Int) {
    (file.facts.imageHeight, file.facts.imageWidth)
  }

  /// The label of a class: its name, or its number when the plan has no labels.
  public func label(_ index: Int) -> String {
    file.labels.names.indices.contains(index) ? file.labels.names[index].name : "class \(index)"
  }
}
