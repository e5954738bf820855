internal import Tensors
internal import ViTRuntime

/// Sessions of one plan that run batches at the same time, each with its part of the threads.
struct BenchStreams {
  private let sessions: [Session]
  private let batch: Int

  /// Divides the threads, by default one for each processor, which are at least as many as the streams.
  init(_ plan: Plan, count: Int, batch: Int, threads: Int?, allowsLarge: Bool) throws {
    let all = threads ?? availableProcessorCount()
    sessions = try (0..<count).map { stream in
      try Session(
        plan: plan, maximumBatch: batch,
        threadCount: all * (stream + 1) / count - all * stream / count, allowsLarge: allowsLarge)
    }
    self.batch = batch
  }

  /// Number of streams.
  var count: Int { sessions.count }

  /// Threads of all streams.
  var threadCount: Int { sessions.reduce(0) { $0 + $1.threadCount } }

  /// The first stream's.
  var first: Session { sessions[0] }

  /// Runs all streams for a while, each at least five times.
  /// - Returns: the milliseconds of every run by its images, ascending, and the images a second of all
  ///   streams: by the median run of one, by the time that several took together.
  func measure(seconds: Double) throws -> (times: [Double], imagesPerSecond: Double) {
    // Any values do: the work does not depend on them.
    for session in sessions {
      try session.run(images: batch) { tensor in
        for index in tensor.indices { tensor[index] = Float(index % 255) / 128 - 1 }
      } read: { _ in
      }
    }
    var clock = Stopwatch()
    let results = Lock<[Result<[Double], any Error>]>([])
    if count == 1 {
      let times = try run(first, seconds: seconds)
      results.withLock { $0.append(.success(times)) }
    } else {
      ThreadPool(threadCount: count).run { worker in
        worker.forEach(itemCount: count) { stream in
          let result = Result { try run(sessions[stream], seconds: seconds) }
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
      ? 1000 / times[(times.count - 1) / 2] : 1000 * Double(times.count * batch) / elapsed
    return (times, rate)
  }

  /// The milliseconds of runs, by their images.
  private func run(_ session: Session, seconds: Double) throws -> [Double] {
    var times: [Double] = []
    var clock = Stopwatch()
    var total = 0.0
    while total < seconds * 1000 || times.count < 5 {
      _ = clock.lap()
      try session.run(images: batch) { _ in
      } read: { _ in
      }
      let milliseconds = clock.lap()
      times.append(milliseconds / Double(batch))
      total += milliseconds
    }
    return times
  }
}
