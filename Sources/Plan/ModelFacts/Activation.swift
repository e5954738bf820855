internal import Records

/// Activations that nodes apply.
package enum Activation: UInt8, Choice {
  case none = 0
  /// `x/2 (1 + erf(x / sqrt 2))`, the exact form.
  case gelu = 1
  /// `max(0, x)`.
  case relu = 2
  /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
  case geluTanh = 3
  /// `x sigmoid(1.702 x)`.
  case quickGelu = 4
  /// `x sigmoid(x)`.
  case silu = 5
  /// `tanh(x)`.
  case tanh = 6
}
