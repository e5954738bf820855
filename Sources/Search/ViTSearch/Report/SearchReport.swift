internal import Tensors
internal import ViTRuntime

/// What a search tried and found, as one HTML file that needs nothing else.
package struct SearchReport {
  /// A plan that was found.
  package struct Found {
    var result: SearchResult
    /// The plan's path.
    var output: String
    /// The rewrite that makes it again, or of a cascade its first program, as users write it.
    var rewrite: String

    package init(_ result: SearchResult, output: String, rewrite: String) {
      self.result = result
      self.output = output
      self.rewrite = rewrite
    }
  }

  /// What the page is about, in words, and what it was searched on.
  private let title: String
  private let settings: String

  private let found: [Found]

  /// What was tried, with milliseconds of an image.
  private let trials: [(trial: SearchTrial, milliseconds: Double)]
  private let denseMilliseconds: Double

  /// Of an image on average, of each that was found.
  private let milliseconds: [Double?]

  private let denseMultiplyAdds: Int
  private let patches: Int
  private let depth: Int
  private let grid: (height: Int, width: Int)

  /// Of the first plan: the images that are shown, and all whose answers differ.
  private let images: [ImageTrace]
  private let differences: [ImageTrace]

  /// The most images that are shown.
  private static let mostImages = 6

  /// Times what was tried, and follows the tokens of the images through the first plan.
  /// - Parameter found: at least one.
  package init(
    of search: ScheduleSearch, _ evaluator: ScheduleEvaluator, title: String, found: [Found]
  ) throws {
    self.title = title
    settings = search.settings
    self.found = found
    denseMilliseconds = try evaluator.denseMilliseconds()
    let trials = try search.trials.map { ($0, try evaluator.milliseconds($0.removed)) }
    self.trials = trials
    milliseconds = try found.map { found in
      let result = found.result
      if let told = result.milliseconds { return told }
      let removed = result.trial.removed
      guard let own = trials.first(where: { $0.0.removed == removed })?.1 else { return nil }
      guard let share = result.cascade?.share else { return own }
      return own + share * (try evaluator.milliseconds(evaluator.rest(behind: removed)))
    }
    denseMultiplyAdds = evaluator.denseMultiplyAdds
    let facts = evaluator.plan.facts
    (patches, depth, grid) = (facts.patches, facts.depth, (facts.gridHeight, facts.gridWidth))
    let margin = found[0].result.cascade?.margin ?? 0
    let margins = found[0].result.trial.comparison.margins
    let traces = try evaluator.traces(found[0].result.trial.removed).enumerated().map {
      index, trace in
      var trace = trace
      trace.goesOn = margins[index] < margin
      return trace
    }
    differences = traces.filter { !$0.isSame && !$0.goesOn }
    let shown = differences.prefix(Self.mostImages / 2)
    images = Array(shown + traces.filter(\.isSame).prefix(Self.mostImages - shown.count))
  }

  /// Writes it whole or not at all.
  package func write(to path: String) throws {
    var output = try OutputFile(path: path)
    try output.append(Array(try html().utf8))
    try output.commit()
  }

  /// The page.
  func html() throws -> String {
    try [
      Self.head, "<h1>\(HTMLText.escaped(VisibleText.escaped(title)))</h1>",
      "<p>\(HTMLText.escaped(settings))</p>",
      "<div class=\"charts\">", chart(byTime: false).html, chart(byTime: true).html, "</div>",
      zip(found, milliseconds).map(section).joined(separator: "\n"), panels(), differing(),
      Self.tail,
    ].joined(separator: "\n")
  }

  // MARK: - Charts

  private func chart(byTime: Bool) -> Chart {
    let chosen = Set(found.map(\.result.trial.removed))
    let points = trials.map { trial, milliseconds in
      let share = Double(trial.multiplyAdds) / Double(denseMultiplyAdds)
      let comparison = trial.comparison
      return Chart.Point(
        x: byTime ? milliseconds : share, y: 100 * comparison.agreement,
        title:
          "\(percent(comparison.agreement)) of the answers, KL \(digits(comparison.divergence, 4)), "
          + "\(percent(share)) of the work, \(digits(milliseconds, 2)) ms: \(list(trial.removed))",
        isChosen: chosen.contains(trial.removed))
    }
    return Chart(
      title: byTime ? "Agreement by time" : "Agreement by work",
      x: byTime
        ? "ms an image (dense: \(digits(denseMilliseconds, 2)))"
        : "share of the dense model's multiply-adds",
      y: "same top-1 as the dense model, %", points: points)
  }

  // MARK: - Schedules

  private func section(_ found: Found, _ milliseconds: Double?) -> String {
    let result = found.result
    let comparison = result.comparison
    let share = result.averageMultiplyAdds / Double(denseMultiplyAdds)
    var rows = [
      (
        "agreement",
        "\(percent(comparison.agreement)) of \(result.images) images in \(SearchImages.views) views"
      ),
      ("KL", digits(comparison.divergence, 4)), ("work", "\(percent(share)) of the dense model's"),
    ]
    if let cascade = result.cascade {
      rows.append(
        (
          "cascade",
          "below a margin of \(digits(cascade.margin, 4)), where \(percent(cascade.share)) of \(cascade.images) images of "
            + "the folder are, the dense model answers"
        ))
    }
    if let milliseconds {
      rows.append(
        (
          "time",
          "\(digits(milliseconds, 2)) ms an image; the dense model \(digits(denseMilliseconds, 2))"
        ))
    }
    let note = result.cascade == nil ? "" : " makes its first program, which the charts show"
    let cells = rows.map { "<tr><th>\($0)</th><td>\($1)</td></tr>" }.joined()
    return """
      <h2>\(HTMLText.escaped(VisibleText.escaped(found.output)))</h2>
      <table>\(cells)</table>
      <p><code>\(HTMLText.escaped(found.rewrite))</code>\(note)</p>
      \(tokens(result.trial.removed))
      """
  }

  /// Patch tokens that enter each block, as bars.
  private func tokens(_ removed: [Int]) -> String {
    var left = patches
    var bars = ""
    for block in 0..<depth {
      let height = 100 * Double(left) / Double(max(patches, 1))
      bars +=
        "<div class=\"bar\"><span style=\"height:\(digits(height, 1))%\"></span>"
        + "<b>\(left)</b><i>\(block + 1)</i></div>"
      if block < removed.count { left -= removed[block] }
    }
    return
      "<figure><figcaption>Patch tokens that enter each block</figcaption><div class=\"bars\">\(bars)</div></figure>"
  }

  // MARK: - Images

  private func panels() throws -> String {
    guard !images.isEmpty else { return "" }
    var drawing = TokenMapDrawing()
    (drawing.scale, drawing.gap) = (1, 0)
    let figures = try images.map { image in
      let panels = try drawing.draw(
        crop: image.crop, gridHeight: grid.height, gridWidth: grid.width, maps: image.maps)
      let tokens = [patches] + image.tokens
      let counts = tokens.map(String.init).joined(separator: ",")
      let (width, height) = (2 * image.crop.width, 2 * image.crop.height)
      return """
        <figure class="image">
        <div class="window" style="width:\(width)px;height:\(height)px"><img alt="tokens by stage" \
        style="width:\(width * (image.maps.count + 1))px;height:\(height)px" \
        src="\(HTMLText.address(ofPNG: try PNGEncoder.encode(panels)))"></div>
        <input type="range" min="0" max="\(image.maps.count)" value="0" aria-label="stage" \
        data-step="\(width)" data-tokens="\(counts)"><output>\(patches) patch tokens</output>
        <figcaption>\(HTMLText.escaped(VisibleText.escaped(image.path)))<br>\(answers(image))</figcaption>
        </figure>
        """
    }
    return
      "<h2>Which tokens became one\(ofFirst)</h2>\n<div class=\"images\">\(figures.joined(separator: "\n"))</div>"
  }

  private func answers(_ image: ImageTrace) -> String {
    func answer(_ answer: ImageTrace.Answer) -> String {
      "\(HTMLText.escaped(answer.label)) \(digits(answer.probability, 3))"
    }
    return "dense: \(answer(image.dense))<br>plan: \(answer(image.plan))"
      + (image.isSame ? "" : " <strong>differs</strong>") + (image.goesOn ? ", and goes on" : "")
  }

  private func differing() -> String {
    guard !differences.isEmpty else {
      return "<h2>Where the answers differ\(ofFirst)</h2><p>On none of the images.</p>"
    }
    let rows = differences.map {
      "<tr><td>\(HTMLText.escaped(VisibleText.escaped($0.path)))</td><td>\(HTMLText.escaped($0.dense.label))</td>"
        + "<td>\(digits($0.dense.probability, 3))</td><td>\(HTMLText.escaped($0.plan.label))</td>"
        + "<td>\(digits($0.plan.probability, 3))</td></tr>"
    }
    return """
      <h2>Where the answers differ\(ofFirst)</h2>
      <table><tr><th>image</th><th>dense</th><th></th><th>plan</th><th></th></tr>
      \(rows.joined(separator: "\n"))
      </table>
      """
  }

  private var ofFirst: String {
    found.count == 1 ? "" : ": \(HTMLText.escaped(VisibleText.escaped(found[0].output)))"
  }

  private func list(_ removed: [Int]) -> String { removed.map(String.init).joined(separator: ",") }

  private func percent(_ share: Double) -> String { "\(digits(100 * share, 1)) %" }

  private func digits(_ value: Double, _ count: Int) -> String {
    let scale = (0..<count).reduce(1.0) { scale, _ in scale * 10 }
    return "\((value * scale).rounded() / scale)"
  }

  // MARK: - Page

  private static let head = """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>vitc search</title>
    <meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,">
    <style>
    body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #222; }
    h1, h2 { font-weight: 600; overflow-wrap: anywhere; } h2 { margin-top: 2em; }
    code { background: #f2f2f2; padding: .2em .4em; overflow-wrap: anywhere; }
    table { border-collapse: collapse; } th, td { text-align: left; padding: .15em 1em .15em 0; overflow-wrap: anywhere; }
    figure { margin: 1em 0; } figcaption { color: #555; overflow-wrap: anywhere; }
    .charts, .images { display: flex; flex-wrap: wrap; gap: 1.5em; } .charts svg { width: 460px; max-width: 100%; }
    svg text { font-size: 12px; fill: #555; } .grid { stroke: #e5e5e5; } .curve { fill: none; stroke: #c0392b; }
    .tried { fill: #8aa; } .chosen { fill: #c0392b; }
    .bars { display: flex; gap: 4px; height: 170px; } .bar { width: 44px; display: flex; flex-direction: column;
      justify-content: flex-end; text-align: center; font-size: 12px; }
    .bar span { background: #4a7fa5; display: block; flex: 0 1 auto; } .bar b { font-weight: 400; } .bar i { color: #777; }
    .image { width: 448px; max-width: 100%; } .window { overflow: hidden; max-width: 100%; }
    .window img { display: block; max-width: none; image-rendering: pixelated; } input { width: 60%; margin: .5em 1em 0 0; }
    </style></head><body>
    """

  private static let tail = """
    <script>
    for (const slider of document.querySelectorAll("input[type=range]")) {
      const figure = slider.closest("figure"), tokens = slider.dataset.tokens.split(",");
      const show = () => {
        figure.querySelector("img").style.transform = `translateX(${-slider.value * slider.dataset.step}px)`;
        figure.querySelector("output").value = `${tokens[slider.value]} patch tokens`;
      };
      slider.addEventListener("input", show);
      show();
    }
    </script></body></html>
    """
}
