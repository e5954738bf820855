internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// Options of every command that runs a plan.
struct RunOptions: ParsableArguments {
  @Option(help: "Threads; by default one for each processor this process may use.")
  var threads: Int?

  @OptionGroup var plans: PlanOptions

  var quiet: Bool { plans.quiet }
  var allowLarge: Bool { plans.allowLarge }

  func note(_ text: String) { plans.note(text) }

  func validate() throws {
    if let threads { try Self.checkThreads(threads) }
  }

  /// Throws if there cannot be so many threads.
  static func checkThreads(_ threads: Int) throws {
    guard (1...256).contains(threads) else {
      throw ValidationError("--threads: expected 1 to 256, found \(threads)")
    }
  }

  /// As ``PlanOptions/plan(_:named:)``.
  func plan(_ path: String, named name: String = "PLAN") throws -> Plan {
    try plans.plan(path, named: name)
  }
}

/// How plans are opened.
struct PlanOptions: ParsableArguments {
  @Flag(
    name: .customLong("mmap"), inversion: .prefixedNo,
    help: "Map the plan; --no-mmap reads it, which is safe if another program shortens the file.")
  var mapping = true

  @Flag(help: "Write no notes.")
  var quiet = false

  @Flag(help: "Run plans of more than 10^13 operations or 4 GiB of memory an image.")
  var allowLarge = false

  /// Writes a note, unless none are wanted.
  func note(_ text: String) {
    if !quiet { CommandLineTool.note("vitrun: note: \(text)") }
  }

  /// Maps and verifies a plan, which the argument called `name` is.
  func plan(_ path: String, named name: String = "PLAN") throws -> Plan {
    try NamedFile.check(path, name)
    // The default command takes what is no command's name for a plan.
    guard
      name != "PLAN" || path.contains(where: { "./".contains($0) }) || FileSystem.exists(path)
    else {
      throw InputError(
        file: path, field: "file", expected: "a plan, or one of the commands \(VITRun.commands)",
        found: "neither: there is no such file")
    }
    return try Plan(path: path, mapping: mapping)
  }
}

/// Options of every command that reads images.
struct ImageOptions: ParsableArguments {
  @Option(
    help: """
      What to do with an image's EXIF orientation: apply or ignore. That of a TIFF is a part of its format and \
      always applies.
      """)
  var exif = EXIFHandling.ignore

  @Option(help: "The largest image that is decoded, in pixels.")
  var maxPixels = ImageDecoder.usualMaximumPixels

  /// Whether nothing else is asked for than what is done anyway.
  var areUsual: Bool { exif == .ignore && maxPixels == ImageDecoder.usualMaximumPixels }

  func validate() throws {
    guard (1...ImageDecoder.mostPixels).contains(maxPixels) else {
      throw ValidationError(
        "--max-pixels: expected 1 to \(ImageDecoder.mostPixels), found \(maxPixels)")
    }
  }
}

/// What is done with EXIF orientation.
enum EXIFHandling: String, ExpressibleByArgument, CaseIterable {
  case apply, ignore

  var orientation: ImageDecoder.Orientation { self == .apply ? .apply : .ignore }
}
