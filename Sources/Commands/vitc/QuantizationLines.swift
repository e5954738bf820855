internal import CommandSupport
internal import ViTSearch

// What `vitc quantize --check` prints.

extension QuantizationReport {
  /// The layers that are named.
  private static let namedLayers = 5

  /// What was found, for people.
  var lines: [String] {
    func line(_ name: String, _ part: Int, _ whole: Int) -> String {
      "\(Figures.left(name, 12))\(part) of \(whole) "
        + "(\(Figures.fixed(Double(part) / Double(whole) * 100, 1)) %)"
    }
    var lines: [String] = []
    if labelled > 0 {
      lines.append(line("top-1", correct.quantized, labelled))
      lines.append(line("  original", correct.original, labelled))
    }
    lines.append(line("agreement", comparison.agreements.count { $0 }, comparison.count))
    lines.append("kl          \(Figures.fixed(comparison.divergence, 4))")
    if skipped > 0 { lines.append("skipped     \(skipped)") }
    guard !layers.isEmpty else { return lines }
    return lines
      + ["", "kl of \(layerImages) images with one layer left as it was, for --keep-f32:"]
      + layers.prefix(Self.namedLayers).map { "  \(Figures.fixed($0.divergence, 4))  \($0.name)" }
  }
}
