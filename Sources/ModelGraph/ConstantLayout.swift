internal import Records

/// How a constant's values lie in a plan.
package enum ConstantLayout: UInt8, Choice {
  /// Row-major in the logical shape.
  case rows = 0

  /// `[ceil(N / 16)][K][16]`: panels of 16 outputs, zero-padded; `K` in the logical order, for a
  /// convolution `(channel, y, x)`.
  case panels = 1

  /// Panels with `K` in the order `(y, x, channel)`: a convolution over rows of pixels.
  case panelsChannelsLast = 2

  /// `[k * k][channels]`: a depthwise convolution.
  case taps = 3
}
