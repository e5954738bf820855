internal import KernelInterface
internal import ModelFacts
package import Tensors

// Between PyTorch's order of weights and the order in which kernels read them.
extension PackedMatrix {
  /// The bytes of values that are row-major in the logical shape; padding is zero.
  /// - Throws: `InputError` naming the constant if a value is too large for the element, or if memory runs
  ///   out.
  package func packed(_ values: [Float], name: String) throws -> ByteBuffer {
    let buffer = try ByteBuffer(count: byteCount, for: name)
    switch element {
    case .float32:
      let stored = buffer.elements(of: Float.self)
      if storedCount > count { stored.update(repeating: 0) }
      forEachPlace { stored[$1] = values[$0] }
    case .float16:
      if let value = values.first(where: { !Float16($0).isFinite && $0.isFinite }) {
        throw InputError(
          option: StorageOption.float16, field: "\(name)", expected: "weights up to 65504",
          found: "\(value)")
      }
      let stored = buffer.elements(of: Float16.self)
      if storedCount > count { stored.update(repeating: 0) }
      forEachPlace { stored[$1] = Float16(values[$0]) }
    case .int8: try quantize(values, name: name, into: buffer.bytes)
    }
    return buffer
  }

  /// The values, row-major in the logical shape.
  func unpacked(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { values, written in
      switch element {
      case .float32:
        let stored = bytes.bindMemory(to: Float.self)
        forEachPlace { values[$0] = stored[$1] }
      case .float16:
        let stored = bytes.bindMemory(to: Float16.self)
        forEachPlace { values[$0] = Float(stored[$1]) }
      case .int8: dequantize(bytes, into: values)
      }
      written = count
    }
  }

  /// Calls `body` once for each value with its index in the logical order and its place among those stored.
  @inline(__always)
  private func forEachPlace(_ body: (_ index: Int, _ place: Int) -> Void) {
    switch layout {
    case .rows: for index in 0..<count { body(index, index) }
    case .depthwise:
      let (channels, window) = (shape[0], count / shape[0])
      for channel in 0..<channels {
        for pixel in 0..<window { body(channel * window + pixel, pixel * channels + channel) }
      }
    case .panels: forEachPlace(window: 1, body)
    case .panelsChannelsLast: forEachPlace(window: shape[2] * shape[3], body)
    }
  }

  /// As ``forEachPlace(_:)`` for panels whose K is in the order `(pixel, channel)`, pixels of a `window`.
  @inline(__always)
  private func forEachPlace(window: Int, _ body: (_ index: Int, _ place: Int) -> Void) {
    let (inputs, channels) = (inputs, inputs / window)
    for output in 0..<shape[0] {
      let place = PanelLayout.index(input: 0, output: output, inputs: inputs)
      for pixel in 0..<window {
        for channel in 0..<channels {
          body(
            output * inputs + channel * window + pixel,
            place + (pixel * channels + channel) * PanelLayout.width)
        }
      }
    }
  }
}
