import Testing
import ViTSearch

struct ReportTextTests {
  @Test func nothingOfATextIsMarkup() {
    #expect(
      HTMLText.escaped("<script>alert('1')</script> & \"x\"")
        == "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;")
    #expect(HTMLText.escaped("a\u{202E}b\u{0}c\n") == "a\\u{202E}b\\u{0}c\\u{A}")
    #expect(HTMLText.escaped("Zürich 猫") == "Zürich 猫")
  }

  /// The examples of RFC 4648, section 10.
  @Test func base64IsThatOfTheStandard() {
    let examples = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
      "foobar": "Zm9vYmFy",
    ]
    for (text, encoded) in examples {
      #expect(HTMLText.base64(Array(text.utf8)) == encoded)
    }
    #expect(HTMLText.base64([0xFB, 0xFF, 0xFE]) == "+//+")
  }

  /// Whatever the points are, every coordinate lies within the figure.
  @Test(arguments: [
    [], [(1.0, 2.0)], [(0.5, 100), (0.5, 100)], [(0.65, 96.9), (0.5, 90.6)],
    [(1e-9, -3), (1e9, 1e-12)],
    [(.nan, 1), (1, .infinity), (2, 3)],
  ])
  func chartsHoldTheirPoints(points: [(Double, Double)]) {
    let html = Chart(
      title: "a<b", x: "x", y: "y",
      points: points.map { Chart.Point(x: $0.0, y: $0.1, title: "<i>", isChosen: $0.0 > 0.6) }
    ).html
    #expect(!html.contains("nan") && !html.contains("inf") && !html.contains("<i>"))
    #expect(html.contains("a&lt;b"))
    for match in html.matches(of: /c([xy])="([^"]*)"/) {
      let value = Double(match.2) ?? -1
      #expect(value >= 0 && value <= (match.1 == "x" ? 460 : 300), "\(match.0)")
    }
    #expect(html.matches(of: /<circle/).count == points.count { $0.0.isFinite && $0.1.isFinite })
  }
}
