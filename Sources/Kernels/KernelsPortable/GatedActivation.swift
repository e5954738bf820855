package import KernelInterface

extension PortableKernels {
  package static func gatedActivation(_ arguments: GatedActivationArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        let gates = a.input.pointer(image: image, row: index)
        let values = gates + a.width
        let output = a.output.pointer(image: image, row: index)
        let whole = a.width & ~7
        for c in stride(from: 0, to: whole, by: 8) {
          output.store(activated(gates.vector(c), a.activation) * values.vector(c), c)
        }
        guard whole < a.width else { continue }
        var gate = Vector()
        for c in whole..<a.width { gate[c - whole] = gates[c] }
        gate = activated(gate, a.activation)
        for c in whole..<a.width { output[c] = gate[c - whole] * values[c] }
      }
    }
  }
}
