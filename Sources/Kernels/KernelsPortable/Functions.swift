internal import KernelInterface

/// e^x within 2 ulp for -87 <= x <= 88; below, e^-87.
@inline(__always)
func exponential(_ argument: Float) -> Float {
  let x = max(min(argument, 88), -87)
  let shifted = x * 1.442_695_04 + 12_582_912
  let n = shifted - 12_582_912
  // ln 2 in two parts, the first exact in products with n.
  let r = (x - n * 0.693_359_375) + n * 2.121_944_4e-4
  var p: Float = 1.987_569_15e-4
  p = p * r + 1.398_199_95e-3
  p = p * r + 8.333_451_9e-3
  p = p * r + 4.166_579_6e-2
  p = p * r + 1.666_666_55e-1
  p = p * r + 5.000_000_1e-1
  p = p * r * r + r + 1
  // The rounded exponent lies in the low bits and goes to the exponent field; NaN stays NaN.
  return Float(bitPattern: p.bitPattern &+ (shifted.bitPattern &<< 23))
}

/// `x/2 * (1 + erf(x / sqrt 2))` within 1e-6; a rational function of x, odd part over even part.
@inline(__always)
func gelu(_ x: Vector) -> Vector {
  let z = pointwiseMin(pointwiseMax(x * 0.707_106_77, Vector(repeating: -4)), Vector(repeating: 4))
  let t = z * z
  var p = Vector(repeating: -2.726_142_258_013_06e-10)
  p = p * t + 2.770_681_424_959_02e-08
  p = p * t - 2.101_024_020_825_08e-06
  p = p * t - 5.692_506_394_623_46e-05
  p = p * t - 7.349_906_303_268_55e-04
  p = p * t - 2.954_599_808_540_25e-03
  p = p * t - 1.609_603_332_624_15e-02
  var q = Vector(repeating: -1.456_607_184_649_96e-05)
  q = q * t - 2.133_740_552_789_05e-04
  q = q * t - 1.682_826_974_382_03e-03
  q = q * t - 7.373_329_167_204_68e-03
  q = q * t - 1.426_473_905_141_89e-02
  let half = x * 0.5
  return half + half * (z * p / q)
}

/// The same within 2e-4 + 2e-7 |x|, where a row becomes bytes next.
@inline(__always)
func coarseGelu(_ x: Vector) -> Vector {
  let z = pointwiseMin(pointwiseMax(x, Vector(repeating: -4)), Vector(repeating: 4))
  let t = z * z
  var p = t * 2.258_763_8e-08 - 1.588_795_3e-06
  p = p * t + 4.776_319_4e-05
  p = p * t - 8.121_800_5e-04
  p = p * t + 8.763_650_8e-03
  p = p * t - 6.455_431_2e-02
  p = p * t + 3.978_701_8e-01
  return x * (z * p + 0.5)
}

/// Widens eight binary16 values.
@inline(__always)
func widened(_ half: SIMD8<UInt16>) -> Vector {
  let bits = SIMD8<UInt32>(truncatingIfNeeded: half)
  let magnitude = bits & 0x7FFF
  // The exponent is rebased by a multiplication, which is also right for subnormal values.
  let scaled = Vector(bitPattern: magnitude &<< 13) * Vector(repeating: 0x1p112)
  var result = SIMD8<UInt32>(bitPattern: scaled)
  result.replace(with: result | 0x7F80_0000, where: magnitude .>= 0x7C00)
  return Vector(bitPattern: result | ((bits & 0x8000) &<< 16))
}

extension SIMD8<Float> {
  @inline(__always)
  init(bitPattern bits: SIMD8<UInt32>) { self = unsafeBitCast(bits, to: Self.self) }
}

extension SIMD8<UInt32> {
  @inline(__always)
  init(bitPattern value: SIMD8<Float>) { self = unsafeBitCast(value, to: Self.self) }
}

/// An activation of eight elements.
@inline(__always)
func activated(_ x: Vector, _ activation: Activation) -> Vector {
  switch activation {
  case .none: return x
  case .gelu: return gelu(x)
  case .relu:
    var value = x
    value.replace(with: 0, where: x .< 0)
    return value
  case .geluTanh: return geluTanh(x)
  case .quickGelu: return quickGelu(x)
  case .silu: return silu(x)
  case .tanh: return tanh(x)
  }
}
