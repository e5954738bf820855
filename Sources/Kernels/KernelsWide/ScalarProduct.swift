/// Scalar product of two rows.
@inline(__always)
func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ width: Int) -> Float {
  var a = Vector()
  var i = 0
  while i &+ lanes <= width {
    a.addProduct(load(x, i), load(y, i))
    i &+= lanes
  }
  var sum = total(a)
  while i < width {
    sum.addProduct(x[i], y[i])
    i &+= 1
  }
  return sum
}
