internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// What is written of an image.
enum RowFormat: String, ExpressibleByArgument, CaseIterable {
  /// The path, and a line for each class.
  case text
  /// A JSON object.
  case jsonl
  /// A row of values with commas between them.
  case csv
}

/// Writes what a model says of images.
struct LabelRows {
  let model: Model

  /// The classes' names; of a class without one its number is written.
  let labels: [Label]

  let format: RowFormat

  /// How many classes are named.
  let top: Int

  /// Whether JSON has milliseconds, which are others each time.
  let hasTimes: Bool

  /// Whether there is a row for an image that failed.
  let hasErrors: Bool

  /// A line before all rows.
  var title: String? {
    guard format == .csv else { return nil }
    var columns = ["image", "error"]
    if model.fallback != nil { columns.append("fallback") }
    for place in 1...classes {
      columns += ["class_\(place)", "label_\(place)", "probability_\(place)"]
    }
    return CSVRow.text(columns)
  }

  private func label(_ index: Int) -> String {
    labels.indices.contains(index) ? labels[index].name : "class \(index)"
  }

  private var classes: Int { min(top, model.classCount) }

  /// What rows depend on besides plans and images.
  /// - Throws: `InputError` if the file of the texts' features cannot be read.
  func description(_ options: ImageOptions, _ texts: TextOptions) throws -> String {
    var words = [
      format.rawValue, "\(classes) classes", "EXIF \(options.exif.rawValue)",
      "at most \(options.maxPixels) pixels",
    ]
    if case .cascade(let cascade) = model { words.append("margin \(cascade.margin)") }
    if !labels.isEmpty {
      let names: [UInt8] = labels.flatMap { Array($0.name.utf8) + [0] }
      words.append("names \(String(XXH64.hash(names), radix: 16))")
    }
    if let path = texts.textFeatures {
      let checksum = try MappedFile(path: path).checksum()
      words.append("texts \(String(checksum, radix: 16))")
      words += [texts.logitScale, texts.logitBias].map { $0.map { "\($0)" } ?? "as it is" }
    }
    return words.joined(separator: ", ")
  }

  /// The lines of an image.
  func lines(_ path: String, _ seen: Result<SeenImage<Cascade.Answer>, InputError>) -> [String] {
    switch seen {
    case .success(let image):
      let answer = image.answers[0]
      let ranking = Ranking(answer.logits, by: model.scores, count: top)
      return switch format {
      case .text: text(path, ranking)
      case .jsonl: [json(path, ranking, answer, image)]
      case .csv: [csv(path, ranking, answer)]
      }
    case .failure(let error):
      guard hasErrors else { return [] }
      let problem = CommandLineTool.text(error)
      return switch format {
      case .text: []
      case .jsonl:
        [
          JSONValue.object(ImageName(path: path).members + [.init("error", .string(problem))])
            .text()
        ]
      case .csv:
        [
          CSVRow.text(
            [path, problem]
              + Array(repeating: "", count: 3 * classes + (model.fallback == nil ? 0 : 1)))
        ]
      }
    }
  }

  /// Whether a row says that its image failed.
  /// - Throws: `InputError` if it is no row.
  func isFailure(_ row: ArraySlice<UInt8>, _ file: String) throws -> Bool {
    if format == .jsonl {
      let row = try row.withUnsafeBytes { try JSONParser.parse($0, file: file) }
      return row["error"] != nil
    }
    // The error is behind the path, whose commas are between quotes.
    var isQuoted = false
    let comma = row.firstIndex { byte in
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      return byte == UInt8(ascii: ",") && !isQuoted
    }
    guard let comma, comma + 1 < row.endIndex else {
      throw InputError(
        file: file, field: "row", expected: "\(2 + 3 * classes) values", found: "fewer")
    }
    return row[comma + 1] != UInt8(ascii: ",")
  }

  private func text(_ path: String, _ ranking: Ranking) -> [String] {
    [path]
      + ranking.top.map { index, probability in
        "  \(Figures.fixed(probability, 4))  \(label(index))"
      }
  }

  private func json(
    _ path: String, _ ranking: Ranking, _ answer: Cascade.Answer, _ image: SeenImage<Cascade.Answer>
  ) -> String {
    let top: [JSONValue] = ranking.top.map {
      [
        "class": .init($0.index), "label": .string(label($0.index)),
        "probability": .init($0.probability),
      ]
    }
    var members = ImageName(path: path).members + [.init("top", .array(top))]
    if model.fallback != nil { members.append(.init("fallback", .bool(answer.isFallback))) }
    if hasTimes {
      members.append(
        .init(
          "ms",
          [
            "decode": .init(image.decoding), "preprocess": .init(image.resizing),
            "model": .init(image.running[0]),
          ]))
    }
    return JSONValue.object(members).text()
  }

  private func csv(_ path: String, _ ranking: Ranking, _ answer: Cascade.Answer) -> String {
    var values = [path, ""]
    if model.fallback != nil { values.append("\(answer.isFallback)") }
    for (index, probability) in ranking.top {
      values += ["\(index)", label(index), "\(probability)"]
    }
    return CSVRow.text(values)
  }
}
