internal import CommandSupport
internal import Families
internal import Passes
internal import PlanFormat
internal import ViTCompiler
internal import ViTRuntime
internal import ViTSearch

// What vitc's users call the options that its libraries speak of.

extension ImportOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .architecture: "--arch"
    case .preprocessor: "--preprocessor"
    case .imageSize: "--image-size"
    case .heads: "--heads"
    case .activation: "--activation"
    case .pooling: "--pooling"
    case .epsilon: "--eps"
    case .mean: "--mean"
    case .standardDeviation: "--std"
    case .cropFraction: "--crop-pct"
    case .cropMode: "--crop-mode"
    case .interpolation: "--interpolation"
    case .method: "--method"
    case .methodBlocks: "--layers"
    case .keepRate: "--keep"
    case .fusesTokens: "--fuse"
    case .removedTokens: "--remove"
    case .varianceThreshold: "--threshold"
    case .countsSizes: "--size-aware"
    case .gateScale: "--gate-scale"
    case .gateCenter: "--gate-center"
    case .knownArchitectures: "vitc architectures --all"
    case .preprocessing: "flags of preprocessing"
    case .tensor: "--tensor"
    }
  }
}

extension RewriteOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .keepRates: "--keep"
    case .blocks: "--layers"
    case .removedCounts: "--remove"
    case .removedEverywhere: "--r"
    case .budgetShare: "--budget"
    case .budgetMultiplyAdds: "--target-gmacs"
    case .strategy: "--strategy"
    case .similarity: "--similarity"
    case .seed: "--seed"
    case .sizeAware: "--size-aware"
    case .multiScale: "--multi-scale"
    case .multiScaleFile: "--multiscale-weights"
    case .multiScaleIdentity: "--multiscale-init identity"
    }
  }
}

extension StorageOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .float16: "--weights f16"
    }
  }
}

extension QuantizationOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .keptWeights: "--keep-f32"
    }
  }
}

extension ExportOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .opset: "--opset"
    case .batch: "--batch"
    }
  }
}

extension ProgramOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .isFallback: "--dense"
    }
  }
}

extension SearchOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .share: "--budget"
    case .milliseconds: "--target-ms"
    case .count: "--count"
    }
  }
}

extension SessionOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .maximumBatch: nil  // Images run as many at once as suits them.
    case .allowsLarge: "--allow-large"
    }
  }
}

extension ImageOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .maximumPixels: "--max-pixels"
    }
  }
}

extension CascadeOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .margin: nil  // A search finds it.
    }
  }
}
