import Tensors
import Testing

@Suite struct XXH64Tests {
  /// Vectors of the xxHash project with seed 0, and of its command line tool.
  @Test(
    arguments: [
      ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
      ("xxhash", 0x32DD_3895_2C4B_C720),
      (
        "Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1
      ),
    ] as [(String, UInt64)])
  func agreesWithPublishedVectors(text: String, expected: UInt64) {
    #expect(XXH64.hash(Array(text.utf8)) == expected)
  }

  @Test func partsGiveTheSameSumAsTheWhole() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
    bytes.withUnsafeBytes { whole in
      for split in stride(from: 0, through: 992, by: 32) {
        var state = XXH64()
        state.absorb(UnsafeRawBufferPointer(rebasing: whole[..<split]))
        let sum = state.finish(UnsafeRawBufferPointer(rebasing: whole[split...]))
        #expect(sum == XXH64.hash(whole))
      }
    }
  }
}
