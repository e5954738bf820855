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
