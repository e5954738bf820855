internal import CVectorExtras

/// Lane by lane the larger; the second where either is NaN.
@inline(__always)
func maximum(_ a: Vector, _ b: Vector) -> Vector { cve_max16(a, b) }

/// Lane by lane the smaller; the second where either is NaN.
@inline(__always)
func minimum(_ a: Vector, _ b: Vector) -> Vector { cve_min16(a, b) }

/// Widens sixteen binary16 values at any alignment.
@inline(__always)
func widen(_ halves: UnsafeRawPointer) -> Vector { cve_widen16(halves) }

/// The element at `place` in every lane.
@inline(__always)
func broadcast(_ place: UnsafePointer<Float>) -> Vector { cve_broadcast16(place) }

/// Adds `a * b` to `sum` in its register.
@inline(__always)
func accumulate(_ a: Vector, _ b: Vector, into sum: inout Vector) {
  sum = cve_accumulate16(sum, a, b)
}

/// Adds to each lane its two products of 16 bits, by a product and a sum.
@inline(__always)
func addPairs(_ weights: Lanes, _ element: Lanes, to sum: inout Lanes) {
  sum = sum &+ cve_pairs16(weights, element)
}

/// Adds to each lane its four products of bytes: `rows` without a sign, `weights` with one.
@inline(__always)
func addProductsOfBytes(_ rows: Lanes, _ weights: Lanes, to sum: inout Lanes) {
  sum = cve_vnni16(sum, rows, weights)
}

/// Adds to each lane its two products of 16 bits, in one instruction.
@inline(__always)
func addProductsOfPairs(_ a: Lanes, _ b: Lanes, to sum: inout Lanes) {
  sum = cve_vnni_pairs16(sum, a, b)
}

/// Integers as floats, rounded to nearest.
@inline(__always)
func floats(_ lanes: Lanes) -> Vector { cve_floats16(lanes) }

/// Floats as integers, rounded to the nearest, a tie to the even one.
@inline(__always)
func integers(_ vector: Vector) -> Lanes { cve_integers16(vector) }

/// Writes the low byte of each lane.
@inline(__always)
func storeBytes(_ lanes: Lanes, _ bytes: UnsafeMutablePointer<UInt8>) {
  cve_store_bytes16(bytes, lanes)
}
