extension TrainedReduction {
  /// The methods that are built, by the word for them.
  package enum Method: String, Sendable, CaseIterable {
    case evit, dynamicvit, evovit, ppt, avit, asvit, ats, spvit
  }
}

extension TrainedReduction.Method {
  /// How its authors write it.
  var title: String {
    switch self {
    case .evit: "EViT"
    case .dynamicvit: "DynamicViT"
    case .evovit: "Evo-ViT"
    case .ppt: "PPT"
    case .avit: "A-ViT"
    case .asvit: "AS-ViT"
    case .ats: "ATS"
    case .spvit: "SP-ViT"
    }
  }

  /// The end of the name of a tensor that models of it have and no other has; nil where the weights tell nothing.
  var sign: String? {
    switch self {
    case .evit, .ppt, .avit, .ats: nil
    case .asvit: "score_predictor.0.keep_threshold"
    case .dynamicvit: "score_predictor.0.in_conv.0.weight"
    case .evovit: EvoViTNames.sign
    case .spvit: SharedPredictors.sign
    }
  }

  /// The method that tensors of these names tell, of which some may have words in front.
  static func told(by names: some Sequence<String>) -> Self? {
    let signs = allCases.compactMap { method in method.sign.map { (method, $0) } }
    for name in names {
      if let found = signs.first(where: { name == $0.1 || name.hasSuffix(".\($0.1)") }) {
        return found.0
      }
    }
    return nil
  }

  /// The keys of a configuration that say what the weights do not.
  var keys: [ReductionKey] {
    switch self {
    case .evit: [.blocks, .keepRate, .fuse]
    case .dynamicvit: [.blocks, .keepRate]
    case .evovit: []
    case .ppt: [.blocks, .remove, .threshold, .sizeAware]
    case .avit: [.gateScale, .gateCenter, .epsilon]
    case .asvit, .ats, .spvit: [.blocks]
    }
  }

  /// Blocks, counted from 0, of the models of a depth that its authors have; nil for other depths.
  func usualBlocks(of depth: Int, isLVViT: Bool) -> [Int]? {
    switch (self, isLVViT, depth) {
    case (.evit, false, 12), (.ppt, false, 12), (.dynamicvit, false, 12), (.spvit, false, 12):
      [3, 6, 9]
    case (.asvit, false, 12): [4, 7, 10]
    case (.ats, false, 12): Array(3...11)
    case (.asvit, true, 16): [5, 9, 13]
    case (.asvit, true, 20): [6, 11, 16]
    case (.dynamicvit, true, 16), (.spvit, true, 16): [4, 8, 12]
    case (.dynamicvit, true, 20), (.spvit, true, 20): [5, 10, 15]
    default: nil
    }
  }

  /// Whether its authors have it for LV-ViT too.
  var takesLVViT: Bool {
    switch self {
    case .evit, .evovit, .ppt, .avit, .ats: false
    case .dynamicvit, .asvit, .spvit: true
    }
  }
}

/// What a method has to be told, by its key in a configuration.
package enum ReductionKey: String, Sendable {
  case blocks
  case keepRate = "keep_rate"
  case fuse, remove, threshold
  case sizeAware = "size_aware"
  case gateScale = "gate_scale"
  case gateCenter = "gate_center"
  case epsilon = "eps"

  /// The option that says it; nil where a configuration alone does.
  var option: ImportOption? {
    switch self {
    case .blocks: .methodBlocks
    case .keepRate: .keepRate
    case .fuse: .fusesTokens
    case .remove: .removedTokens
    case .threshold: .varianceThreshold
    case .sizeAware: .countsSizes
    case .gateScale: .gateScale
    case .gateCenter: .gateCenter
    case .epsilon: nil
    }
  }
}
