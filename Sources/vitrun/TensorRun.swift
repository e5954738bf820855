internal import ViTRuntime

/// Runs an array of prepared pictures.
struct TensorRun {
  /// The most pictures that run at once, to bound memory.
  private static let maximumBatch = 16

  let plan: Plan
  let options: RunOptions

  /// Reads float32 `[n, 3, H, W]` and writes the logits, float32 `[n, classes]`.
  func run(_ input: String, logitsTo output: String) throws {
    let (shape, values) = try NPYFile.readFloat32(path: input)
    let size = plan.inputSize
    guard shape.count == 4, Array(shape[1...]) == [3, size.height, size.width], shape[0] >= 1 else {
      throw InputError(
        file: input, field: "shape", expected: "[n, 3, \(size.height), \(size.width)]",
        found: "\(shape)")
    }
    let batch = min(shape[0], Self.maximumBatch)
    let session = try Session(plan: plan, maximumBatch: batch, threadCount: options.threads)
    let count = 3 * size.height * size.width
    var logits: [Float] = []
    for first in stride(from: 0, to: shape[0], by: batch) {
      let pictures = min(batch, shape[0] - first)
      logits += try session.run(pictures: pictures) { tensor in
        _ = tensor.update(fromContentsOf: values[first * count..<(first + pictures) * count])
      } read: { result in
        try (0..<pictures).flatMap { try result.logits(picture: $0) }
      }
    }
    try NPYFile.write(logits, shape: [shape[0], plan.classCount], to: output)
  }
}
