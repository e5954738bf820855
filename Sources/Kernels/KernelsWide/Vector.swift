internal import KernelInterface

/// Sixteen neighbouring elements, a row of a panel: one register of AVX-512, two of AVX2.
typealias Vector = PanelLayout.Row

/// Elements of a vector.
@inline(__always)
var lanes: Int { Vector.scalarCount }

/// Sixteen elements from `index` on, of any alignment.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, _ index: Int) -> Vector {
  UnsafeRawPointer(pointer + index).loadUnaligned(as: Vector.self)
}

/// Sixteen elements from `index` on, of any alignment.
@inline(__always)
func load(_ pointer: UnsafeMutablePointer<Float>, _ index: Int) -> Vector {
  UnsafeRawPointer(pointer + index).loadUnaligned(as: Vector.self)
}

/// Writes sixteen elements from `index` on, of any alignment.
@inline(__always)
func store(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>, _ index: Int) {
  UnsafeMutableRawPointer(pointer + index).storeBytes(of: vector, as: Vector.self)
}

/// `a * b + c`, rounded once.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { c.addingProduct(a, b) }

/// All lanes equal.
@inline(__always)
func splat(_ value: Float) -> Vector { Vector(repeating: value) }

/// Sum of the lanes, halves first.
@inline(__always)
func total(_ vector: Vector) -> Float {
  let eight = vector.lowHalf + vector.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}

/// The largest lane, of numbers.
@inline(__always)
func highest(_ vector: Vector) -> Float {
  let four = foldedToFour(vector, maximum)
  let (a, b) = (four.x > four.y ? four.x : four.y, four.z > four.w ? four.z : four.w)
  return a > b ? a : b
}

/// The smallest lane, of numbers.
@inline(__always)
func lowest(_ vector: Vector) -> Float {
  let four = foldedToFour(vector, minimum)
  let (a, b) = (four.x < four.y ? four.x : four.y, four.z < four.w ? four.z : four.w)
  return a < b ? a : b
}

/// Halves with each other, then their halves; of whole vectors, as only those are compared in one instruction.
@inline(__always)
private func foldedToFour(
  _ vector: Vector, _ fold: (Vector, Vector) -> Vector
) -> SIMD4<Float> {
  let eight = fold(vector, Vector(lowHalf: vector.highHalf, highHalf: vector.lowHalf))
  let swapped = SIMD8(lowHalf: eight.lowHalf.highHalf, highHalf: eight.lowHalf.lowHalf)
  return fold(eight, Vector(lowHalf: swapped, highHalf: swapped)).lowHalf.lowHalf
}

/// Copies `count` elements.
@inline(__always)
func copy(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ lanes <= count {
    store(load(from, i), to, i)
    i &+= lanes
  }
  while i < count {
    to[i] = from[i]
    i &+= 1
  }
}

/// Writes `count` zeros.
@inline(__always)
func clear(_ to: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ lanes <= count {
    store(Vector(), to, i)
    i &+= lanes
  }
  while i < count {
    to[i] = 0
    i &+= 1
  }
}

/// `PanelLayout.width`, which would be a call from here.
@inline(__always)
var panelWidth: Int { PanelLayout.Row.scalarCount }

/// `AttentionArguments.queryTile`, a panel's width, which would be a call from here.
@inline(__always)
var queryTile: Int { panelWidth }
