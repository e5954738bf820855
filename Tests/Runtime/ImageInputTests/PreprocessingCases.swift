internal import ImageInput
internal import Testing

/// The records of tools/reference/preprocess_cases.py by name.
enum PreprocessingCases {
  static func read() throws -> [String: Preprocessing] {
    var cases: [String: Preprocessing] = [:]
    for row in try Fixture.table("cases.tsv") { cases[row[0]] = try preprocessing(row) }
    return cases
  }

  private static func preprocessing(_ row: [String]) throws -> Preprocessing {
    let numbers = try row[1...2].map { try #require(Int($0)) }
    let interpolation = Preprocessing.Interpolation.allCases.first { "\($0)" == row[6] }
    return Preprocessing(
      height: numbers[0], width: numbers[1],
      resize: try resize(row[3], try #require(Int(row[4])), try #require(Int(row[5]))),
      interpolation: try #require(interpolation), crop: try crop(row[7]),
      fill: try values(row[8]).map { UInt8($0) }, alpha: row[9] == "drop" ? .drop : .onWhite,
      rescale: row[10] == "/255" ? .divideBy255 : .multiply(try #require(Double(row[10]))),
      mean: try values(row[11]).map { Float($0) },
      standardDeviation: try values(row[12]).map { Float($0) })
  }

  private static func resize(_ rule: String, _ height: Int, _ width: Int) throws
    -> Preprocessing.Resize
  {
    let rules: [String: Preprocessing.Resize] = [
      "none": .none, "shortestEdge": .shortestEdge(height),
      "squash": .squash(height: height, width: width),
      "cover": .cover(height: height, width: width), "fit": .fit(height: height, width: width),
    ]
    return try #require(rules[rule])
  }

  private static func crop(_ rule: String) throws -> Preprocessing.Crop {
    let rules: [String: Preprocessing.Crop] = [
      "none": .none, "torchvision": .torchvision, "transformers": .transformers,
    ]
    return try #require(rules[rule])
  }

  private static func values(_ text: String) throws -> [Double] {
    try text.split(separator: ",").map { try #require(Double($0)) }
  }
}
