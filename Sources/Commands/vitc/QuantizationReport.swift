internal import CommandSupport
internal import PlanFormat
internal import Tensors
internal import ViTRuntime
internal import ViTSearch

/// What `vitc quantize --check` finds: how a quantized plan's answers compare with the original's.
struct QuantizationReport {
  /// The same for people.
  let lines: [String]

  /// Images that tell which layer hurts: it takes a run of all of them for each.
  private static let imagesForLayers = 32

  /// The layers that are named.
  private static let namedLayers = 5

  /// An image, and its class where that is known.
  typealias Image = (path: String, label: Int?)

  /// Runs both plans over images, with top-1 where classes are known.
  /// - Parameters:
  ///   - kept: what was kept of `original` when it was quantized.
  ///   - folder: what errors name.
  ///   - note: told of images that cannot be read.
  init(
    _ quantized: String, of original: PlanFile, keeping kept: [String], over images: [Image],
    in folder: String, note: (String) -> Void
  ) throws {
    let check = try QuantizationCheck(Plan(path: quantized), of: Plan(path: original.path))
    var (skipped, labelled) = (0, 0)
    var first: [(path: String, crop: RGBImage)] = []
    for start in stride(from: 0, to: images.count, by: QuantizationCheck.batch) {
      var batch: [(path: String, label: Int?, crop: RGBImage)] = []
      for image in images[start..<min(start + QuantizationCheck.batch, images.count)] {
        do {
          let crop = try check.preprocessing.prepare(
            path: image.path, orientation: .ignore, maximumPixels: ImageDecoder.usualMaximumPixels
          ).crop
          batch.append((image.path, image.label, crop))
        } catch let error as InputError where error.kind != .outOfResources {
          note("\(CommandLineTool.text(error)); skipped")
          skipped += 1
        }
      }
      guard !batch.isEmpty else { continue }
      try check.add(batch.map(\.crop), paths: batch.map(\.path), labels: batch.map(\.label))
      labelled += batch.count { $0.label != nil }
      first += batch.prefix(Self.imagesForLayers - first.count).map { ($0.path, $0.crop) }
    }
    let comparison = check.comparison
    guard comparison.count > 0 else { throw Self.noImages(folder) }
    func line(_ name: String, _ part: Int, _ whole: Int) -> String {
      "\(Figures.left(name, 12))\(part) of \(whole) "
        + "(\(Figures.fixed(Double(part) / Double(whole) * 100, 1)) %)"
    }
    var lines: [String] = []
    if labelled > 0 {
      lines.append(line("top-1", check.correct.quantized, labelled))
      lines.append(line("  original", check.correct.original, labelled))
    }
    lines.append(line("agreement", comparison.agreements.count { $0 }, comparison.count))
    lines.append("kl          \(Figures.fixed(comparison.divergence, 4))")
    if skipped > 0 { lines.append("skipped     \(skipped)") }
    if comparison.agreement < QuantizationCheck.usualAgreement {
      lines += try Self.layers(first, original, kept, beside: quantized)
    }
    self.lines = lines
  }

  /// The images of a folder, with classes where the names of files or sub-folders tell them.
  /// - Parameter note: told of what names do not tell.
  /// - Throws: `InputError` if there are none, or if the plan has no classes to compare.
  static func images(
    in folder: String, for plan: PlanFile, note: (String) -> Void
  ) throws -> [Image] {
    try QuantizationCheck.requireClasses(of: Plan(path: plan.path))
    var images: [Image]
    do {
      images = try LabelledFolder.contents(
        of: folder, labels: plan.labels.names, classes: plan.facts.classes, note: note
      ).images.map { ($0.path, $0.label) }
    } catch let error as InputError where error.field == "class" {
      note("\(CommandLineTool.text(error)); without top-1")
      images = try ImageList.images(below: folder).map { ($0, nil) }
    }
    guard !images.isEmpty else { throw Self.noImages(folder) }
    return images
  }

  private static func noImages(_ folder: String) -> InputError {
    InputError(
      file: folder, field: "images", expected: "at least one that can be read", found: "none")
  }

  /// Which layers hurt most, the first images say.
  private static func layers(
    _ images: [(path: String, crop: RGBImage)], _ plan: PlanFile, _ kept: [String],
    beside output: String
  ) throws -> [String] {
    let found = try QuantizationCheck.divergences(
      of: plan, keeping: kept, beside: output, crops: images.map(\.crop), paths: images.map(\.path))
    return ["", "kl of \(images.count) images with one layer left as it was, for --keep-f32:"]
      + found.prefix(namedLayers).map {
        "  \(Figures.fixed($0.divergence, 4))  \($0.name)"
      }
  }
}
