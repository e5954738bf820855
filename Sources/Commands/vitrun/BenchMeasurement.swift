internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// How fast a plan runs; all times are for one image of a batch.
struct BenchMeasurement {
  private let streams: BenchStreams
  private let batch: Int
  private let timing = NodeTiming()

  /// Milliseconds of every run, ascending.
  private let times: [Double]

  /// Of all streams.
  let imagesPerSecond: Double

  /// Runs a plan for a while.
  init(_ streams: BenchStreams, batch: Int, seconds: Double) throws {
    (self.streams, self.batch) = (streams, batch)
    (times, imagesPerSecond) = try streams.measure(seconds: seconds)
    for _ in 0..<5 {
      try streams.first.runTimed(images: batch, timing: timing) { _ in
      } read: { _ in
      }
    }
  }

  /// Milliseconds of the median run.
  var median: Double { percentile(0.5) }

  /// Multiply-adds of the model, in G.
  var gigaMACs: Double { Double(streams.first.plan.multiplyAdds) / 1e9 }

  /// Those that are executed, in G.
  var executedGigaMACs: Double { Double(streams.first.plan.executedMultiplyAdds) / 1e9 }

  private func percentile(_ share: Double) -> Double { times[Int(Double(times.count - 1) * share)] }

  /// The share of each kind of step, the largest first.
  private var shares: [(kind: StepKind, share: Double)] {
    let total = timing.seconds.values.reduce(0, +)
    return timing.seconds.map { ($0.key, $0.value / total) }.sorted { $0.share > $1.share }
  }

  /// The keys that scripts rely on: how it was measured.
  var settings: [JSONMember] {
    [
      .init("batch", .init(batch)), .init("streams", .init(streams.count)),
      .init("threads", .init(streams.threadCount)),
      .init("kernels", .string(streams.first.kernelName)),
    ] + (streams.first.byteKernelName.map { [.init("int8_kernels", .string($0))] } ?? [])
  }

  /// The keys that scripts rely on: what was found.
  var members: [JSONMember] {
    [
      .init("median_ms", .init(median)), .init("p10_ms", .init(percentile(0.1))),
      .init("p90_ms", .init(percentile(0.9))), .init("images_per_second", .init(imagesPerSecond)),
      .init("gmacs", .init(gigaMACs)), .init("executed_gmacs", .init(executedGigaMACs)),
      .init("nodes", .object(shares.map { JSONMember($0.kind.word, .init($0.share)) })),
    ]
  }

  /// The same for people.
  var lines: [String] {
    [
      "batch \(batch), " + (streams.count == 1 ? "" : "\(streams.count) streams, ")
        + "\(streams.threadCount) threads, \(streams.first.kernelName) kernels, "
        + (streams.first.byteKernelName.map { "int8 by \($0), " } ?? "") + "\(times.count) runs",
      "median  \(Figures.fixed(median, 2)) ms an image "
        + "(p10 \(Figures.fixed(percentile(0.1), 2)), p90 \(Figures.fixed(percentile(0.9), 2)))",
      "speed   \(Figures.fixed(imagesPerSecond, 1)) images/s, "
        + "\(Figures.fixed(2 * gigaMACs * imagesPerSecond, 1)) GFLOP/s",
    ]
      + shares.map { kind, share in
        "  \(Figures.left(kind.word, 12))\(Figures.right(Figures.fixed(share * 100, 1), 5)) %"
      }
  }
}
