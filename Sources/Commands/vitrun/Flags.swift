internal import CommandSupport
internal import PlanFormat
internal import ViTRuntime

// What vitrun's users call the options that its libraries speak of.

extension SessionOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .maximumBatch: "--batch"
    case .allowsLarge: "--allow-large"
    }
  }
}

extension CascadeOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .margin: "--margin"
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

extension StorageOption: FlaggedOption {
  var flag: String? {
    switch self {
    case .float16: nil  // No plan is written here.
    }
  }
}
