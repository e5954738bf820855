import CLibrary
import KernelInterface
import Kernels
import Tensors
import Testing

/// A kernel set as a test argument, with the tiles that arguments are made for.
struct Implementation: CustomTestStringConvertible, Sendable {
  let kernels: any KernelSet.Type
  let tiles: TileExtents
  let testDescription: String

  /// A set with what it states, or with tiles that it could as well have stated.
  init(_ kernels: any KernelSet.Type, tiles: TileExtents? = nil, _ note: String = "") {
    self.kernels = kernels
    self.tiles = tiles ?? kernels.tiles
    testDescription = "\(kernels.name)\(note)"
  }

  static let all = KernelSelection.available.map { Implementation($0) }

  /// Those that are made from the same source for registers of different widths.
  static let wide = all.filter { $0.kernels is any PairedKernelSet.Type }

  /// All, and each as if it had stated other tiles: such as it needs with the smallest items, and
  /// larger ones of odd extents.
  static let tiled = all.flatMap { [$0] + $0.others }

  static let tiledInPairs = tiled.filter { $0.kernels is any PairedKernelSet.Type }

  private var others: [Implementation] {
    let smallest = TileExtents(
      panels: tiles.panels, itemPanels: tiles.panels, pairedItemPanels: 1, itemRows: 5,
      preparedRows: 1, sliceInputs: tiles.sliceInputs, valueVectors: tiles.valueVectors,
      winogradTiles: 1)
    let odd = TileExtents(
      panels: tiles.panels + 1, itemPanels: 3 * (tiles.panels + 1), pairedItemPanels: 5,
      itemRows: 37,
      preparedRows: 11, sliceInputs: tiles.sliceInputs + 1, valueVectors: tiles.valueVectors + 1,
      winogradTiles: 7)
    return [
      Implementation(kernels, tiles: smallest, " in the smallest items"),
      Implementation(kernels, tiles: odd, " in odd items"),
    ]
  }
}

/// Memory with bytes on both sides that must not change.
///
/// Each is known to the thread that made it, so that ``runItems(_:scratchBytes:reversed:_:)`` can look
/// at all that a kernel may have been given.
final class GuardedMemory: @unchecked Sendable {
  /// At a 64-byte boundary.
  let base: UnsafeMutableRawPointer

  private let byteCount: Int
  private let file: StaticString
  private let line: UInt

  /// Bytes of a side: more than a register holds.
  private static let side = 256

  /// Not a number, as a single and as a half, so that a sum over a byte of it shows.
  private static let mark: UInt16 = 0xFFDA

  private static let all = Lock<[UInt: [ObjectIdentifier: Weak]]>([:])

  private struct Weak: @unchecked Sendable {
    weak let memory: GuardedMemory?
  }

  init(byteCount: Int, file: StaticString = #filePath, line: UInt = #line) {
    self.byteCount = byteCount
    (self.file, self.line) = (file, line)
    let total = 2 * Self.side + (byteCount + 63) / 64 * 64
    let memory = UnsafeMutableRawPointer.allocate(byteCount: total, alignment: 64)
    for place in 0..<total {
      memory.storeBytes(of: Self.byte(place), toByteOffset: place, as: UInt8.self)
    }
    base = memory + Self.side
    let own = Weak(memory: self)
    Self.all.withLock { $0[Self.thread, default: [:]][ObjectIdentifier(self)] = own }
  }

  deinit {
    let id = ObjectIdentifier(self)
    Self.all.withLock { all in
      for thread in all.keys { all[thread]?[id] = nil }
    }
    (base - Self.side).deallocate()
  }

  /// The first changed byte, from the first of the memory's own; nil if there is none.
  var changedByte: Int? {
    let end = (byteCount + 63) / 64 * 64 + Self.side
    return (Array(-Self.side..<0) + Array(byteCount..<end)).first {
      base.load(fromByteOffset: $0, as: UInt8.self) != Self.byte(Self.side + $0)
    }
  }

  /// Records an issue for every memory of this thread that was written beside.
  static func check(sourceLocation: SourceLocation = #_sourceLocation) {
    let own = all.withLock { $0[thread].map { Array($0.values) } ?? [] }
    for memory in own.compactMap(\.memory) {
      if let byte = memory.changedByte {
        Issue.record(
          "byte \(byte) of \(memory.byteCount), made at \(memory.file):\(memory.line), was written",
          sourceLocation: sourceLocation)
      }
    }
  }

  private static func byte(_ place: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: mark >> UInt16(place % 2 * 8))
  }

  private static var thread: UInt { UInt(pthread_self()) }
}

/// Elements at a 64-byte boundary, between bytes that must not change.
final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let count: Int
  let pointer: UnsafeMutablePointer<Element>
  private let memory: GuardedMemory

  init(_ elements: [Element], file: StaticString = #filePath, line: UInt = #line) {
    count = elements.count
    memory = GuardedMemory(
      byteCount: count * MemoryLayout<Element>.stride, file: file, line: line)
    pointer = memory.base.bindMemory(to: Element.self, capacity: max(count, 1))
    for (i, element) in elements.enumerated() { pointer[i] = element }
  }

  convenience init(
    repeating element: Element, count: Int, file: StaticString = #filePath, line: UInt = #line
  ) {
    self.init(Array(repeating: element, count: count), file: file, line: line)
  }

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

/// Runs a step's items in ascending order, with scratch full of NaN; after each, nothing beside the
/// buffers that this test made may have changed.
func runItems(
  _ count: Int, scratchBytes: Int = 0, reversed: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (Int, UnsafeMutableRawPointer) -> Void
) {
  let scratch = Buffer<Float>(repeating: .nan, count: scratchBytes / 4)
  for i in 0..<count {
    body(reversed ? count - 1 - i : i, UnsafeMutableRawPointer(scratch.pointer))
    GuardedMemory.check(sourceLocation: sourceLocation)
  }
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
