internal import ModelFacts
internal import Tensors

/// Decides how pictures are prepared: flags before configuration before preset before DeiT's rule.
struct PreprocessResolver {
  let config: ConfigFile
  let options: ImportOptions
  let family: ViTConfig.Family
  let preset: Architecture?
  let target: ViTConfig

  /// The preprocessing and where each part of it came from.
  func resolve() throws -> (facts: PreprocessFacts, provenance: [ProvenanceEntry]) {
    var facts = preset?.preprocess ?? PreprocessFacts()
    if preset == nil, family == .vit { facts.useHalves() }
    var provenance: [ProvenanceEntry] = []
    let fallback =
      preset.map { "preset \($0.name)" }
      ?? "the rule of \(family.rawValue); --mean, --std change it"
    func note(_ key: String, _ value: some Any, _ source: String) {
      provenance.append(ProvenanceEntry(key, "\(value)", from: source))
    }
    if let mean = options.mean {
      facts.mean = mean
      note("mean", mean, "--mean")
    } else if let (mean, path) = try config.triple("mean", preprocessorName: "image_mean") {
      facts.mean = mean
      note("mean", mean, path)
    } else {
      note("mean", facts.mean, fallback)
    }
    if let deviation = options.standardDeviation {
      facts.standardDeviation = deviation
      note("std", deviation, "--std")
    } else if let (deviation, path) = try config.triple("std", preprocessorName: "image_std") {
      guard deviation.allSatisfy({ $0 > 0 }) else {
        throw InputError(
          file: path, field: "std", expected: "positive numbers", found: "\(deviation)")
      }
      facts.standardDeviation = deviation
      note("std", deviation, path)
    } else {
      note("std", facts.standardDeviation, fallback)
    }
    var share = preset?.cropFraction ?? 0.9
    if let crop = options.cropFraction {
      share = crop
      note("crop_pct", crop, "--crop-pct")
    } else if let (crop, source) = try config.cropFraction() {
      share = crop
      note("crop_pct", crop, source)
    } else {
      note("crop_pct", share, fallback)
    }
    facts.resizeHeight = Int((Double(target.imageHeight) / share).rounded(.down))
    facts.resizeWidth = Int((Double(target.imageWidth) / share).rounded(.down))
    facts.resize = facts.resizeHeight == facts.resizeWidth ? .shortestEdge : .cover
    if let word = options.interpolation {
      guard let known = PreprocessFacts.Interpolation(word: word) else {
        throw InputError(
          file: "--interpolation", field: word, expected: "bicubic or bilinear", found: word)
      }
      facts.interpolation = known
      note("interpolation", word, "--interpolation")
    } else if let (known, path) = try config.interpolation() {
      facts.interpolation = known
      note("interpolation", known.word, path)
    } else {
      note("interpolation", facts.interpolation.word, fallback)
    }
    return (facts, provenance)
  }
}

extension PreprocessFacts {
  /// Mean and deviation of Google's and timm's ViTs.
  mutating func useHalves() {
    mean = [0.5, 0.5, 0.5]
    standardDeviation = [0.5, 0.5, 0.5]
  }
}
