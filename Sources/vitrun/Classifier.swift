internal import Glibc
internal import ImageInput
internal import ModelFacts
internal import PlanRuntime
internal import Tensors

/// A plan and what prepares pictures for it.
struct Classifier {
  let plan: Plan
  let session: Session
  let preprocessing: Preprocessing
  let orientation: PictureDecoder.Orientation

  init(
    plan: Plan, options: RunOptions, orientation: PictureDecoder.Orientation, batch: Int = 1
  ) throws {
    self.plan = plan
    self.orientation = orientation
    preprocessing = Preprocessing(plan)
    session = try Session(plan: plan, maximumBatch: batch, threadCount: options.threads)
  }

  /// Reads, resizes and crops a picture.
  func prepare(_ path: String) throws -> PreparedPicture {
    var clock = Stopwatch()
    let picture = try PictureDecoder.read(path: path, orientation: orientation)
    let decoding = clock.lap()
    let crop = preprocessing.crop(picture)
    return PreparedPicture(
      crop: crop, decodeMilliseconds: decoding, preprocessMilliseconds: clock.lap())
  }

  /// The logits of prepared pictures, and what `read` makes of the rest of the run.
  func run<R>(_ crops: [Picture], read: (borrowing RunResult) throws -> R) throws -> R {
    let count = 3 * preprocessing.height * preprocessing.width
    return try session.run(pictures: crops.count) { tensor in
      for (index, crop) in crops.enumerated() {
        preprocessing.normalise(
          crop,
          into: UnsafeMutableBufferPointer(rebasing: tensor[index * count..<(index + 1) * count]))
      }
    } read: {
      try read($0)
    }
  }
}

/// A picture that is ready for the network.
struct PreparedPicture {
  let crop: Picture
  let decodeMilliseconds: Double
  let preprocessMilliseconds: Double
}

extension Preprocessing {
  /// What a plan's model asks for.
  init(_ plan: Plan) {
    let facts = plan.facts.preprocess
    self.init(
      height: plan.inputSize.height, width: plan.inputSize.width,
      cropFraction: facts.cropFraction,
      interpolation: facts.interpolation == .bicubic ? .bicubic : .bilinear, mean: facts.mean,
      standardDeviation: facts.standardDeviation)
  }
}

/// Time between two moments.
struct Stopwatch {
  private var start = Stopwatch.now()

  /// Milliseconds since the last lap or the beginning.
  mutating func lap() -> Double {
    let now = Stopwatch.now()
    defer { start = now }
    return Double(now - start) * 1e-6
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Probabilities of logits, highest first; ties go to the lower class.
struct Ranking {
  let top: [(index: Int, probability: Double)]

  init(_ logits: [Float], count: Int) {
    let largest = Double(logits.max() ?? 0)
    let weights = logits.map { exp(Double($0) - largest) }
    let total = weights.reduce(0, +)
    let order = logits.indices.sorted {
      logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1]
    }
    top = order.prefix(count).map { ($0, weights[$0] / total) }
  }
}
