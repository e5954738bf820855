internal import ArgumentParser
internal import CommandSupport
internal import PlanRuntime
internal import Tensors

struct Label: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Label pictures.")
  @Argument(help: "The plan.")
  var plan: String
  @Option var tensor: String?
  @Option var logits: String?
  @Option var threads: Int?

  func run() throws {
    let plan = try Plan(path: plan)
    if let tensor, let logits {
      try TensorRun(plan: plan, threads: threads).run(tensor, logits)
    }
  }
}

struct TensorRun {
  let plan: Plan
  let threads: Int?
  func run(_ input: String, _ output: String) throws {
    let (shape, values) = try NPYFile.readFloat32(path: input)
    let size = plan.inputSize
    guard shape.count == 4, Array(shape[1...]) == [3, size.height, size.width], shape[0] >= 1 else {
      throw InputError(
        file: input, field: "shape", expected: "[n, 3, \(size.height), \(size.width)]",
        found: "\(shape)")
    }
    let batch = min(shape[0], 16)
    let session = try Session(plan: plan, maximumBatch: batch, threadCount: threads)
    let pictureCount = 3 * size.height * size.width
    var logits: [Float] = []
    for start in stride(from: 0, to: shape[0], by: batch) {
      let pictures = min(batch, shape[0] - start)
      logits += try session.run(pictures: pictures) { buffer in
        _ = buffer.update(
          fromContentsOf: values[start * pictureCount..<(start + pictures) * pictureCount])
      } read: { result in
        (0..<pictures).flatMap { result.logits(picture: $0) }
      }
    }
    try NPYFile.write(logits, shape: [shape[0], plan.classCount], to: output)
  }
}
