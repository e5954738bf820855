internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// Runs an array of prepared images.
struct TensorRun {
  /// The most images that run at once, to bound memory.
  private static let maximumBatch = 16

  let plan: Plan
  let cascade: CascadeOptions
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
    let model = try cascade.model(of: plan, maximumBatch: batch, options)
    try requireOneNormalisation(of: model)
    let imageValues = 3 * size.height * size.width
    let rowBytes = plan.classCount * MemoryLayout<Float>.stride
    let logits = try ByteBuffer(count: shape[0] * rowBytes, for: file)
    for first in stride(from: 0, to: shape[0], by: batch) {
      let images = min(batch, shape[0] - first)
      let answers = try model.answers(images: images) { images, values in
        for (position, image) in images.enumerated() {
          let start = (first + image) * imageValues
          let own = UnsafeMutableBufferPointer(
            rebasing: values[position * imageValues..<(position + 1) * imageValues])
          tensor.copy(from: start, to: own)
          if let index = own.firstIndex(where: { !$0.isFinite }) {
            throw InputError(
              file: file, field: "element \(Self.place(of: start + index, in: shape))",
              expected: "a finite number", found: "\(own[index])")
          }
        }
      }
      for (image, row) in answers.map(\.logits).enumerated() {
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
    try TensorOutput.write(logits, shape: [shape[0], plan.classCount], to: output)
  }

  /// Throws unless a tensor means the same to both plans of a cascade.
  private func requireOneNormalisation(of model: Model) throws {
    guard let fallback = model.fallback, fallback.preprocessing != model.first.preprocessing else {
      return
    }
    throw InputError(
      .contradiction, file: fallback.plan.path, field: "preprocessing",
      expected: "that of \(plan.path), as both are to run the same tensor", found: "another")
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
