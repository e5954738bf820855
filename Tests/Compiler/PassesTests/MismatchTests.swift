import TestSupport
import Testing

/// What finds a wrong number, everywhere in the tests.
struct MismatchTests {
  @Test func nearNumbersMatch() {
    #expect(mismatch([1, 2] as [Float], [1.25, 2] as [Double], within: 0.25) == nil)
    #expect(mismatch([0.0], [0.0], within: 0) == nil)
  }

  @Test func theLargestDifferenceIsShown() {
    let found = mismatch([0, 3, 1.5], [0, 2, 1] as [Double], within: 0.25)
    #expect(found == "[1] is 3.0, expected 2.0 within 0.25")
  }

  @Test func fewerOrMoreNumbersAreAMismatch() {
    #expect(mismatch([1.0], [1.0, 2.0], within: 9) == "1 numbers, expected 2")
    #expect(mismatch([1.0, 2.0], [1.0], within: 9) == "2 numbers, expected 1")
    #expect(mismatch([Double](), [Double](), within: 9) == "no numbers")
  }

  @Test func whatIsNoNumberIsAMismatch() {
    #expect(mismatch([1, Double.nan], [1, 2.0], within: .infinity) == "[1] is nan, expected 2.0")
    #expect(mismatch([Double.nan], [Double.nan], within: 9) != nil)
    #expect(mismatch([Double.infinity], [Double.infinity], within: 9) != nil)
  }
}
