internal import CommandSupport
internal import Tensors

/// Several measurements side by side: a row for each, and of a cascade for its fallback and the average too.
struct BenchTable {
  private let rows: [Row]

  /// The names of the percentiles, which all measurements share.
  private let spread: [String]

  private struct Row {
    let plan: String
    let part: String
    let measurement: BenchMeasurement

    /// What stands in the measurement's place.
    let average: BenchAverage?
  }

  init(_ reports: [BenchReport]) {
    spread = reports[0].first.spread.map(\.name)
    rows = reports.flatMap { report in
      [Row(plan: report.plan, part: "plan", measurement: report.first, average: nil)]
        + (report.fallback.map { fallback in
          [
            Row(
              plan: report.plan, part: "fallback", measurement: fallback.measurement, average: nil),
            Row(
              plan: report.plan, part: "average", measurement: fallback.measurement,
              average: report.average),
          ]
        } ?? [])
    }
  }

  /// The table for people.
  var lines: [String] {
    TextTable.lines(
      titles: ["batch", "streams", "threads", "ms"] + spread + ["images/s", "GMACs"],
      rows: rows.map { row in
        let measurement = row.measurement
        let speed = row.average?.imagesPerSecond ?? measurement.imagesPerSecond
        let work = row.average?.executedGigaMACs ?? measurement.executedGigaMACs
        return (
          row.part == "plan" ? row.plan : "\(row.plan), \(row.part)",
          ["\(measurement.batch)", "\(measurement.streams)", "\(measurement.threads)"]
            + [Figures.fixed(row.average?.milliseconds ?? measurement.median, 2)]
            + measurement.spread.map {
              row.average == nil ? Figures.fixed($0.milliseconds, 2) : ""
            } + [Figures.fixed(speed, 1), Figures.fixed(work, 3)]
        )
      })
  }

  /// Writes a CSV file that appears whole or not at all.
  func write(to path: String) throws {
    var output = try OutputFile(path: path)
    let titles =
      ["plan", "part", "batch", "streams", "threads", "kernels", "int8_kernels", "runs"]
      + ["median_ms"] + spread.map { "\($0)_ms" }
      + ["images_per_second", "gmacs", "executed_gmacs"]
    for values in [titles] + rows.map(values) {
      try output.append(Array((CSVRow.text(values) + "\n").utf8))
    }
    try output.commit()
  }

  /// The average has a time, which is no run's, so that its percentiles are empty.
  private func values(_ row: Row) -> [String] {
    let measurement = row.measurement
    let average = row.average
    return [
      row.plan, row.part, "\(measurement.batch)", "\(measurement.streams)",
      "\(measurement.threads)", measurement.kernels, measurement.byteKernels ?? "",
      average == nil ? "\(measurement.runCount)" : "",
      "\(average?.milliseconds ?? measurement.median)",
    ] + measurement.spread.map { average == nil ? "\($0.milliseconds)" : "" } + [
      "\(average?.imagesPerSecond ?? measurement.imagesPerSecond)",
      "\(average?.gigaMACs ?? measurement.gigaMACs)",
      "\(average?.executedGigaMACs ?? measurement.executedGigaMACs)",
    ]
  }
}
