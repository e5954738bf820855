/// e^x within 2 ulp for -87 <= x <= 88, for smaller x e^-87.
@inline(__always)
func exponential(_ argument: Vector) -> Vector {
  let x = maximum(splat(-87), argument)
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, kept in the low bits.
  let shifted = multiplyAdd(x, splat(1.442_695_04), splat(12_582_912))
  let n = shifted - splat(12_582_912)
  // ln 2 in two parts, the first exact in products with n.
  let r = multiplyAdd(n, splat(2.121_944_4e-4), multiplyAdd(n, splat(-0.693_359_375), x))
  var p = multiplyAdd(splat(1.987_569_15e-4), r, splat(1.398_199_95e-3))
  p = multiplyAdd(p, r, splat(8.333_451_9e-3))
  p = multiplyAdd(p, r, splat(4.166_579_6e-2))
  p = multiplyAdd(p, r, splat(1.666_666_55e-1))
  p = multiplyAdd(p, r, splat(5.000_000_1e-1))
  p = multiplyAdd(p, r * r, r + splat(1))
  // The integer goes to the exponent field.
  let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
  return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Vector.self)
}

/// 2^x within 2 ulp for -126 <= x <= 127, exactly 1 for 0, for smaller x 2^-126.
@inline(__always)
func powerOfTwo(_ argument: Vector) -> Vector {
  let x = maximum(splat(-126), argument)
  // As in `exponential`; what is left of x is exact.
  let shifted = x + splat(12_582_912)
  let r = x - (shifted - splat(12_582_912))
  var p = multiplyAdd(splat(1.326_472_7e-3), r, splat(9.671_513e-3))
  p = multiplyAdd(p, r, splat(5.550_733_6e-2))
  p = multiplyAdd(p, r, splat(2.402_224_2e-1))
  p = multiplyAdd(p, r, splat(6.931_47e-1))
  p = multiplyAdd(p, r, splat(1))
  let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
  return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Vector.self)
}

/// `x/2 * (1 + erf(x / sqrt 2))` within 1e-6; erf as a rational function, odd over even part.
@inline(__always)
func gelu(_ x: Vector) -> Vector {
  let z = minimum(splat(4), maximum(splat(-4), x * splat(0.707_106_77)))
  let t = z * z
  var p = multiplyAdd(splat(-2.726_142_258_013_06e-10), t, splat(2.770_681_424_959_02e-08))
  p = multiplyAdd(p, t, splat(-2.101_024_020_825_08e-06))
  p = multiplyAdd(p, t, splat(-5.692_506_394_623_46e-05))
  p = multiplyAdd(p, t, splat(-7.349_906_303_268_55e-04))
  p = multiplyAdd(p, t, splat(-2.954_599_808_540_25e-03))
  p = multiplyAdd(p, t, splat(-1.609_603_332_624_15e-02))
  var q = multiplyAdd(splat(-1.456_607_184_649_96e-05), t, splat(-2.133_740_552_789_05e-04))
  q = multiplyAdd(q, t, splat(-1.682_826_974_382_03e-03))
  q = multiplyAdd(q, t, splat(-7.373_329_167_204_68e-03))
  q = multiplyAdd(q, t, splat(-1.426_473_905_141_89e-02))
  let half = x * splat(0.5)
  return multiplyAdd(half, z * p / q, half)
}

/// The same within 2e-4 + 2e-7 |x|, where a row becomes bytes next: between -4 and 4 by an odd polynomial for how far the
/// normal distribution is from a half, which ends in a half.
@inline(__always)
func coarseGelu(_ x: Vector) -> Vector {
  let z = minimum(splat(4), maximum(splat(-4), x))
  let t = z * z
  var p = multiplyAdd(splat(2.258_763_8e-08), t, splat(-1.588_795_3e-06))
  p = multiplyAdd(p, t, splat(4.776_319_4e-05))
  p = multiplyAdd(p, t, splat(-8.121_800_5e-04))
  p = multiplyAdd(p, t, splat(8.763_650_8e-03))
  p = multiplyAdd(p, t, splat(-6.455_431_2e-02))
  p = multiplyAdd(p, t, splat(3.978_701_8e-01))
  return x * multiplyAdd(z, p, splat(0.5))
}
