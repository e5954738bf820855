package import ModelFacts
package import PlanFormat
internal import Synchronization
internal import Tensors

/// A plan that has been mapped and verified. Sessions and processes share its weights.
public final class Plan: Sendable {
  /// The file.
  package let file: PlanFile

  private let areWeightsVerified = Mutex(false)

  /// Maps and verifies a plan; the weights' checksums are left for the first ``Session``.
  /// - Parameter mapping: false reads the file into memory instead of mapping it.
  /// - Throws: `InputError` naming the section and the field that does not hold.
  public init(path: String, mapping: Bool = true) throws {
    file = try PlanFile(path: path, mapping: mapping)
  }

  /// The path as the user named it.
  public var path: String { file.path }

  /// What the model is, and how pictures are prepared for it.
  package var facts: ModelFacts { file.facts }

  /// Number of classes.
  public var classCount: Int { file.facts.classes }

  /// The classes' names; empty when the plan has none.
  package var labels: [Label] { file.labels.names }

  /// Multiply-adds of the model for one picture.
  public var multiplyAdds: Int { file.program.multiplyAdds }

  /// Extents of the input picture.
  public var inputSize: (height: Int, width: Int) {
    (file.facts.imageHeight, file.facts.imageWidth)
  }

  /// The label of a class: its name, or its number when the plan has no labels.
  public func label(_ index: Int) -> String {
    file.labels.names.indices.contains(index) ? file.labels.names[index].name : "class \(index)"
  }

  /// Checks every weight's checksum, once, spread over the pool's threads.
  func verifyWeights(on pool: ThreadPool) throws {
    try areWeightsVerified.withLock { isVerified in
      guard !isVerified else { return }
      let firstDamaged = Atomic(Int.max)
      withoutActuallyEscaping({ @Sendable (worker: inout Worker) in
        worker.forEach(itemCount: self.file.constants.count) { index in
          if !self.file.isIntact(index) {
            firstDamaged.min(index, ordering: .relaxed)
          }
        }
      }) { pool.run($0) }
      let damaged = firstDamaged.load(ordering: .relaxed)
      guard damaged == Int.max else { throw file.damaged(damaged) }
      isVerified = true
    }
  }
}
