package import PlanFormat
package import Tensors
internal import ViTCompiler
internal import ViTRuntime

/// How a quantized plan's answers compare with the original's on the images of a folder.
package struct QuantizationReport {
  /// Of all images that can be read.
  package let comparison: Comparison

  /// How many images have a class that is known, and how many of these each plan names right.
  package let labelled: Int
  package let correct: (original: Int, quantized: Int)

  /// Images that cannot be read.
  package let skipped: Int

  /// For each layer the divergence that is left where it alone is as it was, the one that hurts most first, and of how many
  /// images; empty where both plans agree on nearly all.
  package let layers: [(name: String, divergence: Double)]
  package let layerImages: Int

  /// Images that tell which layer hurts: it takes a run of all of them for each.
  private static let mostLayerImages = 32

  /// Below this agreement a quantized plan is worth a look at its layers.
  private static let usualAgreement = 0.985

  /// What becomes of what is not as it should be: an error, and what follows from it.
  package typealias Note = (_ error: InputError, _ consequence: String) -> Void

  /// Quantizes a plan, as ``PlanCompiler/quantize(_:keeping:to:)``.
  /// - Parameters:
  ///   - folder: images on which it is compared before it is written, with top-1 where the names of files or sub-folders
  ///     tell classes; nil for none.
  ///   - note: told of images that cannot be read, and of classes that are not known.
  /// - Returns: what the comparison has found.
  /// - Throws: `InputError` also if no image can be read, the plan has no classes to compare, or a logit is not finite;
  ///   nothing is written then.
  package static func quantize(
    _ plan: PlanFile, keeping keptWeights: [String], to output: String, checkedOn folder: String?,
    note: Note
  ) throws -> QuantizationReport? {
    let report = try folder.map {
      try QuantizationReport(plan, keeping: keptWeights, to: output, images: $0, note: note)
    }
    try PlanCompiler.quantize(plan, keeping: keptWeights, to: output)
    return report
  }

  private init(
    _ plan: PlanFile, keeping keptWeights: [String], to output: String, images folder: String,
    note: Note
  ) throws {
    let original = try Plan(path: plan.path)
    try QuantizationCheck.requireClasses(of: original)
    let images = try Self.images(in: folder, for: plan, note: note)
    // Before the work, not behind it.
    try OutputFile.check(path: output, against: images.map(\.path))
    let quantized = try TemporaryFiles.withName(beside: output) { path in
      try PlanCompiler.quantize(plan, keeping: keptWeights, to: path)
      return try Plan(path: path)
    }
    let check = try QuantizationCheck(quantized, of: original)
    var (skipped, labelled) = (0, 0)
    var first: [(path: String, crop: RGBImage)] = []
    for start in stride(from: 0, to: images.count, by: QuantizationCheck.batch) {
      var batch: [(path: String, label: Int?, crop: RGBImage)] = []
      for image in images[start..<min(start + QuantizationCheck.batch, images.count)] {
        do {
          let crop = try check.preprocessing.crop(path: image.path)
          batch.append((image.path, image.label, crop))
        } catch let error as InputError where error.kind != .outOfResources {
          note(error, "skipped")
          skipped += 1
        }
      }
      guard !batch.isEmpty else { continue }
      try check.add(batch.map(\.crop), paths: batch.map(\.path), labels: batch.map(\.label))
      labelled += batch.count { $0.label != nil }
      first += batch.prefix(Self.mostLayerImages - first.count).map { ($0.path, $0.crop) }
    }
    comparison = check.comparison
    correct = check.correct
    (self.labelled, self.skipped, layerImages) = (labelled, skipped, first.count)
    guard comparison.count > 0 else { throw Self.noImages(folder) }
    layers =
      comparison.agreement < Self.usualAgreement
      ? try QuantizationCheck.divergences(
        of: plan, keeping: keptWeights, beside: output, crops: first.map(\.crop),
        paths: first.map(\.path))
      : []
  }

  /// The images of a folder, with classes where names tell them.
  private static func images(
    in folder: String, for plan: PlanFile, note: Note
  ) throws -> [(path: String, label: Int?)] {
    var images: [(path: String, label: Int?)]
    do {
      images = try LabelledFolder.contents(
        of: folder, labels: plan.labels.names, classes: plan.facts.classes
      ) { note($0, "skipped") }.images.map { ($0.path, $0.label) }
    } catch let error as InputError where error.field == "class" {
      note(error, "without top-1")
      images = try ImageList.images(below: folder).map { ($0, nil) }
    }
    guard !images.isEmpty else { throw noImages(folder) }
    return images
  }

  private static func noImages(_ folder: String) -> InputError {
    InputError(
      file: folder, field: "images", expected: "at least one that can be read", found: "none")
  }
}
