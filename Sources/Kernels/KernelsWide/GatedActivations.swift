internal import KernelInterface

// Activations `f(x) = x sigmoid(u)` for some u of x. For every finite x the error is at most
// 2e-7 max(1, |f(x)|), and at most 2e-5 |f(x)| + 2e-36. -0 stays -0, NaN stays NaN, infinity gives
// infinity; minus infinity gives, as all below -87 do, a number in -2e-36...0.

/// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, which is `x sigmoid(2 sqrt(2/pi) (...))`.
@inline(__always)
func geluTanh(_ x: Vector) -> Vector {
  let z = clamped(x, to: 10)
  let slope = multiplyAdd(z * z, splat(-0.071_354_814), splat(-1.595_769_1))
  return gated(x, above: -10, by: z * slope)
}

/// `x sigmoid(1.702 x)`.
@inline(__always)
func quickGelu(_ x: Vector) -> Vector {
  gated(x, above: -51, by: clamped(x, to: 51) * splat(-1.702))
}

/// `x sigmoid(x)`.
@inline(__always)
func silu(_ x: Vector) -> Vector { gated(x, above: -87, by: -clamped(x, to: 87)) }

/// `tanh(x)`, which is `2 sigmoid(2 x) - 1`, within 3e-7; NaN stays NaN.
@inline(__always)
func tanh(_ x: Vector) -> Vector {
  let z = clamped(x, to: 43)
  // The power of a NaN may be a number; its product with zero is none.
  return splat(2) / (exponential(z * splat(-2)) + splat(1)) - splat(1) + z * splat(0)
}

/// `x sigmoid(-argument)`. Below `lowest` the product is as good as zero, but not the sigmoid that is at
/// hand, which must not meet larger numbers there.
@inline(__always)
private func gated(_ x: Vector, above lowest: Float, by argument: Vector) -> Vector {
  maximum(splat(lowest), x) / (exponential(argument) + splat(1))
}

@inline(__always)
private func clamped(_ x: Vector, to limit: Float) -> Vector {
  minimum(splat(limit), maximum(splat(-limit), x))
}

/// One of the activations by a sigmoid, where a call does not matter.
@inline(never)
func activateGated(_ value: Vector, _ activation: Activation) -> Vector {
  switch activation {
  case .geluTanh: geluTanh(value)
  case .quickGelu: quickGelu(value)
  case .silu: silu(value)
  case .tanh: tanh(value)
  case .none, .gelu, .relu: value
  }
}
