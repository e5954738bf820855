import Tensors
import Testing

@Suite struct VisibleTextTests {
  @Test func whatSteersATerminalIsShownByItsNumber() {
    #expect(VisibleText.escaped("a\u{1B}[2Jb") == "a\\u{1B}[2Jb")
    #expect(VisibleText.escaped("\u{0}\t\r\n") == "\\u{0}\\u{9}\\u{D}\\u{A}")
    #expect(VisibleText.escaped("\u{7F}\u{9B}\u{85}") == "\\u{7F}\\u{9B}\\u{85}")
    #expect(VisibleText.escaped("\u{2028}\u{2029}") == "\\u{2028}\\u{2029}")
  }

  @Test func whatTurnsTextAroundIsShownByItsNumber() {
    let controls: [ClosedRange<UInt32>] = [
      0x61C...0x61C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069,
    ]
    for scalar in controls.joined().compactMap(Unicode.Scalar.init) {
      #expect(VisibleText.escaped(String(scalar)).utf8.first == UInt8(ascii: "\\"))
    }
  }

  @Test func bytesThatAreNoTextAreShownByTheirNumber() {
    #expect(VisibleText.escaped(PathText.text(of: [0x61, 0xFF, 0x80])) == "a\\xFF\\x80")
  }

  @Test func everythingElseStaysAndNothingIsEscapedTwice() {
    for text in ["", "plain", "é語😀", "שלום", "a\\u{1B}", "\u{200D}\u{FEFF}"] {
      #expect(VisibleText.escaped(text) == text)
    }
    let once = VisibleText.escaped("\u{1B}\\")
    #expect(VisibleText.escaped(once) == once)
  }
}
