import Kernels
import PlanRuntime
import ViTCompiler

/// Runs pictures through a plan, whose program must be what its graph lowers to unless that is not asked.
enum BatchRun {
  /// The logits of each of `pictures`, which lie one behind the other in `input`.
  static func logits(
    _ path: String, _ input: [Float], pictures: Int, batch: Int, threads: Int,
    maximum: Int? = nil, kernels: KernelChoice? = nil, verifiesProgram: Bool = true
  ) throws -> [[Float]] {
    try results(
      path, input, pictures: pictures, batch: batch, threads: threads, maximum: maximum,
      kernels: kernels, verifiesProgram: verifiesProgram
    ) {
      try $0.logits(picture: $1)
    }
  }

  /// What `read` takes from the run of each picture.
  static func results<R>(
    _ path: String, _ input: [Float], pictures: Int, batch: Int, threads: Int,
    maximum: Int? = nil, kernels: KernelChoice? = nil, verifiesProgram: Bool = true,
    read: (borrowing RunResult, Int) throws -> R
  ) throws -> [R] {
    let plan = try Plan(path: path)
    if verifiesProgram { try PlanCompiler.verifyProgram(of: plan.file) }
    let session = try Session(
      plan: plan, maximumBatch: maximum ?? batch, threadCount: threads,
      kernels: try kernels ?? KernelSelection.best())
    let count = input.count / pictures
    var results: [R] = []
    for first in stride(from: 0, to: pictures, by: batch) {
      let now = min(batch, pictures - first)
      results += try session.run(pictures: now) { tensor in
        _ = tensor.update(fromContentsOf: input[first * count..<(first + now) * count])
      } read: { result in
        var own: [R] = []
        for picture in 0..<now { own.append(try read(result, picture)) }
        return own
      }
    }
    return results
  }
}
