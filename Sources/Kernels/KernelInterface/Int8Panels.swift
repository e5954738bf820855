/// How a weight matrix with `inputs` rows (K) and `outputs` columns (N) is stored in eight bits: panels of 16
/// columns, `[ceil(N/16)][ceil(K/4)][16][4]`, four inputs of a column side by side, as instructions that add
/// products of bytes to 32 bits take them; what is past N or K is zero. Behind the panels lie the scales, float32
/// `[16 ceil(N/16)]`, and as many int32, the sums of each column's integers; past N they are 1 and 0.
///
/// A weight is its column's scale times an integer from -127 to 127.
package enum Int8PanelLayout {
  /// Inputs that lie side by side.
  package static var group: Int { 4 }

  /// The integers of a column are at most this far from zero.
  package static var largest: Int8 { 127 }

  /// The most inputs whose products with bytes of a row can be added up in 32 bits: 66,311.
  package static var maximumInputs: Int { Int(Int32.max) / (255 * Int(largest)) }

  /// Groups of inputs.
  package static func groupCount(inputs: Int) -> Int { (inputs + group - 1) / group }

  /// Inputs of a column, padding included.
  package static func storedInputs(_ inputs: Int) -> Int { groupCount(inputs: inputs) * group }

  /// Columns, padding included.
  package static func storedOutputs(_ outputs: Int) -> Int {
    PanelLayout.panelCount(outputs: outputs) * PanelLayout.width
  }

  /// Bytes of the panels.
  package static func valueByteCount(inputs: Int, outputs: Int) -> Int {
    storedOutputs(outputs) * storedInputs(inputs)
  }

  /// Bytes of the scales and sums.
  package static func termByteCount(outputs: Int) -> Int {
    storedOutputs(outputs) * (MemoryLayout<Float>.stride + MemoryLayout<Int32>.stride)
  }

  /// Index of the weight from input `input` to output `output` among the panels' bytes.
  package static func index(input: Int, output: Int, inputs: Int) -> Int {
    let (width, groups) = (PanelLayout.width, groupCount(inputs: inputs))
    return ((output / width * groups + input / group) * width + output % width) * group
      + input % group
  }
}

/// The parts of a weight matrix in eight bits, see ``Int8PanelLayout``.
package struct Int8Weights: @unchecked Sendable {
  /// The first panel.
  package let values: UnsafeRawPointer

  /// A column's factor.
  package let scales: UnsafePointer<Float>

  /// The sum of a column's integers.
  package let sums: UnsafePointer<Int32>

  /// A matrix as it is stored, 64-byte aligned.
  package init(_ base: UnsafeRawPointer, inputs: Int, outputs: Int) {
    values = base
    let terms = base + Int8PanelLayout.valueByteCount(inputs: inputs, outputs: outputs)
    let columns = Int8PanelLayout.storedOutputs(outputs)
    scales = terms.assumingMemoryBound(to: Float.self)
    sums = (terms + columns * MemoryLayout<Float>.stride).assumingMemoryBound(to: Int32.self)
  }
}
