package import KernelInterface

extension WideKernels {
  package static func gatedActivation(_ arguments: GatedActivationArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let image = row / a.rows
        let index = row &- image &* a.rows
        gate(
          a.input.pointer(image: image, row: index),
          a.output.pointer(image: image, row: index), a.width, a.activation)
      }
    }
  }
}

/// One row, of `width` gates and as many values.
private func gate(
  _ gates: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ width: Int,
  _ activation: Activation
) {
  switch activation {
  case .none: gate(gates, output, width) { $0 }
  case .gelu: gate(gates, output, width) { gelu($0) }
  case .relu: gate(gates, output, width) { maximum(Vector(), $0) }
  case .silu: gate(gates, output, width) { silu($0) }
  case .geluTanh, .quickGelu, .tanh:
    gate(gates, output, width) { activateGated($0, activation) }
  }
}

@inline(__always)
private func gate(
  _ gates: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ width: Int,
  _ function: (Vector) -> Vector
) {
  let values = gates + width
  var i = 0
  while i &+ lanes <= width {
    store(function(load(gates, i)) * load(values, i), output, i)
    i &+= lanes
  }
  guard i < width else { return }
  var rest = Vector()
  for lane in 0..<width &- i { rest[lane] = gates[i &+ lane] }
  rest = function(rest)
  for lane in 0..<width &- i { output[i &+ lane] = rest[lane] * values[i &+ lane] }
}
