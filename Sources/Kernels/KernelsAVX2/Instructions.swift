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
