internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// How fast a plan runs; all times are for one image of a batch.
struct BenchMeasurement {
  /// How it was measured.
  let batch: Int
  let streams: Int
  let threads: Int
  let kernels: String
  let byteKernels: String?

  /// Milliseconds of every run, ascending.
  private let times: [Double]

  /// Of all streams.
  let imagesPerSecond: Double

  /// Multiply-adds of the model, in G, and those that are executed.
  let gigaMACs: Double
  let executedGigaMACs: Double

  /// What the images took, where they keep different numbers of tokens.
  private let adaptive: AdaptiveWork

  /// The program's steps in order, with milliseconds.
  private let steps: [(step: Step, shapes: [String], milliseconds: Double)]
  private let timesEachStep: Bool
  private let percentiles: [Double]

  /// Runs a plan for a while.
  /// - Parameters:
  ///   - percentiles: those that are told beside the 10th and the 90th.
  ///   - timesEachStep: whether the times of steps are told beside those of kinds.
  init(
    _ streams: BenchStreams, _ setting: BenchSetting, percentiles: [Double], timesEachStep: Bool
  ) throws {
    let session = streams.first
    let program = session.plan.program
    (batch, self.streams, threads) = (setting.batch, streams.count, streams.threadCount)
    (kernels, byteKernels) = (session.kernelName, session.byteKernelName)
    gigaMACs = Double(session.plan.multiplyAdds) / 1e9
    (times, imagesPerSecond) = try streams.measure(setting)
    // Shares say enough after a few runs; a single step is so short that a neighbour changes its time.
    var adaptive = AdaptiveWork()
    let runs = try (0..<(timesEachStep ? max(5, min(times.count, 100)) : 5)).map { _ in
      let timing = StepTiming(session.plan)
      try session.runTimed(images: setting.batch, timing: timing) { _ in
      } read: { result in
        for image in 0..<setting.batch {
          if let work = try result.work(image: image) { adaptive.add(work) }
        }
      }
      return timing.seconds
    }
    self.adaptive = adaptive
    executedGigaMACs =
      adaptive.averageGigaMACs ?? Double(session.plan.executedMultiplyAdds) / 1e9
    steps = program.steps.enumerated().map { index, record in
      let shapes = record.step.payload.writes.map { buffer in
        "[\(program.buffers[buffer].rows), \(program.buffers[buffer].columns)]"
      }
      let median = runs.map { $0[index] }.sorted()[runs.count / 2]
      return (record.step, shapes, median * 1000 / Double(setting.batch))
    }
    self.timesEachStep = timesEachStep
    let told = [10.0, 90.0]
    self.percentiles = told + Set(percentiles).subtracting(told).sorted()
  }

  /// Milliseconds of the median run.
  var median: Double { percentile(50) }

  /// How many runs were counted.
  var runCount: Int { times.count }

  /// The least milliseconds that at least so many percent of the runs do not exceed.
  private func percentile(_ percent: Double) -> Double {
    times[max(0, Int((Double(times.count) * percent / 100).rounded(.up)) - 1)]
  }

  /// What is told of how times spread, with the names of columns.
  var spread: [(name: String, milliseconds: Double)] {
    percentiles.map { percent in
      let isWhole = percent == percent.rounded()
      return (isWhole ? "p\(Int(percent))" : "p\(percent)", percentile(percent))
    }
  }

  /// The share of each kind of step, the largest first.
  private var shares: [(kind: StepKind, share: Double)] {
    let total = steps.reduce(0) { $0 + $1.milliseconds }
    return Dictionary(grouping: steps, by: \.step.kind)
      .mapValues { $0.reduce(0) { $0 + $1.milliseconds } / total }
      .sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { ($0.key, $0.value) }
  }

  /// The keys that scripts rely on: how it was measured.
  var settings: [JSONMember] {
    [
      .init("batch", .init(batch)), .init("streams", .init(streams)),
      .init("threads", .init(threads)), .init("kernels", .string(kernels)),
    ] + (byteKernels.map { [.init("int8_kernels", .string($0))] } ?? [])
      + (processorName().map { [.init("processor", .string($0))] } ?? [])
  }

  /// The keys that scripts rely on: what was found.
  var members: [JSONMember] {
    [.init("runs", .init(runCount)), .init("median_ms", .init(median))]
      + spread.map { .init("\($0.name)_ms", .init($0.milliseconds)) } + [
        .init("images_per_second", .init(imagesPerSecond)), .init("gmacs", .init(gigaMACs)),
        .init("executed_gmacs", .init(executedGigaMACs)),
      ] + adaptive.members + [
        .init("nodes", .object(shares.map { JSONMember($0.kind.word, .init($0.share)) }))
      ] + (timesEachStep ? [.init("steps", .array(steps.indices.map(json(ofStep:))))] : [])
  }

  private func json(ofStep index: Int) -> JSONValue {
    let (step, shapes, milliseconds) = steps[index]
    return [
      "step": .init(index), "kind": .string(step.kind.word),
      "writes": .array(shapes.map { .string($0) }), "ms": .init(milliseconds),
    ]
  }

  /// The same for people.
  var lines: [String] {
    let streamed = streams == 1 ? "" : "\(streams) streams, "
    let bytes = byteKernels.map { "int8 by \($0), " } ?? ""
    let others = spread.map { "\($0.name) \(Figures.fixed($0.milliseconds, 2))" }
    // Images that keep numbers of tokens of their own do less than there is room for.
    let work = adaptive.averageGigaMACs ?? gigaMACs
    let operations = Figures.fixed(2 * work * imagesPerSecond, 1)
    var lines = [
      "batch \(batch), \(streamed)\(threads) threads, \(kernels) kernels, \(bytes)\(runCount) runs",
      "median  \(Figures.fixed(median, 2)) ms an image (\(others.joined(separator: ", ")))",
      "speed   \(Figures.fixed(imagesPerSecond, 1)) images/s, \(operations) GFLOP/s",
    ]
    lines += adaptive.lines
    for (kind, share) in shares {
      let percent = Figures.right(Figures.fixed(share * 100, 1), 5)
      lines.append("  \(Figures.left(kind.word, 12))\(percent) %")
    }
    if timesEachStep { lines += [""] + stepLines }
    return lines
  }

  /// A table of the steps.
  var stepLines: [String] {
    let total = steps.reduce(0) { $0 + $1.milliseconds }
    return TextTable.lines(
      titles: ["ms", "share"],
      rows: steps.indices.map { index in
        let (step, shapes, milliseconds) = steps[index]
        return (
          "\(Figures.right("\(index)", 4))  \(step.kind.word) \(shapes.joined(separator: " "))",
          [Figures.fixed(milliseconds, 4), Figures.fixed(milliseconds / total * 100, 1) + " %"]
        )
      })
  }
}
