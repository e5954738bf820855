internal import CVectorExtras

/// A register of floats.
typealias Quad = SIMD4<Float>

/// A register of integers.
typealias LaneQuad = SIMD4<Int32>

extension SIMD16 {
  /// Sixteen elements of four registers.
  @inline(__always)
  init(_ a: SIMD4<Scalar>, _ b: SIMD4<Scalar>, _ c: SIMD4<Scalar>, _ d: SIMD4<Scalar>) {
    self.init(
      lowHalf: SIMD8(lowHalf: a, highHalf: b), highHalf: SIMD8(lowHalf: c, highHalf: d))
  }

  /// The first register's elements.
  @inline(__always)
  var first: SIMD4<Scalar> {
    get { lowHalf.lowHalf }
    set { lowHalf.lowHalf = newValue }
  }

  /// The second register's elements.
  @inline(__always)
  var second: SIMD4<Scalar> {
    get { lowHalf.highHalf }
    set { lowHalf.highHalf = newValue }
  }

  /// The third register's elements.
  @inline(__always)
  var third: SIMD4<Scalar> {
    get { highHalf.lowHalf }
    set { highHalf.lowHalf = newValue }
  }

  /// The fourth register's elements.
  @inline(__always)
  var fourth: SIMD4<Scalar> {
    get { highHalf.highHalf }
    set { highHalf.highHalf = newValue }
  }
}

/// Lane by lane the larger; the second where either is NaN.
@inline(__always)
func maximum(_ a: Vector, _ b: Vector) -> Vector {
  Vector(
    cve_max4(a.first, b.first), cve_max4(a.second, b.second),
    cve_max4(a.third, b.third), cve_max4(a.fourth, b.fourth))
}

/// Lane by lane the smaller; the second where either is NaN.
@inline(__always)
func minimum(_ a: Vector, _ b: Vector) -> Vector {
  Vector(
    cve_min4(a.first, b.first), cve_min4(a.second, b.second),
    cve_min4(a.third, b.third), cve_min4(a.fourth, b.fourth))
}

/// Widens sixteen binary16 values at any alignment.
@inline(__always)
func widen(_ halves: UnsafeRawPointer) -> Vector {
  Vector(
    cve_widen4(halves), cve_widen4(halves + 8), cve_widen4(halves + 16), cve_widen4(halves + 24))
}

/// The element at `place` in every lane.
@inline(__always)
func broadcast(_ place: UnsafePointer<Float>) -> Vector {
  Vector(repeating: cve_scalar(place.pointee))
}

/// Adds `a * b` to `sum` in its registers.
@inline(__always)
func accumulate(_ a: Vector, _ b: Vector, into sum: inout Vector) { sum.addProduct(a, b) }

/// Adds to each lane its two products of 16 bits; all lanes of `element` are equal.
@inline(__always)
func addPairs(_ weights: Lanes, _ element: Lanes, to sum: inout Lanes) {
  let (low, high) = ((weights.first, weights.second), (weights.third, weights.fourth))
  sum.first = cve_add_pairs_low(sum.first, low.0, low.1, element.first)
  sum.second = cve_add_pairs_high(sum.second, low.0, low.1, element.first)
  sum.third = cve_add_pairs_low(sum.third, high.0, high.1, element.first)
  sum.fourth = cve_add_pairs_high(sum.fourth, high.0, high.1, element.first)
}

/// Integers as floats, rounded to nearest.
@inline(__always)
func floats(_ lanes: Lanes) -> Vector {
  Vector(
    cve_floats_of4(lanes.first), cve_floats_of4(lanes.second), cve_floats_of4(lanes.third),
    cve_floats_of4(lanes.fourth))
}

/// Floats as integers, rounded to the nearest, a tie to the even one.
@inline(__always)
func integers(_ vector: Vector) -> Lanes {
  Lanes(
    cve_integers4(vector.first), cve_integers4(vector.second), cve_integers4(vector.third),
    cve_integers4(vector.fourth))
}

/// Writes the low byte of each lane.
@inline(__always)
func storeBytes(_ lanes: Lanes, _ bytes: UnsafeMutablePointer<UInt8>) {
  cve_store_bytes4x4(bytes, lanes.first, lanes.second, lanes.third, lanes.fourth)
}
