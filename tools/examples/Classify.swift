import ViTCompiler
import ViTRuntime

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// From a checkpoint to labels in one Swift program, without the commands:
/// `classify-example CHECKPOINT FOLDER IMAGE...` leaves `dense.bin` and `fast.bin` in `FOLDER`.
@main
struct Classify {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    guard words.count > 2 else { fail("usage: classify-example CHECKPOINT FOLDER IMAGE...", 64) }
    do {
      let plan = try makePlan(of: words[0], in: words[1])
      try classify(words[2...], with: plan)
    } catch {
      fail("\(error)", 1)
    }
  }

  /// Ends the program with a line on standard error.
  static func fail(_ text: String, _ code: Int32) -> Never {
    let line = Array("\(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(code)
  }

  /// Converts a checkpoint, then keeps 70 % of the tokens in three blocks.
  static func makePlan(of path: String, in folder: String) throws -> String {
    let (dense, fast) = ("\(folder)/dense.bin", "\(folder)/fast.bin")
    let checkpoint = try Checkpoint.open(path)
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    try PlanCompiler.convert(model, of: checkpoint, to: dense)
    try PlanCompiler.rewrite(dense, RewriteOptions(keepRates: [0.7]), to: fast)
    return fast
  }

  /// Prints the three most probable classes of each image.
  static func classify(_ paths: ArraySlice<String>, with plan: String) throws {
    let classifier = try Classifier(plan: Plan(path: plan))
    for path in paths {
      let crop = try classifier.preprocessing.crop(path: path)
      let logits = try classifier.logits(of: [crop])[0]
      for (index, probability) in Ranking(logits, by: classifier.plan.scores, count: 3).top {
        print(path, classifier.plan.label(index), probability)
      }
    }
  }
}
