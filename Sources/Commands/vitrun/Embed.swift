internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTRuntime

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the features of images, for a model without a classifier.",
    discussion: """
      FEATURES.npy gets a row for each image, float32 [n, width], and FEATURES.names the images' paths, \
      a line each, in the same order. An image that cannot be read is left out of both, and the exit \
      code is 1.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @OptionGroup var images: ImageArguments

  @Option(name: .shortAndLong, help: "Where the features go.")
  var output: String

  @Flag(help: "Divide each row by its length.")
  var normalize = false

  @Flag(
    help: """
      Write the rows of all tokens, float32 [n, tokens, width], of a model that was converted with \
      --pooling none.
      """)
  var tokens = false

  @Option(help: "Images that a stream runs at once; there are as many streams as threads.")
  var batch = 1

  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard !images.isEmpty else { throw ValidationError("expected images") }
    try LabelImages.checkBatch(batch)
  }

  func run() throws {
    try NamedFile.check(output, "--output")
    let plan = try execution.plan(plan)
    let model = try Embedder(
      plan, tokens ? .tokens : .features, maximumBatch: batch, execution)
    var failures = 0
    func fail(_ error: InputError) {
      CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
      failures += 1
    }
    let paths = try images.paths(note: execution.note, fail: fail)
    let names = namesPath
    for path in [output, names] { try OutputFile.check(path: path, against: paths) }
    try OutputFile.checkDistinct([output, names])
    var rows = try OutputFile(path: output)
    let header = NPYFile.header(
      of: try count(paths.count, model), shape: [paths.count] + model.shape)
    try rows.append(header)
    var kept: [String] = []
    var progress = ImageProgress(
      images: paths.count, isQuiet: execution.quiet, writesToTerminal: false)
    try model.waitUntilVerified()
    try ImageStreams(images: paths.count, batch: batch, [model]).run(paths, imageOptions) {
      index, seen in
      defer { progress.add() }
      switch seen.flatMap({ FiniteLogits.checked($0.answers[0].values, paths[index]) }) {
      case .success(let values):
        kept.append(paths[index])
        try (normalize ? Self.normalized(values, width: model.shape.last ?? 1) : values)
          .withUnsafeBytes { try rows.append($0) }
      case .failure(let error):
        progress.clear()
        fail(error)
      }
    }
    progress.clear()
    guard !kept.isEmpty else { throw images.none() }
    try rows.overwrite(
      NPYFile.header(
        of: try count(kept.count, model), shape: [kept.count] + model.shape, least: header.count),
      at: 0)
    var list = try OutputFile(path: names)
    for path in kept { try list.append(Array((VisibleText.escaped(path) + "\n").utf8)) }
    try list.commit()
    try rows.commit()
    if failures > 0 { throw ExitCode(1) }
  }

  /// The list of paths lies beside the features.
  private var namesPath: String {
    let ending = ".npy"
    return (output.hasSuffix(ending) ? String(output.dropLast(ending.count)) : output) + ".names"
  }

  private func count(_ images: Int, _ model: Embedder) throws -> Int {
    let (count, overflow) = model.shape.reduce(1, *).multipliedReportingOverflow(by: images)
    guard !overflow else {
      throw InputError(
        file: output, field: "values", expected: "fewer than 2^63", found: "\(images) images")
    }
    return count
  }

  /// Rows of length 1; one of zeros stays as it is.
  static func normalized(_ values: [Float], width: Int) -> [Float] {
    stride(from: 0, to: values.count, by: width).flatMap { start in
      let row = values[start..<start + width]
      let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return length > 0 ? row.map { Float(Double($0) / length) } : Array(row)
    }
  }
}
