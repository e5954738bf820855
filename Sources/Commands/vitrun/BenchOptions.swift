internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// How plans are measured.
struct BenchOptions: ParsableArguments {
  @Option(help: "Images that run together, or several numbers: 1,8. (default: 1)")
  var batch: NumberList<Int>?

  @Option(
    help: """
      Threads, or several numbers: 1,2; by default one for each processor this process may use.
      """)
  var threads: NumberList<Int>?

  @Option(
    help: """
      Batches that run at the same time, each on its part of the threads: more images a second, each \
      later. (default: 1)
      """)
  var streams: Int?

  @Option(help: "Runs of each stream before those that count. (default: 1)")
  var warmup: Int?

  @Option(help: "How many runs of each stream count, in place of --seconds.")
  var iterations: Int?

  @Option(help: "How long to measure, at least five runs. (default: 3)")
  var seconds: Double?

  @Option(help: "Tell these percentiles too, beside the 10th and 90th: 95,99.")
  var percentile: NumberList<Double>?

  @Flag(
    help:
      "Tell the time of each step of the program, the median of runs that come after the others.")
  var perStep = false

  /// Whether any is given that says something of plans alone.
  var concernsPlans: Bool {
    batch != nil || streams != nil || warmup != nil || iterations != nil || seconds != nil
      || percentile != nil || perStep
  }

  func validate() throws {
    for batch in batch?.values ?? [] { try LabelImages.checkBatch(batch) }
    for threads in threads?.values ?? [] { try RunOptions.checkThreads(threads) }
    let fewest = threads?.values.min() ?? availableProcessorCount()
    if let streams, !(1...max(fewest, 1)).contains(streams) {
      throw ValidationError(
        "--streams: expected 1 to \(fewest), one for each thread, found \(streams)")
    }
    if let warmup, !(0...1_000_000).contains(warmup) {
      throw ValidationError("--warmup: expected 0 to 1000000, found \(warmup)")
    }
    if let iterations, !(1...1_000_000).contains(iterations) {
      throw ValidationError("--iterations: expected 1 to 1000000, found \(iterations)")
    }
    guard iterations == nil || seconds == nil else {
      throw ValidationError("expected --iterations or --seconds, found both")
    }
    if let seconds, !(seconds > 0 && seconds <= 3600) {
      throw ValidationError("--seconds: expected more than 0 and at most 3600, found \(seconds)")
    }
    for percentile in percentile?.values ?? [] where !(0...100).contains(percentile) {
      throw ValidationError("--percentile: expected 0 to 100, found \(percentile)")
    }
  }

  /// Every batch on every number of threads.
  var all: [BenchSetting] {
    let length = iterations.map { BenchSetting.Length.runs($0) } ?? .seconds(seconds ?? 3)
    let threads: [Int?] = threads?.values ?? [nil]
    return (batch?.values ?? [1]).flatMap { batch in
      threads.map { threads in
        BenchSetting(
          batch: batch, threads: threads, streams: streams ?? 1, warmup: warmup ?? 1,
          length: length)
      }
    }
  }
}

/// One way to measure a plan.
struct BenchSetting {
  /// How long it is measured.
  enum Length {
    /// At least five runs.
    case seconds(Double)
    case runs(Int)

    /// Whether so many runs that took so long are enough.
    func isReached(runs: Int, milliseconds: Double) -> Bool {
      switch self {
      case .seconds(let seconds): runs >= 5 && milliseconds >= seconds * 1000
      case .runs(let wanted): runs >= wanted
      }
    }
  }

  /// Images of a run.
  let batch: Int

  /// Of all streams; nil for one on each processor.
  let threads: Int?

  let streams: Int

  /// Runs of each stream that are not counted.
  let warmup: Int

  /// Of each stream.
  let length: Length
}
