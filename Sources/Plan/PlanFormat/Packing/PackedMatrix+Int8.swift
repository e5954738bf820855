internal import KernelInterface
internal import ModelFacts
internal import Tensors

/// The parts of a matrix of int8 in the order of its logical shape `[outputs, inputs]`.
package struct Int8Parts: Sendable {
  /// `[outputs, inputs]`, from -127 to 127.
  package let integers: [Int8]

  /// `[outputs]`: what an output's integers are multiplied by.
  package let scales: [Float]

  /// `[outputs]`: the sum of an output's integers.
  package let sums: [Int32]
}

// Weights in eight bits: see ``Int8PanelLayout`` for where they lie.
extension PackedMatrix {
  /// Writes the integers nearest to the values in units of their output's scale, the scales and the sums.
  ///
  /// An output's scale is its largest value over 127, so that its integers use what there is; 1 where that is less
  /// than the least normal number, as of zeros alone.
  /// - Throws: `InputError` naming the constant if a value is not finite.
  func quantize(
    _ values: [Float], name: String, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    if let value = values.first(where: { !$0.isFinite }) {
      throw InputError(
        file: name, field: "weights in int8", expected: "finite numbers", found: "\(value)")
    }
    let inputs = inputs
    let integers = UnsafeMutableRawBufferPointer(rebasing: bytes[..<valueByteCount])
      .bindMemory(to: Int8.self)
    let scales = terms(bytes, Float.self, at: 0)
    let sums = terms(bytes, Int32.self, at: 1)
    integers.update(repeating: 0)
    scales.update(repeating: 1)
    sums.update(repeating: 0)
    values.withUnsafeBufferPointer { values in
      for output in 0..<shape[0] {
        let row = UnsafeBufferPointer(rebasing: values[output * inputs..<(output + 1) * inputs])
        let scale = row.reduce(0) { max($0, abs($1)) } / Float(Int8PanelLayout.largest)
        if scale >= Float.leastNormalMagnitude { scales[output] = scale }
        let first = Int8PanelLayout.index(input: 0, output: output, inputs: inputs)
        for input in 0..<inputs {
          let integer = Int8((row[input] / scales[output]).rounded(.toNearestOrEven))
          integers[first + Self.offset(input)] = integer
          sums[output] += Int32(integer)
        }
      }
    }
  }

  /// Writes the values that the integers stand for, row-major in the logical shape.
  func dequantize(_ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
    let inputs = inputs
    let integers = UnsafeRawBufferPointer(rebasing: bytes[..<valueByteCount])
      .bindMemory(to: Int8.self)
    let scales = terms(bytes, Float.self, at: 0)
    for output in 0..<shape[0] {
      let first = Int8PanelLayout.index(input: 0, output: output, inputs: inputs)
      for input in 0..<inputs {
        values[output * inputs + input] =
          Float(integers[first + Self.offset(input)]) * scales[output]
      }
    }
  }

  /// The integers, row-major in the logical shape, each output's scale, and the sum of its integers.
  func int8Parts(_ bytes: UnsafeRawBufferPointer) -> Int8Parts {
    let inputs = inputs
    let stored = UnsafeRawBufferPointer(rebasing: bytes[..<valueByteCount])
      .bindMemory(to: Int8.self)
    var integers: [Int8] = []
    integers.reserveCapacity(count)
    for output in 0..<shape[0] {
      let first = Int8PanelLayout.index(input: 0, output: output, inputs: inputs)
      for input in 0..<inputs { integers.append(stored[first + Self.offset(input)]) }
    }
    return Int8Parts(
      integers: integers, scales: Array(terms(bytes, Float.self, at: 0).prefix(shape[0])),
      sums: Array(terms(bytes, Int32.self, at: 1).prefix(shape[0])))
  }

