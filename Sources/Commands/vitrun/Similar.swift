internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

struct Similar: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the images of a folder that are most like another.",
    discussion: """
      Prints the cosine of the features and the path, the most similar first. The query itself is left \
      out where the folder has it.
      """)

  @Argument(help: "The plan of a model without a classifier.")
  var plan: String

  @Argument(help: "The image to compare with; - is standard input.")
  var query: String

  @Argument(help: "The folder; images in folders below it are compared too.")
  var folder: String

  @Option(help: "How many images to print.")
  var top = 5

  @Flag(help: "Print one JSON object an image.")
  var json = false

  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard top >= 1 else { throw ValidationError("--top: expected at least 1, found \(top)") }
  }

  func run() throws {
    try NamedFile.check(folder, "DIR")
    let model = try Embedder(execution.plan(plan), maximumBatch: 1, execution)
    let own = FileIdentity(path: query)
    let paths = try ImageList.all(below: folder, note: execution.note).filter {
      own == nil || FileIdentity(path: $0) != own
    }
    try model.waitUntilVerified()
    let crop = try model.preprocessing.prepare(query, imageOptions).crop
    let wanted = try FiniteLogits.checked(try model.answers(to: [crop])[0].values, query).get()
    var found: [(path: String, cosine: Double)] = []
    var hasFailed = false
    var progress = ImageProgress(
      images: paths.count, isQuiet: execution.quiet, writesToTerminal: false)
    try ImageStreams(images: paths.count, batch: 1, [model]).run(paths, imageOptions) {
      index, seen in
      defer { progress.add() }
      switch seen.flatMap({ FiniteLogits.checked($0.answers[0].values, paths[index]) }) {
      case .success(let features):
        found.append((paths[index], Neighbours.cosine(wanted, features)))
      case .failure(let error):
        progress.clear()
        CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
        hasFailed = true
      }
    }
    progress.clear()
    guard !found.isEmpty else {
      throw InputError(
        file: folder, field: "images", expected: "at least one other that can be read",
        found: "none")
    }
    // Of equals the first by name.
    let order = found.indices.sorted {
      found[$0].cosine == found[$1].cosine ? $0 < $1 : found[$0].cosine > found[$1].cosine
    }
    try CommandLineTool.printLines(
      order.prefix(top).map { index in
        let (path, cosine) = found[index]
        guard json else { return "\(Figures.right(Figures.fixed(cosine, 4), 7))  \(path)" }
        return JSONValue.object(ImageName(path: path).members + [.init("cosine", .init(cosine))])
          .text()
      })
    if hasFailed { throw ExitCode(1) }
  }
}
