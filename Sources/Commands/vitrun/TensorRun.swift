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

  /// Reads `[n, C, H, W]` and writes the logits, float32 `[n, classes]`. What is read is float32, or
  /// uint8 where the model takes samples as they are.
  func run(_ input: String, logitsTo output: String) throws {
    let tensor = try read(input)
    let model = try cascade.model(of: plan, maximumBatch: batch(of: tensor), options)
    try requireOneNormalisation(of: model)
    try run(tensor, width: plan.classCount, areFeatures: false, to: output) { count, fill in
      try model.answers(images: count) { try fill($0, $1) }.map(\.logits)
    }
  }

  /// As ``run(_:logitsTo:)`` for the features, `[n, width]`, of a model without a classifier.
  func run(_ input: String, featuresTo output: String) throws {
    let tensor = try read(input)
    let width = try plan.featureWidth()
    let session = try Session(
      plan: plan, maximumBatch: batch(of: tensor), threadCount: options.threads,
      allowsLarge: options.allowLarge)
    try run(tensor, width: width, areFeatures: true, to: output) { count, fill in
      try session.run(images: count) {
        try fill(Array(0..<count), $0)
      } read: { result in
        try (0..<count).map { try result.output(.features, image: $0) }
      }
    }
  }

  /// An array of images of the model's size, and what errors call it.
  private struct Images {
    let file: String
    let tensor: TensorView

    var count: Int { tensor.shape[0] }

    /// Writes an image's values.
    func copy(_ image: Int, to values: UnsafeMutableBufferPointer<Float>) throws {
      let start = image * values.count
      tensor.copy(from: start, to: values)
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw InputError(
          file: file, field: "element \(place(of: start + index))",
          expected: "a finite number", found: "\(values[index])")
      }
    }

    /// An element's indices, as NumPy counts them.
    private func place(of index: Int) -> [Int] {
      var rest = index
      var place: [Int] = []
      for extent in tensor.shape.extents.reversed() {
        place.append(rest % extent)
        rest /= extent
      }
      return place.reversed()
    }
  }

  private func read(_ input: String) throws -> Images {
    let file = input == "-" ? StandardInput.name : input
    let tensor =
      input == "-"
      ? try NPYFile.view(
        try StandardInput.read(limit: 4 << 30), file: file, takesBytes: plan.takesSamples)
      : try NPYFile.view(path: input, takesBytes: plan.takesSamples)
    let (channels, size) = (plan.channelCount, plan.inputSize)
    let shape = tensor.shape.extents
    guard shape.count == 4, Array(shape[1...]) == [channels, size.height, size.width], shape[0] >= 1
    else {
      throw InputError(
        file: file, field: "shape",
        expected: "[n, \(channels), \(size.height), \(size.width)]",
        found: "\(shape)")
    }
    return Images(file: file, tensor: tensor)
  }

  private func batch(of images: Images) -> Int { min(images.count, Self.maximumBatch) }

  /// Writes what `answers` makes of the images, a row of `width` numbers each.
  private func run(
    _ images: Images, width: Int, areFeatures: Bool, to output: String,
    _ answers: (Int, ([Int], UnsafeMutableBufferPointer<Float>) throws -> Void) throws -> [[Float]]
  ) throws {
    let rowBytes = width * MemoryLayout<Float>.stride
    let rows = try ByteBuffer(count: images.count * rowBytes, for: images.file)
    let batch = batch(of: images)
    for first in stride(from: 0, to: images.count, by: batch) {
      let found = try answers(min(batch, images.count - first)) { chosen, values in
        let count = values.count / chosen.count
        for (position, image) in chosen.enumerated() {
          try images.copy(
            first + image,
            to: UnsafeMutableBufferPointer(
              rebasing: values[position * count..<(position + 1) * count]))
        }
      }
      for (image, row) in found.enumerated() {
        if let error = FiniteLogits.problem(
          row, "\(images.file), image \(first + image)", areFeatures: areFeatures)
        {
          throw error
        }
        row.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(
            rebasing: rows.bytes[((first + image) * rowBytes)...]
          ).copyMemory(from: $0)
        }
      }
    }
    try TensorOutput.write(rows, shape: [images.count, width], to: output)
  }

  /// Throws unless a tensor means the same to both plans of a cascade.
  private func requireOneNormalisation(of model: Model) throws {
    guard let fallback = model.fallback, fallback.preprocessing != model.preprocessing else {
      return
    }
    throw InputError(
      .contradiction, file: fallback.plan.path, field: "preprocessing",
      expected: "that of \(plan.path), as both are to run the same tensor", found: "another")
  }
}
