package import ModelGraph
internal import KernelInterface
internal import Tensors

/// Rearranges weights from PyTorch's order into the order in which kernels read them.
package enum WeightPacking {
  /// The values in `layout`; padding is zero.
  /// - Parameter shape: `[out, in]` or `[out, in, ky, kx]`; any for `.rows`.
  package static func pack(_ values: [Float], shape: [Int], layout: ConstantLayout) -> [Float] {
    switch layout {
    case .rows: values
    case .panels: panels(values, outputs: shape[0], inputs: values.count / shape[0])
    case .panelsChannelsLast:
      panels(
        channelsLast(values, outputs: shape[0], channels: shape[1], taps: shape[2] * shape[3]),
        outputs: shape[0], inputs: values.count / shape[0])
    case .taps: transposed(values, rows: shape[0], columns: shape[2] * shape[3])
    }
  }

  /// The inverse of ``pack(_:shape:layout:)``.
  static func unpack(_ packed: [Float], shape: [Int], layout: ConstantLayout) -> [Float] {
    let count = shape.reduce(1, *)
    switch layout {
    case .rows: return packed
    case .panels: return unpanelled(packed, outputs: shape[0], inputs: count / shape[0])
    case .panelsChannelsLast:
      let taps = shape[2] * shape[3]
      let rows = unpanelled(packed, outputs: shape[0], inputs: count / shape[0])
      return channelsFirst(rows, outputs: shape[0], channels: shape[1], taps: taps)
    case .taps: return transposed(packed, rows: shape[2] * shape[3], columns: shape[0])
    }
  }

  private static func panels(_ values: [Float], outputs: Int, inputs: Int) -> [Float] {
    let width = PanelLayout.width
    var packed = [Float](
      repeating: 0, count: PanelLayout.elementCount(inputs: inputs, outputs: outputs))
    for panel in 0..<PanelLayout.panelCount(outputs: outputs) {
      let base = panel * inputs * width
      for column in 0..<min(width, outputs - panel * width) {
        let row = (panel * width + column) * inputs
        for input in 0..<inputs { packed[base + input * width + column] = values[row + input] }
      }
    }
    return packed
  }

  private static func unpanelled(_ packed: [Float], outputs: Int, inputs: Int) -> [Float] {
    var values = [Float](repeating: 0, count: outputs * inputs)
    for output in 0..<outputs {
      for input in 0..<inputs {
        values[output * inputs + input] =
          packed[PanelLayout.index(input: input, output: output, inputs: inputs)]
      }
    }
    return values
  }

  /// `[out, channel, tap]` to `[out, tap, channel]`.
  private static func channelsLast(
    _ values: [Float], outputs: Int, channels: Int, taps: Int
  ) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for output in 0..<outputs {
      let base = output * channels * taps
      for channel in 0..<channels {
        for tap in 0..<taps {
          result[base + tap * channels + channel] = values[base + channel * taps + tap]
        }
      }
    }
    return result
  }

  /// `[out, tap, channel]` to `[out, channel, tap]`.
  private static func channelsFirst(
    _ values: [Float], outputs: Int, channels: Int, taps: Int
  ) -> [Float] {
    channelsLast(values, outputs: outputs, channels: taps, taps: channels)
  }

  private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return result
  }

  /// Rounds to float16.
  /// - Throws: `InputError` naming the constant if a weight is too large for it.
  package static func halves(_ values: [Float], name: String) throws -> [UInt16] {
    var halves: [UInt16] = []
    halves.reserveCapacity(values.count)
    for value in values {
      let half = Float16(value)
      guard half.isFinite || !value.isFinite else {
        throw InputError(
          file: "--weights f16", field: name, expected: "weights up to 65504", found: "\(value)")
      }
      halves.append(half.bitPattern.littleEndian)
    }
    return halves
  }
}
