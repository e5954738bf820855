internal import CommandSupport
internal import ViTRuntime

/// Runs an array of prepared pictures.
struct TensorRun {
  /// The most pictures that run at once, to bound memory.
  private static let maximumBatch = 16

  let plan: Plan
  let options: RunOptions

  /// Reads float32 `[n, 3, H, W]` and writes the logits, float32 `[n, classes]`.
  func run(_ input: String, logitsTo output: String) throws {
    let file = input == "-" ? "standard input" : input
    let (shape, values) =
      input == "-"
      ? try NPYFile.readFloat32(try NamedFile.standardInput(limit: 4 << 30), file: file)
      : try NPYFile.readFloat32(path: input)
    let size = plan.inputSize
    guard shape.count == 4, Array(shape[1...]) == [3, size.height, size.width], shape[0] >= 1 else {
      throw InputError(
        file: file, field: "shape", expected: "[n, 3, \(size.height), \(size.width)]",
        found: "\(shape)")
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw InputError(
        file: file, field: "element \(Self.place(of: index, in: shape))",
        expected: "a finite number", found: "\(values[index])")
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
    for picture in 0..<shape[0] {
      let row = logits[picture * plan.classCount..<(picture + 1) * plan.classCount]
      if let error = FiniteLogits.problem(row, "\(file), picture \(picture)") { throw error }
    }
    try TensorOutput.write(logits, shape: [shape[0], plan.classCount], to: output)
  }

  /// An element's indices, as NumPy counts them.
  private static func place(of index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    var place: [Int] = []
    for extent in shape.reversed() {
      place.append(rest % extent)
      rest /= extent
    }
    return place.reversed()
  }
}
