internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// Sessions of one plan that run batches at the same time, each with its part of the threads.
struct BenchStreams {
  private let sessions: [Session]

  /// Divides the threads, by default one for each processor, which are at least as many as the streams.
  /// - Parameter shared: the steps behind which each run keeps rows for another plan.
  init(
    _ plan: Plan, _ setting: BenchSetting, allowsLarge: Bool, keeping shared: SharedSteps?
  ) throws {
    let all = setting.threads ?? availableProcessorCount()
    let count = setting.streams
    sessions = try (0..<count).map { stream in
      try Session(
        plan: plan, maximumBatch: setting.batch,
        threadCount: all * (stream + 1) / count - all * stream / count, allowsLarge: allowsLarge,
        keeping: shared, sharing: nil)
    }
  }

  /// Number of streams.
  var count: Int { sessions.count }

  /// Threads of all streams.
  var threadCount: Int { sessions.reduce(0) { $0 + $1.threadCount } }

  /// The first stream's.
  var first: Session { sessions[0] }

  /// Runs all streams for a while.
  /// - Returns: the milliseconds of every run by its images, ascending, and the images a second of all
  ///   streams: by the median run of one, by the time that several took together.
  func measure(_ setting: BenchSetting) throws -> (times: [Double], imagesPerSecond: Double) {
    for session in sessions {
      for run in 0..<setting.warmup {
        try Self.run(session, images: setting.batch, isFirst: run == 0)
      }
    }
    var clock = Stopwatch()
    let results = Lock<[Result<[Double], any Error>]>([])
    if count == 1 {
      let times = try Self.runs(of: first, setting)
      results.withLock { $0.append(.success(times)) }
    } else {
      ThreadPool(threadCount: count).run { worker in
        worker.forEach(itemCount: count) { stream in
          let result = Result { try Self.runs(of: sessions[stream], setting) }
          results.withLock { $0.append(result) }
        }
      }
    }
    let streams = try results.withLock { try $0.map { try $0.get() } }
    let elapsed = clock.lap()
    let times = streams.joined().sorted()
    // Of one stream the median, which neighbours do not move; streams that share processors wait for each other,
    // so that theirs says nothing.
    let rate =
      count == 1
      ? 1000 / times[(times.count - 1) / 2]
      : 1000 * Double(times.count * setting.batch) / elapsed
    return (times, rate)
  }

  /// The milliseconds of runs, by their images.
  private static func runs(of session: Session, _ setting: BenchSetting) throws -> [Double] {
    var times: [Double] = []
    var clock = Stopwatch()
    var total = 0.0
    while !setting.length.isReached(runs: times.count, milliseconds: total) {
      _ = clock.lap()
      try run(session, images: setting.batch, isFirst: setting.warmup == 0 && times.isEmpty)
      let milliseconds = clock.lap()
      times.append(milliseconds / Double(setting.batch))
      total += milliseconds
    }
    return times
  }

  /// One run, which keeps the last one's input unless it is the first.
  private static func run(_ session: Session, images: Int, isFirst: Bool) throws {
    try session.run(images: images) { tensor in
      guard isFirst else { return }
      // Any values do, but where an image has numbers of tokens of its own: then this one's are measured.
      for index in tensor.indices { tensor[index] = Float(index % 255) / 128 - 1 }
    } read: { _ in
    }
  }
}
