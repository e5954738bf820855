internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// What is kept of the tokens of images that are labelled.
struct TokenOptions: ParsableArguments {
  @Option(
    help: """
      Draw which tokens were merged, as PNG: the image, then a panel a stage. A folder, which is there or whose \
      name ends in /, gets a drawing of each image, called after it.
      """)
  var visualize: String?

  @Option(
    help: """
      A JSON file of what became of each image's patches, behind each stage: those whose tokens were kept, the \
      group that each stands for, those that were fused into one token, those that wait, and those that left.
      """)
  var tokens: String?

  /// Whether neither is asked for.
  var isEmpty: Bool { visualize == nil && tokens == nil }

  /// Where the drawings of images go, in their order; empty where none are asked for.
  /// - Parameter name: what errors call the images together.
  /// - Throws: `InputError` if there is nothing to tell of the plan's tokens, if one of the files cannot be written, or
  ///   is an input or another output.
  func drawings(of images: [String], _ plan: Plan, named name: String, beside others: [String])
    throws -> [String]
  {
    guard !isEmpty else { return [] }
    guard !plan.program.stages.isEmpty else {
      throw InputError(
        file: plan.path, field: visualize == nil ? "--tokens" : "--visualize",
        expected: "a plan that reduces tokens, as vitc rewrite --keep makes", found: "none")
    }
    if let tokens { try OutputFile.check(path: tokens, against: images) }
    var drawings: [String] = []
    if let visualize {
      let isFolder = FileSystem.isFolder(visualize)
      if isFolder || visualize.hasSuffix("/") {
        drawings = DrawingNames.names(of: images, in: visualize)
        if !isFolder { try FileSystem.makeFolder(visualize) }
      } else {
        guard images.count <= 1 else {
          throw InputError(
            file: name, field: "--visualize",
            expected:
              "one image, or a folder for the drawings, which is there or whose name ends in /",
            found: "\(images.count) images")
        }
        guard visualize.lowercased().hasSuffix(".png") || !ImageList.hasEnding(visualize) else {
          throw InputError(
            .output, file: visualize, field: "--visualize", expected: "a name for a PNG file",
            found: "the ending of another format")
        }
        drawings = images.isEmpty ? [] : [visualize]
      }
    }
    try OutputFile.check(paths: drawings, against: images)
    try OutputFile.checkDistinct(drawings + [tokens].compactMap(\.self) + others)
    return drawings
  }
}

/// What drawings are called.
enum DrawingNames {
  /// For each image a file in a folder: the image's own name with another ending, and a number where another image
  /// has it too.
  static func names(of images: [String], in folder: String) -> [String] {
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    var taken: Set<String> = []
    /// The number that the next image of a name begins to look with: many can have the same.
    var numbers: [String: Int] = [:]
    return images.map { path in
      var stem = path == "-" ? "standard-input" : stem(of: path)
      while PathText.bytes(of: stem).count > mostStemBytes { stem.removeLast() }
      func name(_ number: Int) -> String { number == 1 ? stem : "\(stem)-\(number)" }
      var number = numbers[stem] ?? 1
      while !taken.insert(name(number)).inserted { number += 1 }
      numbers[stem] = number + 1
      return "\(base)\(name(number)).png"
    }
  }

  /// Names of 255 bytes are the longest that file systems take, with a number and an ending.
  private static let mostStemBytes = 200

  /// A file's name without its ending.
  private static func stem(of path: String) -> String {
    let name = PathText.lastName(of: path)
    guard let point = name.utf8.lastIndex(of: UInt8(ascii: ".")), point > name.startIndex else {
      return name
    }
    return String(name[..<point])
  }
}
