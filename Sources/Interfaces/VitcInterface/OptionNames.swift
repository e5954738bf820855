internal import Families
internal import ONNXExport
internal import Passes
internal import PlanFormat
internal import Tensors
internal import ViTCompiler
internal import ViTRuntime
internal import ViTSearch

/// What users of vitc.h call the options that the libraries speak of.
enum OptionNames {
  static func name(_ option: any InputOption) -> String {
    switch option {
    case let option as ImportOption: name(option)
    case let option as RewriteOption: name(option)
    case let option as StorageOption: name(option)
    case let option as QuantizationOption: name(option)
    case let option as ExportOption: name(option)
    case let option as ProgramOption: name(option)
    case let option as SearchOption: name(option)
    case let option as SessionOption: name(option)
    case let option as ImageOption: name(option)
    default: option.name
    }
  }

  private static func name(_ option: ImportOption) -> String {
    switch option {
    case .architecture: "arch"
    case .preprocessor: "preprocessor"
    case .imageSize: "image_size"
    case .heads: "heads"
    case .activation: "activation"
    case .pooling: "pooling"
    case .epsilon: "eps"
    case .mean: "mean"
    case .standardDeviation: "std"
    case .cropFraction: "crop_pct"
    case .cropMode: "crop_mode"
    case .interpolation: "interpolation"
    case .method: "method"
    case .methodBlocks: "layers"
    case .keepRate: "keep"
    case .fusesTokens: "fuse"
    case .removedTokens: "remove"
    case .varianceThreshold: "threshold"
    case .countsSizes: "size_aware"
    case .gateScale: "gate_scale"
    case .gateCenter: "gate_center"
    case .knownArchitectures: "the list of vitc architectures"
    case .preprocessing: "options of preprocessing"
    case .tensor: "vitrun_session_run"
    }
  }

  private static func name(_ option: RewriteOption) -> String {
    switch option {
    case .keepRates: "keep"
    case .blocks: "layers"
    case .removedCounts: "remove"
    case .removedEverywhere: "r"
    case .budgetShare: "budget"
    case .budgetMultiplyAdds: "target_gmacs"
    case .strategy: "strategy"
    case .similarity: "similarity"
    case .seed: "seed"
    case .sizeAware: "size_aware"
    case .multiScale: "multi_scale"
    case .multiScaleFile: "multiscale_weights"
    case .multiScaleIdentity: "multiscale_init identity"
    }
  }

  private static func name(_ option: StorageOption) -> String {
    switch option {
    case .float16: "weights f16"
    }
  }

  private static func name(_ option: QuantizationOption) -> String {
    switch option {
    case .keptWeights: "keep_f32"
    }
  }

  private static func name(_ option: ExportOption) -> String {
    switch option {
    case .opset: "opset"
    case .batch: "batch"
    }
  }

  private static func name(_ option: ProgramOption) -> String {
    switch option {
    case .isFallback: "dense"
    }
  }

  private static func name(_ option: SearchOption) -> String {
    switch option {
    case .share: "budget"
    case .milliseconds: "target_ms"
    case .count: "count"
    }
  }

  private static func name(_ option: SessionOption) -> String {
    switch option {
    case .maximumBatch: "count"
    case .allowsLarge: "allow_large"
    }
  }

  private static func name(_ option: ImageOption) -> String {
    switch option {
    case .maximumPixels: "max_pixels"
    }
  }
}
