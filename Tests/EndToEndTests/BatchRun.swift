import Kernels
import PlanRuntime
import ViTCompiler

/// Runs images through a plan, whose program must be what its graph lowers to unless that is not asked.
enum BatchRun {
  /// The logits of each of `images`, which lie one behind the other in `input`.
  static func logits(
    _ path: String, _ input: [Float], images: Int, batch: Int, threads: Int,
    maximum: Int? = nil, kernels: KernelChoice? = nil, verifiesProgram: Bool = true
  ) throws -> [[Float]] {
    try results(
      path, input, images: images, batch: batch, threads: threads, maximum: maximum,
      kernels: kernels, verifiesProgram: verifiesProgram
    ) {
      try $0.logits(image: $1)
    }
  }

  /// What `read` takes from the run of each image.
  static func results<R>(
    _ path: String, _ input: [Float], images: Int, batch: Int, threads: Int,
    maximum: Int? = nil, kernels: KernelChoice? = nil, verifiesProgram: Bool = true,
    read: (borrowing RunResult, Int) throws -> R
  ) throws -> [R] {
    let plan = try Plan(path: path)
    if verifiesProgram { try PlanCompiler.verifyProgram(of: plan.file) }
    let session = try Session(
      plan: plan, maximumBatch: maximum ?? batch, threadCount: threads,
      kernels: try kernels ?? KernelSelection.best())
    let count = input.count / images
    var results: [R] = []
    for first in stride(from: 0, to: images, by: batch) {
      let now = min(batch, images - first)
      results += try session.run(images: now) { tensor in
        _ = tensor.update(fromContentsOf: input[first * count..<(first + now) * count])
      } read: { result in
        var own: [R] = []
        for image in 0..<now { own.append(try read(result, image)) }
        return own
      }
    }
    return results
  }
}
