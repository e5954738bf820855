// Activations `f(x) = x sigmoid(u)` for some u of x. For every finite x the error is at most
// 2e-7 max(1, |f(x)|), and at most 2e-5 |f(x)| + 2e-36. -0 stays -0, NaN stays NaN, infinity gives
// infinity; minus infinity gives, as all below -87 do, a number in -2e-36...0.

/// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, which is `x sigmoid(2 sqrt(2/pi) (...))`.
@inline(__always)
func geluTanh(_ x: Vector) -> Vector {
  let z = clamped(x, to: 10)
  return gated(x, above: -10, by: z * (z * z * 0.071_354_814 + 1.595_769_1))
}

/// `x sigmoid(1.702 x)`.
@inline(__always)
func quickGelu(_ x: Vector) -> Vector {
  gated(x, above: -51, by: clamped(x, to: 51) * 1.702)
}

/// `x sigmoid(x)`.
@inline(__always)
func silu(_ x: Vector) -> Vector { gated(x, above: -87, by: clamped(x, to: 87)) }

/// `tanh(x)`, which is `2 sigmoid(2 x) - 1`, within 3e-7; NaN stays NaN.
@inline(__always)
func tanh(_ x: Vector) -> Vector {
  let z = clamped(x, to: 43)
  var powers = Vector()
  for lane in 0..<8 { powers[lane] = exponential(-2 * z[lane]) }
  var value = 2 / (powers + 1) - 1
  // Neither the limits nor the power keep it.
  value.replace(with: x, where: x .!= x)
  return value
}

/// `x sigmoid(argument)`. Below `lowest` the product is as good as zero, but not the sigmoid that is at
/// hand, which must not meet larger numbers there.
@inline(__always)
private func gated(_ x: Vector, above lowest: Float, by argument: Vector) -> Vector {
  var value = x
  value.replace(with: lowest, where: x .< lowest)
  var powers = Vector()
  for lane in 0..<8 { powers[lane] = exponential(-argument[lane]) }
  return value / (powers + 1)
}

@inline(__always)
private func clamped(_ x: Vector, to limit: Float) -> Vector {
  pointwiseMin(pointwiseMax(x, Vector(repeating: -limit)), Vector(repeating: limit))
}
