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
    var columns = [["top-1"] + tallies.map { Self.percent($0.share($0.first)) }]
    columns.append(["top-5"] + tallies.map { Self.percent($0.share($0.five)) })
    if tallies[0].other != nil {
      columns.append(["agreement"] + tallies.map { Self.percent($0.share($0.agreeing)) })
    }
    if tallies.allSatisfy({ $0.meanDivergence != nil }) {
      columns.append(["KL"] + tallies.map { Figures.fixed($0.meanDivergence ?? 0, 4) })
    }
    columns.append(["GMACs"] + tallies.map { Figures.fixed($0.work.gigaMACs, 3) })
    columns.append(["ms"] + tallies.map { Figures.fixed(milliseconds($0), 2) })
    let names = [""] + tallies.map { VisibleText.escaped($0.plan.path) }
    let width = names.map(\.count).max() ?? 0
    return names.indices.map { row in
      Figures.left(names[row], width)
        + columns.map { "  " + Figures.right($0[row], 9) }.joined()
    } + ["of \(tallies[0].count) images"]
  }

  private static func percent(_ share: Double) -> String { Figures.fixed(share * 100, 1) + " %" }
}
