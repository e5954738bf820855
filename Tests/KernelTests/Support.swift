import KernelInterface
import Kernels
import Testing

/// A kernel set as a test argument.
struct Implementation: CustomTestStringConvertible, Sendable {
  let kernels: any KernelSet.Type
  var testDescription: String { "\(kernels.name)" }

  static let all = KernelSelection.available.map { Implementation(kernels: $0) }

  /// Those that are made from the same source for registers of different widths.
  static let wide = all.filter { $0.testDescription != "portable" }
}

/// Elements at a 64-byte boundary, followed by guard elements that must not change.
final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let count: Int
  let pointer: UnsafeMutablePointer<Element>

  init(_ elements: [Element]) {
    count = elements.count
    let bytes = (count + 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    pointer = raw.bindMemory(to: Element.self, capacity: count + 1)
    for (i, element) in elements.enumerated() { pointer[i] = element }
  }

  convenience init(repeating element: Element, count: Int) {
    self.init(Array(repeating: element, count: count))
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  var array: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
  var constant: UnsafePointer<Element> { UnsafePointer(pointer) }
}

/// Reproducible values.
struct Values {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 33) &- 0x4000_0000) / 0x4000_0000
  }

  mutating func array(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in next() * scale }
  }
}

/// Runs a step's items in ascending order, with scratch full of NaN and nothing past its end touched.
func runItems(
  _ count: Int, scratchBytes: Int = 0, reversed: Bool = false,
  _ body: (Int, UnsafeMutableRawPointer) -> Void
) {
  let floats = scratchBytes / 4
  let scratch = Buffer<Float>(repeating: .nan, count: floats + 16)
  for i in 0..<16 { scratch.pointer[floats + i] = 1234 }
  for i in 0..<count {
    body(reversed ? count - 1 - i : i, UnsafeMutableRawPointer(scratch.pointer))
  }
  for i in 0..<16 { #expect(scratch.pointer[floats + i] == 1234, "scratch past its end") }
}

/// Expects every element within `tolerance` of the reference, relative to its size where above 1.
func expectClose(
  _ actual: [Float], _ expected: [Double], tolerance: Double = 1e-5,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(actual.count) elements, expected \(expected.count)")
    return
  }
  for i in actual.indices {
    let error = abs(Double(actual[i]) - expected[i])
    if !(error <= tolerance * max(1, abs(expected[i]))) {
      Issue.record(
        "\(what) [\(i)] is \(actual[i]), expected \(expected[i])", sourceLocation: sourceLocation)
      return
    }
  }
}

/// Packs `[inputs][outputs]` into panels.
func packed(_ weights: [Float], inputs: Int, outputs: Int) -> [Float] {
  var result = [Float](
    repeating: 0, count: PanelLayout.elementCount(inputs: inputs, outputs: outputs))
  for k in 0..<inputs {
    for n in 0..<outputs {
      result[PanelLayout.index(input: k, output: n, inputs: inputs)] = weights[k * outputs + n]
    }
  }
  return result
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