  /// What of the bytes of an int8 matrix is not as ``quantize(_:name:into:)`` leaves it; nil if all is.
  func int8Fault(
    _ bytes: UnsafeRawBufferPointer
  ) -> (field: String, expected: String, found: String)? {
    let scales = terms(bytes, Float.self, at: 0)
    let sums = terms(bytes, Int32.self, at: 1)
    if let column = scales.indices.first(where: { !(scales[$0] > 0 && scales[$0].isFinite) }) {
      return ("scale of output \(column)", "a finite number above 0", "\(scales[column])")
    }
    let width = PanelLayout.width
    let panelBytes = Int8PanelLayout.storedInputs(inputs) * width
    for first in stride(from: 0, to: scales.count, by: width) {
      let panel = UnsafeRawBufferPointer(
        rebasing: bytes[first / width * panelBytes..<(first / width + 1) * panelBytes])
      let (found, isInRange) = Self.columnSums(panel)
      guard isInRange else { return ("integers", "-127 to 127", "-128") }
      for column in 0..<width where found[column] != sums[first + column] {
        return (
          "sum of output \(first + column)", "\(found[column]), of its integers",
          "\(sums[first + column])"
        )
      }
      guard isPaddingZero(panel, outputs: min(width, shape[0] - first)) else {
        return ("padding", "zeros", "others")
      }
    }
    guard scales[shape[0]...].allSatisfy({ $0 == 1 }) else {
      return ("scales behind the last output", "1", "others")
    }
    return nil
  }

  /// The sums of a panel's columns, and whether no integer is -128, which would be one too many for the sums of
  /// products to be held in 32 bits.
  private static func columnSums(
    _ panel: UnsafeRawBufferPointer
  ) -> (sums: SIMD16<Int32>, isInRange: Bool) {
    var sums = SIMD16<Int32>()
    var zeros = SIMD8<UInt64>()
    for offset in stride(from: 0, to: panel.count, by: 64) {
      let four = panel.loadUnaligned(fromByteOffset: offset, as: SIMD16<Int32>.self)
      sums &+= (four &<< 24) &>> 24 &+ (four &<< 16) &>> 24
      sums &+= (four &<< 8) &>> 24 &+ four &>> 24
      // Eight bytes have a zero among them if one borrows where its top bit was not set.
      let flipped = unsafeBitCast(four, to: SIMD8<UInt64>.self) ^ 0x8080_8080_8080_8080
      zeros |= (flipped &- 0x0101_0101_0101_0101) & ~flipped
    }
    return (sums, (zeros & 0x8080_8080_8080_8080) == SIMD8())
  }

  /// Whether a panel holds zeros behind its last input and in the columns from `outputs` on.
  private func isPaddingZero(_ panel: UnsafeRawBufferPointer, outputs: Int) -> Bool {
    let groupBytes = PanelLayout.width * Int8PanelLayout.group
    let used = outputs * Int8PanelLayout.group
    if used < groupBytes {
      for first in stride(from: 0, to: panel.count, by: groupBytes) {
        guard panel[first + used..<first + groupBytes].allSatisfy({ $0 == 0 }) else { return false }
      }
    }
    let extra = Int8PanelLayout.storedInputs(inputs) - inputs
    return (panel.count - groupBytes..<panel.count).allSatisfy {
      $0 % Int8PanelLayout.group < Int8PanelLayout.group - extra || panel[$0] == 0
    }
  }

  /// Where an output's integer of an input lies behind that of its first.
  private static func offset(_ input: Int) -> Int {
    let (place, rest) = input.quotientAndRemainder(dividingBy: Int8PanelLayout.group)
    return place * PanelLayout.width * Int8PanelLayout.group + rest
  }

  /// The scales, which lie first behind the panels, or the sums, second; both of four bytes an output.
  private func terms<T: BitwiseCopyable>(
    _ bytes: UnsafeMutableRawBufferPointer, _: T.Type, at index: Int
  ) -> UnsafeMutableBufferPointer<T> {
    UnsafeMutableRawBufferPointer(rebasing: bytes[termBytes(index)]).bindMemory(to: T.self)
  }

  private func terms<T: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _: T.Type, at index: Int
  ) -> UnsafeBufferPointer<T> {
    UnsafeRawBufferPointer(rebasing: bytes[termBytes(index)]).bindMemory(to: T.self)
  }

  private func termBytes(_ index: Int) -> Range<Int> {
    let count = (byteCount - valueByteCount) / 2
    return valueByteCount + index * count..<valueByteCount + (index + 1) * count
  }
}
