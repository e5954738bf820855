internal import ArgumentParser
internal import Tensors
internal import ViTRuntime

struct Preprocess: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the exact input tensor of an image, float32 [1, C, H, W].")

  @Argument(help: "The plan.")
  var plan: String

  @Argument(help: "The image; - is standard input.")
  var image: String

  @Option(name: .shortAndLong, help: "The .npy file to write; - is standard output.")
  var output: String

  @OptionGroup var execution: PlanOptions
  @OptionGroup var imageOptions: ImageOptions

  func run() throws {
    let preprocessing = Preprocessing(try execution.plan(plan))
    let crop = try preprocessing.prepare(image, imageOptions).crop
    let shape = [1, preprocessing.channels, preprocessing.height, preprocessing.width]
    let tensor = try ByteBuffer(
      count: shape.reduce(MemoryLayout<Float>.stride, *), for: image)
    try preprocessing.normalise(crop, into: tensor.elements(of: Float.self))
    try TensorOutput.write(tensor, shape: shape, to: output)
  }
}
