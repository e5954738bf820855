package import ModelFacts

/// What activations are called.
package enum ActivationWords {
  /// The words of ``ImportOptions/activation`` and of timm's `act_layer`.
  static let timm: [String: Activation] = [
    "gelu": .gelu, "gelu_tanh": .geluTanh, "quick_gelu": .quickGelu, "silu": .silu, "swish": .silu,
    "relu": .relu,
  ]

  /// The words of transformers' `hidden_act`. Its `gelu_new`, `gelu_fast` and `gelu_accurate` are one
  /// function, written in three ways.
  static let transformers: [String: Activation] = [
    "gelu": .gelu, "gelu_python": .gelu, "gelu_new": .geluTanh, "gelu_fast": .geluTanh,
    "gelu_accurate": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_python_tanh": .geluTanh,
    "quick_gelu": .quickGelu, "silu": .silu, "swish": .silu, "relu": .relu,
    "tanh": .tanh,
  ]

  /// The word of ``ImportOptions/activation``.
  package static func word(_ activation: Activation) -> String {
    switch activation {
    case .none: "none"
    case .gelu: "gelu"
    case .relu: "relu"
    case .geluTanh: "gelu_tanh"
    case .quickGelu: "quick_gelu"
    case .silu: "silu"
    case .tanh: "tanh"
    }
  }

  /// The words that ``ImportOptions/activation`` takes.
  static let accepted = ["gelu", "gelu_tanh", "quick_gelu", "silu", "relu"]
}
