internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import ViTCompiler

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write what a plan computes as an ONNX model.",
    discussion: """
      The model has ONNX's own operators alone, so that onnxruntime, OpenVINO and others run it, rewritten or not. It \
      takes what 'vitrun --tensor' takes, as its input 'image', and gives logits, features or tokens. Nodes are named \
      after block and part, as block3.attn.qkv. Labels, preprocessing and where values came from are in the model's \
      metadata, from which 'vitc convert' reads them back.
      Of a combined plan the program of fewer tokens is written. Plans rewritten with --similarity random are refused.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @Option(name: .shortAndLong, help: "The ONNX model to write.")
  var output: String

  @Option(help: "The version of ONNX's operators, 17 to 23. From 20 on GELU is one operator.")
  var opset = 17

  @Option(help: "How many images the model takes at once.")
  var batch: Int?

  @Flag(help: "Let the model take any number of images at once.")
  var dynamicBatch = false

  @Flag(help: "Write the model as it was before it was rewritten.")
  var base = false

  @Flag(help: "Write the dense program of a combined plan.")
  var dense = false

  @Flag(
    help: "Write the weights to a file of their own beside the model, as is done above 2 GB anyway."
  )
  var externalData = false

  @Flag(help: "Write weights of int8 as float32, and multiply rows as they are.")
  var dequantize = false

  @Flag(help: "Write no notes.")
  var quiet = false

  func validate() throws {
    guard batch == nil || !dynamicBatch else {
      throw ValidationError("expected --batch or --dynamic-batch, found both")
    }
    guard !base || !dense else {
      throw ValidationError("expected --base or --dense, found both")
    }
  }

  func run() throws {
    for (path, name) in [(plan, "PLAN"), (output, "--output")] {
      try NamedFile.check(path, name)
    }
    let file = try PlanFile(path: plan)
    let result = try PlanCompiler.export(file, options, to: output)
    if quiet { return }
    if let note = result.note(on: file) {
      CommandLineTool.note("vitc: note: \(CommandLineTool.text(note))")
    }
    let data = result.dataPath.map { ", weights in \($0)" } ?? ""
    CommandLineTool.note("vitc: \(output): \(result.nodes) nodes, opset \(opset)\(data)")
  }

  private var options: ExportOptions {
    var options = ExportOptions()
    options.opset = opset
    options.batch = dynamicBatch ? .dynamic : .fixed(batch ?? 1)
    options.isBase = base
    options.isFallback = dense
    options.hasExternalData = externalData
    options.dequantizes = dequantize
    return options
  }
}
