internal import CInterface
public import CVitrun
internal import JSON
internal import Tensors
internal import ViTRuntime

/// What a run left.
final class Results: Sendable {
  let images: [Result<ImageResult, InputError>]
  let plan: Plan

  init(_ images: [Result<ImageResult, InputError>], of plan: Plan) {
    (self.images, self.plan) = (images, plan)
  }

  /// Of one image.
  /// - Throws: `InputError` if there is no such image, or what is wrong with it.
  func result(_ image: Int) throws -> ImageResult {
    guard images.indices.contains(image) else {
      throw Interface.error(
        "image", "below \(images.count)", "\(UInt(bitPattern: image))")
    }
    return try images[image].get()
  }

  /// The values of one kind, which the run was asked for.
  func values(_ image: Int, _ kind: vitrun_kinds) throws -> [Float] {
    let result = try result(image)
    let values: [Float]?
    switch Int(kind) {
    case VITRUN_LOGITS: values = result.logits
    case VITRUN_FEATURES: values = result.features
    default:
      throw Interface.error("kind", "VITRUN_LOGITS or VITRUN_FEATURES", "\(kind)")
    }
    guard let values else {
      throw Interface.error("kind", "a kind of results that the run was for", "another")
    }
    return values
  }
}

private func known(_ result: vitrun_result) throws -> Results {
  try library.object(result, "result", as: Results.self)
}

/// See vitrun.h.
@_cdecl("vitrun_result_images")
public func imageCount(
  _ result: vitrun_result, _ images: UnsafeMutablePointer<Int>?
) -> vitrun_status {
  library.call {
    let count = try library.pointer(images, "images")
    count.pointee = try known(result).images.count
  }
}

/// See vitrun.h.
@_cdecl("vitrun_result_values")
public func values(
  _ result: vitrun_result, _ image: Int, _ kind: vitrun_kinds,
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> vitrun_status {
  library.call {
    let number = try library.pointer(count, "count")
    let known = try known(result).values(image, kind)
    if values != nil || capacity != 0 {
      let target = try library.pointer(values, "values")
      guard capacity >= known.count else {
        throw Interface.error(
          "capacity", "at least \(known.count)", "\(UInt(bitPattern: capacity))")
      }
      target.update(from: known, count: known.count)
    }
    number.pointee = known.count
  }
}

/// See vitrun.h.
@_cdecl("vitrun_result_top")
public func top(
  _ result: vitrun_result, _ image: Int, _ classes: UnsafeMutablePointer<vitrun_class>?,
  _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> vitrun_status {
  library.call {
    let number = try library.pointer(count, "count")
    let target = try library.pointer(classes, "classes")
    let results = try known(result)
    let logits = try results.values(image, vitrun_kinds(VITRUN_LOGITS))
    let asked = capacity < 0 ? logits.count : min(capacity, logits.count)
    let top = Ranking(logits, by: results.plan.scores, count: asked).top
    for (place, entry) in top.enumerated() {
      target[place] = vitrun_class(index: Int64(entry.index), probability: entry.probability)
    }
    number.pointee = top.count
  }
}

/// See vitrun.h.
@_cdecl("vitrun_result_stages")
public func stages(
  _ result: vitrun_result, _ image: Int,
  _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitrun_status {
  library.call {
    let text = try library.pointer(json, "json")
    let stages: [JSONValue] = try known(result).result(image).stages.map { stage in
      [
        "block": .init(stage.block), "kept": .array(stage.kept.map { .init($0) }),
        "owners": .array(stage.owners.map { $0.map { .init($0) } ?? .null }),
      ]
    }
    text.pointee = try library.give(JSONValue.array(stages).text())
  }
}

/// See vitrun.h.
@_cdecl("vitrun_result_is_fallback")
public func isFallback(
  _ result: vitrun_result, _ image: Int, _ isFallback: UnsafeMutablePointer<Int32>?
) -> vitrun_status {
  library.call {
    let answer = try library.pointer(isFallback, "is_fallback")
    answer.pointee = try known(result).result(image).isFallback ? 1 : 0
  }
}

/// See vitrun.h.
@_cdecl("vitrun_result_close")
public func closeResult(_ result: vitrun_result) -> vitrun_status {
  library.call { try library.close(result, "result", as: Results.self) }
}
