internal import CInterface
public import CVitrun
internal import ViTRuntime

/// See vitrun.h.
@_cdecl("vitrun_session_open")
public func openSession(
  _ plan: vitrun_plan, _ options: UnsafePointer<CChar>?,
  _ session: UnsafeMutablePointer<vitrun_session>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(session, "session")
    let plan = try library.object(plan, "plan", as: Plan.self)
    var options = try OptionReader(options)
    let batch = try options.integer("batch", in: 1...65536)
    let threads = try options.integer("threads", in: 1...256)
    let allowsLarge = try options.flag("allow_large", or: false)
    let margin = try options.number("margin")
    let orientation = try options.choice(
      "exif", of: ImageDecoder.Orientation.allCases.map(\.rawValue),
      ImageDecoder.Orientation.init(rawValue:))
    let pixels = try options.integer("max_pixels", in: 1...ImageDecoder.mostPixels)
    try options.finish()
    result.pointee = library.handle(
      of: try ImageRunner(
        plan: plan, maximumBatch: batch ?? 1, threadCount: threads, allowsLarge: allowsLarge,
        margin: margin, orientation: orientation ?? .ignore,
        maximumPixels: pixels ?? ImageDecoder.usualMaximumPixels))
  }
}

/// See vitrun.h.
@_cdecl("vitrun_session_close")
public func closeSession(_ session: vitrun_session) -> vitrun_status {
  library.call { try library.close(session, "session", as: ImageRunner.self) }
}

/// See vitrun.h.
@_cdecl("vitrun_session_run")
public func run(
  _ session: vitrun_session, _ tensor: UnsafePointer<Float>?, _ count: Int, _ kinds: vitrun_kinds,
  _ result: UnsafeMutablePointer<vitrun_result>?
) -> vitrun_status {
  library.call {
    let handle = try library.pointer(result, "result")
    let runner = try library.object(session, "session", as: ImageRunner.self)
    let tensor = try library.array(tensor, count: count, "tensor")
    let results = try runner.run(tensor: tensor, for: try resultKinds(kinds))
    handle.pointee = library.handle(of: Results(results.map { .success($0) }, of: runner.plan))
  }
}

/// See vitrun.h.
@_cdecl("vitrun_session_run_values")
public func runValues(
  _ session: vitrun_session, _ tensor: UnsafePointer<Float>?, _ count: Int, _ kind: vitrun_kinds,
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int, _ written: UnsafeMutablePointer<Int>?
) -> vitrun_status {
  library.call {
    let written = try library.pointer(written, "count_of_values")
    let values = try library.pointer(values, "values")
    let runner = try library.object(session, "session", as: ImageRunner.self)
    let tensor = try library.array(tensor, count: count, "tensor")
    guard [VITRUN_LOGITS, VITRUN_FEATURES].contains(Int(kind)) else {
      throw Interface.error("kind", "VITRUN_LOGITS or VITRUN_FEATURES", "\(kind)")
    }
    // Before the run, which may be long.
    let (plan, isLogits) = (runner.plan, Int(kind) == VITRUN_LOGITS)
    let (height, width) = plan.inputSize
    let images = tensor.count / (plan.channelCount * height * width)
    let (wanted, overflow) = images.multipliedReportingOverflow(
      by: isLogits ? plan.classCount : plan.featureCount)
    guard !overflow else {
      throw Interface.error("count", "that of a tensor in memory", "\(count)")
    }
    guard capacity < 0 || capacity >= wanted else {
      throw Interface.error("capacity", "at least \(wanted)", "\(capacity)")
    }
    let results = try runner.run(tensor: tensor, for: ResultKinds(rawValue: Int(kind)))
    var place = values
    for row in results.compactMap({ isLogits ? $0.logits : $0.features }) {
      place.update(from: row, count: row.count)
      place += row.count
    }
    written.pointee = place - values
  }
}

/// See vitrun.h.
@_cdecl("vitrun_session_run_images")
public func run(
  _ session: vitrun_session, _ images: UnsafePointer<vitrun_image>?, _ count: Int,
  _ kinds: vitrun_kinds, _ result: UnsafeMutablePointer<vitrun_result>?
) -> vitrun_status {
  library.call {
    let handle = try library.pointer(result, "result")
    let runner = try library.object(session, "session", as: ImageRunner.self)
    let images = try library.array(images, count: count, "images")
    let kinds = try resultKinds(kinds)
    var results: [Result<ImageResult, InputError>] = []
    // No more than a batch of them is copied at a time.
    for start in stride(from: 0, to: max(1, images.count), by: runner.maximumBatch) {
      let batch = start..<min(start + runner.maximumBatch, images.count)
      let sources = try batch.map { try ImageArgument(images[$0], $0).source() }
      results += try runner.run(sources, for: kinds)
    }
    handle.pointee = library.handle(of: Results(results, of: runner.plan))
  }
}

/// The results that a number asks for; nil for all that there are.
private func resultKinds(_ kinds: vitrun_kinds) throws -> ResultKinds? {
  let known: ResultKinds = [.logits, .features]
  guard kinds >= 0, known.contains(ResultKinds(rawValue: Int(kinds))) else {
    throw Interface.error("kinds", "a sum of VITRUN_LOGITS and VITRUN_FEATURES", "\(kinds)")
  }
  return kinds == 0 ? nil : ResultKinds(rawValue: Int(kinds))
}
