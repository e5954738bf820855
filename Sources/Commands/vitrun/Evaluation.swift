internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

/// What plans have made of the same images.
struct Evaluation {
  /// One for each plan.
  var tallies: [EvaluationTally]

  /// Images that could not be read, or whose class is not known.
  var skipped: Int

  /// Whether all logits were finite.
  var isWhole = true

  /// The time of all plans together, with reading and preparing.
  var seconds = 0.0

  /// How many images ran at the same time.
  var streams = 1

  /// An object for each plan, with the keys that scripts rely on.
  var jsonLines: [String] {
    tallies.map { tally in
      var members: [JSONMember] =
        tallies.count > 1 ? [.init("plan", .string(PathText.repaired(tally.plan.path)))] : []
      members += [.init("images", .init(tally.count)), .init("skipped", .init(skipped))]
      members += tally.members
      members.append(
        tallies.count > 1
          ? .init("ms", .init(milliseconds(tally)))
          : .init("images_per_second", .init(Double(tally.count) / seconds)))
      return JSONValue.object(members).text()
    }
  }

  /// Lines for people: a table, where there are several plans.
  var lines: [String] {
    var lines: [String]
    if tallies.count > 1 {
      lines = table
    } else {
      lines = tallies[0].lines
    }
    if skipped > 0 { lines.append("skipped   \(skipped)") }
    if tallies.count == 1 {
      lines.append("speed     \(Figures.fixed(Double(tallies[0].count) / seconds, 1)) images/s")
    }
    return lines
  }

  /// Of the model alone, for an image, where all streams are at work.
  private func milliseconds(_ tally: EvaluationTally) -> Double {
    tally.milliseconds / Double(tally.count * streams)
  }

  private var table: [String] {
    var columns: [(title: String, text: (EvaluationTally) -> String)] = [
      ("top-1", { Self.percent($0.share($0.first)) }),
      ("top-5", { Self.percent($0.share($0.five)) }),
    ]
    if tallies[0].other != nil {
      columns.append(("agreement", { Self.percent($0.share($0.agreeing)) }))
    }
    if tallies.allSatisfy({ $0.meanDivergence != nil }) {
      columns.append(("KL", { Figures.fixed($0.meanDivergence ?? 0, 4) }))
    }
    columns.append(("GMACs", { Figures.fixed($0.work.gigaMACs, 3) }))
    columns.append(("ms", { Figures.fixed(milliseconds($0), 2) }))
    return TextTable.lines(
      titles: columns.map(\.title),
      rows: tallies.map { tally in (tally.plan.path, columns.map { $0.text(tally) }) })
      + ["of \(tallies[0].count) images"]
  }

  private static func percent(_ share: Double) -> String { Figures.fixed(share * 100, 1) + " %" }
}
