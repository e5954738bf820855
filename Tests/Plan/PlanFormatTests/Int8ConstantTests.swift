import ModelFacts
import PlanFormat
import PlanRuntime
import Records
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// What constants of int8 may hold, behind checksums that are right.
struct Int8ConstantTests {
  let folder: TemporaryFolder
  private let plan: [UInt8]
  private let constant: ConstantRecord

  /// The first weight that is int8, of 8 inputs and 24 outputs: a panel and a half, whose integers take 256 bytes.
  init() throws {
    folder = try TemporaryFolder()
    plan = try #require(try SmallPlan.all(in: folder).first { $0.name == "int8" }).bytes
    let file = try PlanFile(path: try folder.write(plan, to: "plan.bin"))
    constant = try #require(file.weights(of: .int8).first)
    try #require(constant.shape == [24, 8])
    try #require(constant.byteCount == 256 + 32 * 8)
  }

  /// Throws what verifies of the plan with bytes of that weight changed.
  private func verify(_ change: (inout ArraySlice<UInt8>) -> Void) throws {
    var changed = plan
    let start = try #require(PlanSeal.range(of: .weights, in: plan)).lowerBound + constant.offset
    change(&changed[start..<start + constant.byteCount])
    PlanSeal.seal(&changed)
    let path = try folder.write(changed, to: "changed.bin")
    let plan = try Plan(path: path)
    // As vitrun does, and as vitc verify does.
    try Session(plan: plan, threadCount: 1).waitUntilVerified()
    for index in plan.file.constants.indices { try plan.file.verifyConstant(index) }
  }

  private func change(at place: Int, to value: UInt32, bytes: Int = 4) -> (inout ArraySlice<UInt8>)
    -> Void
  {
    { constant in
      for byte in 0..<bytes {
        constant[constant.startIndex + place + byte] = UInt8(
          truncatingIfNeeded: value >> (8 * byte))
      }
    }
  }

  private func expect(
    _ field: String, _ change: (inout ArraySlice<UInt8>) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try verify(change)
    }
    #expect(
      error?.field.contains(field) == true, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
  }

  @Test func whatIsWrittenIsSound() throws { try verify { _ in } }

  @Test(arguments: [0, -0.0, -1, .nan, .infinity, -.infinity] as [Float], [0, 23, 31])
  func aScaleIsFiniteAndAboveZero(scale: Float, output: Int) throws {
    try expect("scale of output \(output)", change(at: 256 + 4 * output, to: scale.bitPattern))
  }

  @Test func whatIsBehindTheLastOutputIsAsWritten() throws {
    try expect("scales behind", change(at: 256 + 4 * 24, to: Float(2).bitPattern))
    try expect("sum of output 31", change(at: 256 + 128 + 4 * 31, to: 1))
    // The second panel's ninth column, of its first group.
    try expect("sum of output 24", change(at: 128 + 8 * 4, to: 1, bytes: 1))
    try expect("padding", change(at: 128 + 8 * 4, to: 0x0000_FF01))
  }

  @Test(arguments: [0, 15, 16, 23])
  func aSumIsThatOfItsIntegers(output: Int) throws {
    for bit in 0..<32 {
      try expect("sum of output \(output)") { constant in
        constant[constant.startIndex + 256 + 128 + 4 * output + bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }

  /// One more than the sums of products are sure to hold.
  @Test(arguments: [0, 1, 63, 130])
  func noIntegerIsLargerThanTheScaleSays(place: Int) throws {
    try expect("integers", change(at: place, to: 0x80, bytes: 1))
  }

  @Test func columnsOfOtherWidthsHavePadding() throws {
    let matrix = try #require(PackedMatrix(shape: [3, 5], layout: .panels, element: .int8))
    #expect(matrix.byteCount == 128 + 16 * 8)
    let values = (0..<15).map { Float($0) - 7 }
    let bytes = try matrix.packed(values, name: "w")
    let stored = Array(bytes.bytes)
    #expect(stored[0] == UInt8(bitPattern: -127))
    // Of the second group only the first byte of three columns is used.
    #expect(stored[64..<128].enumerated().allSatisfy { $0.0 % 4 == 0 && $0.0 < 12 || $0.1 == 0 })
  }

  @Test func largestWeightsAreExactAndOthersNearest() throws {
    let matrix = try #require(PackedMatrix(shape: [2, 6], layout: .panels, element: .int8))
    let values: [Float] = [12.7, -12.7, 0.04, 0.06, -0.16, 0, 0, 0, 0, 0, 0, 0]
    let packed = try matrix.packed(values, name: "w")
    let bytes = UnsafeRawBufferPointer(packed.bytes)
    let scales = (0..<2).map { bytes.load(fromByteOffset: 128 + 4 * $0, as: Float.self) }
    // Of zeros alone the scale is 1.
    let expected: [Float] = [12.7 / 127, 1]
    #expect(scales == expected)
    #expect([0, 1, 2, 3, 64, 65].map { Int8(bitPattern: bytes[$0]) } == [127, -127, 0, 1, -2, 0])
    #expect(bytes.load(fromByteOffset: 128 + 64, as: Int32.self) == -1)
    for value in [Float.nan, .infinity] {
      let error = #expect(throws: InputError.self) {
        _ = try matrix.packed([value] + values.dropFirst(), name: "w")
      }
      #expect(error?.expected == "finite numbers")
    }
  }

  @Test func whatCannotBeInt8IsRefused() {
    #expect(PackedMatrix(shape: [1, 66_311], layout: .panels, element: .int8) != nil)
    #expect(PackedMatrix(shape: [1, 66_312], layout: .panels, element: .int8) == nil)
    #expect(PackedMatrix(shape: [8, 3, 2, 2], layout: .panels, element: .int8) != nil)
    #expect(PackedMatrix(shape: [1, 3, 149, 149], layout: .panels, element: .int8) == nil)
    #expect(PackedMatrix(shape: [], layout: .panels, element: .int8) == nil)
    #expect(PackedMatrix(shape: [8], layout: .rows, element: .int8) == nil)
    #expect(
      PackedMatrix(shape: [8, 4, 1, 1], layout: .panelsChannelsLast, element: .int8) == nil)
    var record = ConstantRecord()
    (record.layout, record.element, record.shape) = (.panels, .int8, [1, 66_312])
    let error = #expect(throws: InputError.self) {
      try ConstantRecord.verify([record], sectionBytes: 0, file: "plan")
    }
    #expect(error?.expected.contains("66311 inputs") == true)
  }
}
