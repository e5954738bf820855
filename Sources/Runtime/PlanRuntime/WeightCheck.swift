internal import PlanFormat
internal import Synchronization
internal import Tensors

/// Checks every weight's bytes, as a region of a thread pool.
final class WeightCheck: Sendable {
  private let file: PlanFile
  private let firstDamaged = Atomic(Int.max)

  init(_ plan: Plan) { file = plan.file }

  /// One thread's part.
  func run(_ worker: inout Worker) {
    worker.forEach(itemCount: file.constants.count) { index in
      if file.fault(ofConstant: index) != nil { firstDamaged.min(index, ordering: .relaxed) }
    }
  }

  /// The first weight that does not hold, once the region has ended.
  var damage: InputError? {
    let index = firstDamaged.load(ordering: .relaxed)
    return index == Int.max ? nil : file.fault(ofConstant: index)
  }
}
