internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// The images that a command names.
struct ImageArguments: ParsableArguments {
  @Argument(help: "Images and folders of images; - is standard input.")
  var images: [String] = []

  @Flag(help: "Take the images in folders below folders too.")
  var recursive = false

  @Option(
    help: """
      Take images and folders from this file too: a path a line, or each with a zero byte behind it, as \
      find -print0 writes them; - is standard input.
      """)
  var filesFrom: String?

  /// Whether any are named.
  var isEmpty: Bool { images.isEmpty && filesFrom == nil }

  /// The images' paths, in order; `fail` is told what is no image, and no folder of images.
  /// - Throws: `InputError` if the list cannot be read, or asks for standard input twice.
  func paths(note: (String) -> Void, fail: (InputError) -> Void) throws -> [String] {
    let listed = try filesFrom.map(Self.lines) ?? []
    if let filesFrom, filesFrom == "-", images.contains("-") || listed.contains("-") {
      throw ValidationError("--files-from -: an image comes from standard input too")
    }
    return try (images + listed).flatMap { path in
      do {
        return try recursive
          ? ImageList.all(below: path, note: note) : ImageList.expand(path, note: note)
      } catch let error as InputError {
        fail(error)
        return []
      }
    }
  }

  /// That none is there, or can be read.
  func none() -> InputError {
    InputError(
      file: images.first ?? filesFrom ?? "", field: "images",
      expected: "at least one that can be read", found: "none")
  }

  /// The most bytes of a list.
  private static let mostBytes = 1 << 30

  private static func lines(of path: String) throws -> [String] {
    let bytes: [UInt8]
    if path == "-" {
      let input = try StandardInput.read(limit: mostBytes)
      bytes = withExtendedLifetime(input) { Array(input.bytes) }
    } else {
      let file = try MappedFile(path: path)
      guard file.count <= mostBytes else {
        throw InputError(
          file: path, field: "size", expected: "at most \(mostBytes) bytes", found: "\(file.count)")
      }
      bytes = file.withBytes { Array($0) }
    }
    let end: UInt8 = bytes.contains(0) ? 0 : UInt8(ascii: "\n")
    return bytes.split(separator: end).map(PathText.text)
  }
}
