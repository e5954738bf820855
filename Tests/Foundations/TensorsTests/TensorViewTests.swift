import Tensors
import Testing

@Suite struct TensorViewTests {
  private func values(
    _ dtype: DType, _ bytes: [UInt8], _ shape: Shape, skip: Int = 0, isBigEndian: Bool = false,
    isColumnMajor: Bool = false
  ) -> [Float]? {
    TensorView(
      dtype: dtype, shape: shape, storage: .array(bytes), range: skip..<bytes.count,
      isBigEndian: isBigEndian, isColumnMajor: isColumnMajor
    )?.float32Values()
  }

  @Test func readsEveryType() {
    #expect(values(.float32, [0, 0, 0x80, 0x3F], [1]) == [1])
    #expect(values(.float64, [0, 0, 0, 0, 0, 0, 0xF0, 0xBF], []) == [-1])
    #expect(values(.float16, [0x00, 0x3C, 0x01, 0x00], [2]) == [1, 0x1p-24])
    #expect(values(.bfloat16, [0x80, 0x3F], [1]) == [1])
    #expect(values(.int8, [0xFF, 2], [2]) == [-1, 2])
    #expect(values(.uint8, [0xFF], [1]) == [255])
    #expect(values(.int16, [0xFE, 0xFF], [1]) == [-2])
    #expect(values(.int64, [0xFD] + [UInt8](repeating: 0xFF, count: 7), [1]) == [-3])
    #expect(values(.uint32, [1, 0, 0, 0], [1]) == [1])
    #expect(values(.bool, [1, 0], [2]) == [1, 0])
  }

  @Test func readsUnalignedAndBigEndianData() {
    #expect(values(.float32, [9, 0, 0, 0x80, 0x3F], [1], skip: 1) == [1])
    #expect(values(.float32, [0x3F, 0x80, 0, 0], [1], isBigEndian: true) == [1])
  }

  @Test func reordersColumnMajorData() {
    #expect(
      values(.uint8, [0, 1, 2, 3, 4, 5], [2, 3], isColumnMajor: true) == [0, 2, 4, 1, 3, 5])
    let bytes = (0..<24).map { UInt8($0) }
    let got = values(.uint8, bytes, [2, 3, 4], isColumnMajor: true) ?? []
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 { #expect(got[(i * 3 + j) * 4 + k] == Float(i + 2 * (j + 3 * k))) }
      }
    }
  }

  @Test func everyHalfWidensExactly() {
    for pattern in UInt16.min...UInt16.max {
      let half = Float16(bitPattern: pattern)
      let bytes = [UInt8(truncatingIfNeeded: pattern), UInt8(pattern >> 8)]
      let value = values(.float16, bytes, [])?.first ?? 0
      #expect(half.isNaN ? value.isNaN : Float16(value) == half && Float(half) == value)
    }
  }

  @Test func refusesRangesOfAnotherSizeOrPlace() {
    let bytes = [UInt8](repeating: 0, count: 8)
    for range in [0..<7, 1..<9, 4..<8] {
      #expect(
        TensorView(dtype: .float32, shape: [2], storage: .array(bytes), range: range) == nil)
    }
  }

  @Test func scalarsAndEmptyTensorsHaveValues() {
    #expect(values(.float32, [0, 0, 0x80, 0x3F], []) == [1])
    #expect(values(.float32, [], [3, 0]) == [])
    #expect(values(.float32, [], [0, 3], isColumnMajor: true) == [])
  }

  @Test func shapeProductsThatOverflowAreRefused() {
    #expect(Shape(checking: [1 << 62, 4]) == nil)
    #expect(Shape(checking: [-1]) == nil)
    #expect(Shape(checking: [1 << 62, 0, 1])?.elementCount == 0)
    for extents in [[1 << 62, 4, 0], [0, 1 << 40, 1 << 40], [1 << 62, 0, 4]] {
      #expect(Shape(checking: extents) == nil, "strides would overflow")
    }
    #expect(Shape(checking: [1 << 61])?.byteCount(of: .float64) == nil)
  }
}
