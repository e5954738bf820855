internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import Tensors

/// Files that say more of an evaluation than its figures.
struct EvaluationFiles: ParsableArguments {
  @Option(help: "A CSV file with the figures of each class.")
  var perClass: String?

  @Option(help: "A CSV file of how often images of a class were taken for each other class.")
  var confusion: String?

  @Option(help: "A CSV file with the class of each image and the plan's.")
  var predictions: String?

  /// Whether each image's prediction is needed.
  var keeps: Bool { perClass != nil || confusion != nil || predictions != nil }

  private var paths: [String] { [perClass, confusion, predictions].compactMap(\.self) }

  /// Throws if one of the files cannot be written, or is an image.
  func check(against images: [String]) throws {
    for path in paths {
      try NamedFile.check(path, "FILE")
      try OutputFile.check(path: path, against: images)
    }
    try OutputFile.checkDistinct(paths)
  }

  /// Writes those that were asked for.
  func write(_ tallies: [EvaluationTally], labels: [Label]) throws {
    func name(_ index: Int) -> String {
      labels.indices.contains(index) ? labels[index].name : "class \(index)"
    }
    if let perClass {
      try Self.write(
        ["plan", "class", "label", "images", "correct_top1", "correct_top5"], to: perClass, tallies
      ) { tally in
        let classes = Dictionary(grouping: tally.predictions, by: \.label)
        return classes.sorted { $0.key < $1.key }.map { label, predictions in
          [
            "\(label)", name(label), "\(predictions.count)",
            "\(predictions.count { $0.predicted == label })",
            "\(predictions.count { $0.isAmongFive })",
          ]
        }
      }
    }
    if let confusion {
      try Self.write(
        ["plan", "class", "label", "predicted", "predicted_label", "images"], to: confusion, tallies
      ) { tally in
        let pairs = Dictionary(grouping: tally.predictions) { [$0.label, $0.predicted] }
        return pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { pair, predictions in
          ["\(pair[0])", name(pair[0]), "\(pair[1])", name(pair[1]), "\(predictions.count)"]
        }
      }
    }
    if let predictions {
      try Self.write(
        ["plan", "image", "class", "label", "predicted", "predicted_label", "probability"],
        to: predictions, tallies
      ) { tally in
        tally.predictions.map {
          [
            $0.path, "\($0.label)", name($0.label), "\($0.predicted)", name($0.predicted),
            "\($0.probability)",
          ]
        }
      }
    }
  }

  private static func write(
    _ title: [String], to path: String, _ tallies: [EvaluationTally],
    rows: (EvaluationTally) -> [[String]]
  ) throws {
    var output = try OutputFile(path: path)
    try output.append(Array((CSVRow.text(title) + "\n").utf8))
    for tally in tallies {
      for row in rows(tally) {
        try output.append(Array((CSVRow.text([tally.plan.path] + row) + "\n").utf8))
      }
    }
    try output.commit()
  }
}
