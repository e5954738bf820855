internal import CVectorExtras

/// Lane by lane the larger; the second where either is NaN.
@inline(__always)
func maximum(_ a: Vector, _ b: Vector) -> Vector {
  Vector(lowHalf: cve_max(a.lowHalf, b.lowHalf), highHalf: cve_max(a.highHalf, b.highHalf))
}

/// Lane by lane the smaller; the second where either is NaN.
@inline(__always)
func minimum(_ a: Vector, _ b: Vector) -> Vector {
  Vector(lowHalf: cve_min(a.lowHalf, b.lowHalf), highHalf: cve_min(a.highHalf, b.highHalf))
}

/// Widens sixteen binary16 values at any alignment.
@inline(__always)
func widen(_ halves: UnsafeRawPointer) -> Vector {
  Vector(lowHalf: cve_widen(halves), highHalf: cve_widen(halves + 16))
}

/// The element at `place` in every lane.
@inline(__always)
func broadcast(_ place: UnsafePointer<Float>) -> Vector {
  let half = cve_broadcast(place)
  return Vector(lowHalf: half, highHalf: half)
}

/// Adds `a * b` to `sum` in its registers.
@inline(__always)
func accumulate(_ a: Vector, _ b: Vector, into sum: inout Vector) {
  sum.lowHalf = cve_accumulate(sum.lowHalf, a.lowHalf, b.lowHalf)
  sum.highHalf = cve_accumulate(sum.highHalf, a.highHalf, b.highHalf)
}

/// Adds to each lane its two products of 16 bits, by a product and a sum.
@inline(__always)
func addPairs(_ weights: Lanes, _ element: Lanes, to sum: inout Lanes) {
  sum.lowHalf = sum.lowHalf &+ cve_pairs8(weights.lowHalf, element.lowHalf)
  sum.highHalf = sum.highHalf &+ cve_pairs8(weights.highHalf, element.highHalf)
}

/// Adds to each lane its four products of bytes: `rows` without a sign, `weights` with one.
@inline(__always)
func addProductsOfBytes(_ rows: Lanes, _ weights: Lanes, to sum: inout Lanes) {
  sum.lowHalf = cve_vnni8(sum.lowHalf, rows.lowHalf, weights.lowHalf)
  sum.highHalf = cve_vnni8(sum.highHalf, rows.highHalf, weights.highHalf)
}

/// Adds to each lane its two products of 16 bits, in one instruction.
@inline(__always)
func addProductsOfPairs(_ a: Lanes, _ b: Lanes, to sum: inout Lanes) {
  sum.lowHalf = cve_vnni_pairs8(sum.lowHalf, a.lowHalf, b.lowHalf)
  sum.highHalf = cve_vnni_pairs8(sum.highHalf, a.highHalf, b.highHalf)
}

/// Integers as floats, rounded to nearest.
@inline(__always)
func floats(_ lanes: Lanes) -> Vector {
  Vector(lowHalf: cve_floats8(lanes.lowHalf), highHalf: cve_floats8(lanes.highHalf))
}

/// Floats as integers, rounded to the nearest, a tie to the even one.
@inline(__always)
func integers(_ vector: Vector) -> Lanes {
  Lanes(lowHalf: cve_integers8(vector.lowHalf), highHalf: cve_integers8(vector.highHalf))
}

/// Writes the low byte of each lane.
@inline(__always)
func storeBytes(_ lanes: Lanes, _ bytes: UnsafeMutablePointer<UInt8>) {
  cve_store_bytes8x2(bytes, lanes.lowHalf, lanes.highHalf)
}
