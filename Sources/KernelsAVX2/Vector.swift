internal import CVectorExtras

/// Eight neighbouring elements.
typealias Vector = SIMD8<Float>

/// Eight elements from `index` on, of any alignment.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, _ index: Int) -> Vector {
  UnsafeRawPointer(pointer + index).loadUnaligned(as: Vector.self)
}

/// Eight elements from `index` on, of any alignment.
@inline(__always)
func load(_ pointer: UnsafeMutablePointer<Float>, _ index: Int) -> Vector {
  UnsafeRawPointer(pointer + index).loadUnaligned(as: Vector.self)
}

/// Writes eight elements from `index` on, of any alignment.
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

/// Eight weights from element `index` on.
@inline(__always)
func loadWeights(_ base: UnsafeRawPointer, _ index: Int, half: Bool) -> Vector {
  if half { return cve_widen(base + index &* 2) }
  return (base + index &* 4).loadUnaligned(as: Vector.self)
}

/// Copies `count` elements.
@inline(__always)
func copy(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 8 <= count {
    store(load(from, i), to, i)
    i &+= 8
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
  while i &+ 8 <= count {
    store(Vector(), to, i)
    i &+= 8
  }
  while i < count {
    to[i] = 0
    i &+= 1
  }
}

/// `PanelLayout.width`, which would be a call from here.
@inline(__always)
var panelWidth: Int { 16 }

/// `AttentionArguments.queryTile`, which would be a call from here.
@inline(__always)
var queryTile: Int { 16 }
