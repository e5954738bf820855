internal import ModelFacts

extension Architecture {
  /// The known models: those that convert and those that are refused by name.
  public static let all: [Architecture] = rows(of: timmTable) + rows(of: tokenLabelingTable)

  /// TokenLabeling's models, with the columns of ``timmTable``; the last is skip_lam.
  private static let tokenLabelingTable = """
    lvvit_t|LV-ViT|224|16|240|12|4|720|1e-05|gelu|token|imagenet|0.9|center|bicubic|noQKVBias||1
    lvvit_s|LV-ViT|224|16|384|16|6|1152|1e-05|gelu|token|imagenet|0.9|center|bicubic|noQKVBias||2
    lvvit_m|LV-ViT|224|16|512|20|8|1536|1e-05|gelu|token|imagenet|0.9|center|bicubic|noQKVBias||2
    lvvit_l|LV-ViT|224|16|768|24|12|2304|1e-05|gelu|token|imagenet|0.9|center|bicubic|noQKVBias||3
    """

  static func rows(of table: String) -> [Architecture] {
    table.split(separator: "\n").compactMap { Architecture(row: $0) }
  }

  /// A line of a table; nil if it is none, which a test would find.
  private init?(row: Substring) {
    let fields = row.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 17 || fields.count == 18, let transform = TimmTransform(row: fields)
    else {
      return nil
    }
    let extents = fields[2].split(separator: "x").compactMap { Int($0) }
    guard let height = extents.first, let width = extents.last else { return nil }
    let numbers = fields[3...7].map { Int($0) ?? 0 }
    let flags = Set(fields[15].split(separator: ",").map(String.init))
    name = fields[0]
    familyName = fields[1]
    (imageHeight, imageWidth) = (height, width)
    (patchHeight, patchWidth) = (numbers[0], numbers[0])
    (embedDim, depth) = (numbers[1], numbers[2])
    (heads, hiddenDim) = (numbers[3], numbers[4])
    epsilon = Float(fields[8]) ?? 0
    activation = Activation.allCases.first { $0.word == fields[9] }
    pooling = fields[10].isEmpty ? "token" : fields[10]
    self.transform = transform
    isDistilled = flags.contains("distilled")
    hasLayerScale = flags.contains("layerScale")
    hasPatchOnlyPositions = flags.contains("patchPositions")
    hasQKVBias = !flags.contains("noQKVBias")
    hasPooledNorm = flags.contains("fcNorm")
    hasClassToken = !flags.contains("noClassToken")
    hasPreNorm = flags.contains("preNorm")
    hasFinalNorm = !flags.contains("noNorm")
    hasAttentionPool = flags.contains("attentionPool")
    poolsPrefix = flags.contains("poolsPrefix")
    func value(_ name: String) -> Substring? {
      flags.lazy.filter { $0.hasPrefix(name) }.first?.dropFirst(name.count)
    }
    registerTokens = value("registers").flatMap { Int($0) } ?? 0
    hasProjectionBias = !flags.contains("noProjectionBias")
    hasFFNBias = !flags.contains("noFFNBias")
    isGated = flags.contains("gated") || flags.contains("gatesLast")
    hasGatesLast = flags.contains("gatesLast")
    hasInnerNorm = flags.contains("innerNorm")
    hasAttentionNorm = flags.contains("attentionNorm")
    hasHeadNorm = flags.contains("headNorm")
    hasPositions = !flags.contains("noPositions")
    relative = flags.lazy.compactMap { RelativePositions(flag: $0) }.first
    hasRMSNorms = flags.contains("rmsNorms")
    hasPatchNorm = flags.contains("patchNorm")
    hasPostNorms = flags.contains("postNorms")
    rotary = value("rope-").flatMap { RotaryPositions(flag: $0) }
    poolHeads = value("poolHeads").flatMap { Int($0) }
    needs = fields[16].split(separator: ",").map {
      $0.hasPrefix("!")
        ? Need(words: String($0.dropFirst()), isShown: false)
        : Need(words: String($0), isShown: true)
    }
    skipLambda = fields.count == 18 ? Float(fields[17]) ?? 1 : 1
  }
}

extension TimmTransform {
  /// The columns mean, crop share, crop mode and filter of an architecture's row.
  fileprivate init?(row: [String]) {
    guard let share = Double(row[12]), let mode = CropMode(rawValue: row[13]),
      let filter = PreprocessFacts.Interpolation.allCases.first(where: { $0.word == row[14] })
    else { return nil }
    self.init(cropShare: share, cropMode: mode, interpolation: filter)
    switch row[11] {
    case "half": (mean, standardDeviation) = (Statistics.half, Statistics.half)
    case "clip": (mean, standardDeviation) = (Statistics.clipMean, Statistics.clipDeviation)
    case "none": (mean, standardDeviation) = ([0, 0, 0], [1, 1, 1])
    default: break
    }
  }
}
