internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// Runs an array of prepared images.
struct TensorRun {
  /// The most images that run at once, to bound memory.
  private static let maximumBatch = 16

  let plan: Plan
  let options: RunOptions

  /// Reads `[n, 3, H, W]` and writes the logits, float32 `[n, classes]`. What is read is float32, or
  /// uint8 where the model takes samples as they are.
  func run(_ input: String, logitsTo output: String) throws {
    let file = input == "-" ? StandardInput.name : input
    let tensor =
      input == "-"
      ? try NPYFile.view(
        try StandardInput.read(limit: 4 << 30), file: file, takesBytes: plan.takesSamples)
      : try NPYFile.view(path: input, takesBytes: plan.takesSamples)
    let size = plan.inputSize
    let shape = tensor.shape.extents
    guard shape.count == 4, Array(shape[1...]) == [3, size.height, size.width], shape[0] >= 1 else {
      throw InputError(
        file: file, field: "shape", expected: "[n, 3, \(size.height), \(size.width)]",
        found: "\(shape)")
    }
    let batch = min(shape[0], Self.maximumBatch)
    try plan.requireLogits()
    let session = try Session(
      plan: plan, maximumBatch: batch, threadCount: options.threads,
      allowsLarge: options.allowLarge)
    let imageValues = 3 * size.height * size.width
    let rowBytes = plan.classCount * MemoryLayout<Float>.stride
    let logits = try ByteBuffer(count: shape[0] * rowBytes, for: file)
    for first in stride(from: 0, to: shape[0], by: batch) {
      let images = min(batch, shape[0] - first)
      try session.run(images: images) { values in
        tensor.copy(from: first * imageValues, to: values)
        if let index = values.firstIndex(where: { !$0.isFinite }) {
          let place = Self.place(
            of: first * imageValues + index, in: shape)
          throw InputError(
            file: file, field: "element \(place)", expected: "a finite number",
            found: "\(values[index])")
        }
      } read: { result in
        for image in 0..<images {
          let row = try result.logits(image: image)
          if let error = FiniteLogits.problem(row, "\(file), image \(first + image)") {
            throw error
          }
          row.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(
              rebasing: logits.bytes[((first + image) * rowBytes)...]
            ).copyMemory(from: $0)
          }
        }
      }
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
