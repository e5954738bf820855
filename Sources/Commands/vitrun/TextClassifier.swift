internal import ArgumentParser
internal import CommandSupport
internal import ModelFacts
internal import Tensors
internal import ViTRuntime

/// Names the classes of images by the features of texts that describe them, as CLIP and SigLIP do without
/// training (zero-shot): a class's score is `scale * cosine + bias`.
struct TextClassifier: Sendable {
  let embedder: Embedder

  /// What makes probabilities of scores: softmax for CLIP, the logistic function for SigLIP.
  let scores: Plan.Scores

  private let scale: Double
  private let bias: Double

  /// Of length 1, `[classes][width]`.
  private let texts: [[Float]]

  /// - Parameter comparison: what makes scores of cosines.
  init(_ embedder: Embedder, texts: [[Float]], _ comparison: TextComparison) {
    self.embedder = embedder
    self.texts = texts
    (scale, bias) = (Double(comparison.scale), Double(comparison.bias))
    scores = comparison.isSigmoid ? .sigmoid : .softmax
  }

  private init(_ other: TextClassifier, _ embedder: Embedder) {
    self.embedder = embedder
    (texts, scale, bias, scores) = (other.texts, other.scale, other.bias, other.scores)
  }

  /// Number of texts.
  var count: Int { texts.count }

  func another(maximumBatch: Int, threadCount: Int) throws -> TextClassifier {
    TextClassifier(
      self, try embedder.another(maximumBatch: maximumBatch, threadCount: threadCount))
  }

  /// The scores of cropped images, `[images][texts]`; of features that are not finite, or have no length, none is.
  func logits(of crops: [RGBImage], read: (borrowing RunResult) throws -> Void) throws -> [[Float]]
  {
    try embedder.answers(to: crops, read: read).map(\.values).map { features in
      let length = features.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return texts.map { text in
        let product = zip(features, text).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return Float(scale * product / length + bias)
      }
    }
  }
}

/// Options of commands that can name classes by the features of texts.
struct TextOptions: ParsableArguments {
  @Option(
    help: """
      Features of texts, float32 [classes, width], of the text tower that belongs to the plan's model: \
      images are named by the text whose features have the largest cosine with theirs.
      """)
  var textFeatures: String?

  @Option(
    help: """
      What the cosine is multiplied by, as exp(logit_scale) of CLIP, nearly 100; by default what the \
      checkpoint says.
      """)
  var logitScale: Float?

  @Option(
    parsing: .unconditional,
    help: """
      What is added to it, as logit_bias of SigLIP, and then each class's probability is its own; by \
      default what the checkpoint says.
      """)
  var logitBias: Float?

  func validate() throws {
    guard textFeatures != nil || (logitScale == nil && logitBias == nil) else {
      throw ValidationError("--logit-scale and --logit-bias go with --text-features")
    }
    for (name, value) in [("--logit-scale", logitScale), ("--logit-bias", logitBias)] {
      if let value, !value.isFinite {
        throw ValidationError("\(name): expected a finite number, found \(value)")
      }
    }
    if let logitScale, logitScale <= 0 {
      throw ValidationError("--logit-scale: expected more than 0, found \(logitScale)")
    }
  }

  /// The most texts.
  private static let mostTexts = 1 << 20

  /// The model that compares a plan's features with the texts'; nil without texts.
  func model(of plan: Plan, maximumBatch: Int, _ execution: RunOptions) throws -> Model? {
    guard let path = textFeatures else { return nil }
    try NamedFile.check(path, "--text-features")
    let embedder = try Embedder(plan, maximumBatch: maximumBatch, execution)
    let (shape, values) = try NPYFile.readFloat32(path: path)
    let width = embedder.shape[0]
    guard shape.count == 2, (1...Self.mostTexts).contains(shape[0]), shape[1] == width else {
      throw InputError(
        file: path, field: "shape", expected: "[classes, \(width)], as wide as the plan's features",
        found: "\(shape)")
    }
    let texts = try (0..<shape[0]).map { text in
      let row = Array(values[text * width..<(text + 1) * width])
      guard row.allSatisfy(\.isFinite), row.contains(where: { $0 != 0 }) else {
        throw InputError(
          file: path, field: "row \(text)", expected: "finite numbers that are not all 0",
          found: "others")
      }
      return Embed.normalized(row, width: width)
    }
    var comparison = plan.facts.details.textComparison
    if let logitScale {
      let bias = logitBias ?? (comparison?.isSigmoid == true ? comparison?.bias : nil)
      comparison = TextComparison(scale: logitScale, bias: bias)
    } else if let logitBias, let known = comparison {
      comparison = TextComparison(scale: known.scale, bias: logitBias)
    }
    guard let comparison else {
      throw InputError(
        .missingValue, file: plan.path, field: "logit_scale",
        expected: "one in the checkpoint, or --logit-scale", found: "none")
    }
    return .texts(TextClassifier(embedder, texts: texts, comparison))
  }
}
