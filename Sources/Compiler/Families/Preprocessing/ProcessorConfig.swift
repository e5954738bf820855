internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Tensors

/// transformers' `preprocessor_config.json`, or that part of a `processor_config.json`. Making one checks that every key
/// is used or known to change nothing.
struct ProcessorConfig {
  let path: String
  private let json: JSONValue
  private let kind: ProcessorClass

  /// Whether the class was taken from the model's type.
  let isClassAssumed: Bool

  /// - Parameter fallback: the class where the file names none.
  init(_ companion: Checkpoint.Companion, fallback: String?) throws {
    path = companion.path
    // Beside it stands what concerns texts.
    json = companion.json["image_processor"] ?? companion.json
    guard let members = json.members else {
      throw InputError(
        file: path, field: "preprocessor", expected: "a JSON object", found: json.kind)
    }
    try ProcessorKeys.all.check(members, place: "", file: path)
    let named = [json["image_processor_type"], json["feature_extractor_type"]]
      .compactMap { $0 == .null ? nil : $0 }.first
    isClassAssumed = named == nil
    guard let name = named.map(\.string) ?? fallback else {
      throw InputError(
        file: path, field: "image_processor_type", expected: "the name of an image processor",
        found: named?.kind ?? "none, and no model_type that has one")
    }
    guard let known = ProcessorClass.named(name) else {
      throw InputError(
        .unsupported, file: path, field: "image_processor_type",
        expected: ProcessorClass.names.joined(separator: ", "),
        found: "\(name), which is not supported")
    }
    kind = known
  }

  /// The class's own values for a model without a file.
  init(classNamed name: String, path: String) throws {
    try self.init(
      Checkpoint.Companion(path: path, json: ["image_processor_type": .string(name)]), fallback: nil
    )
  }

  /// The class that is in force.
  var className: String { kind.name }

  /// As ``ProcessorClass/resizesNumbers``.
  var resizesNumbers: Bool { kind.resizesNumbers }

  /// The extents that the class's own values end in.
  var ownSize: (height: Int, width: Int) {
    let side = kind.crop ?? kind.size
    return (side, side)
  }

  /// How images come to a model that reads these extents.
  ///
  /// - Parameter scale: the extents that the file is written for, where another size was asked for; the
  ///   resize keeps its proportion to the crop.
  /// - Throws: `InputError` if images do not end in the model's size, naming both.
  func facts(height: Int, width: Int, insteadOf scale: (height: Int, width: Int)?) throws
    -> PreprocessFacts
  {
    var facts = try samples()
    let model = (scale?.height ?? height, scale?.width ?? width)
    var end: (Int, Int)?
    if try flag("do_resize", true) {
      let size = try self.size()
      switch size {
      case .both(let height, let width):
        guard kind.cropShare == nil else {
          throw fail("size", "shortest_edge, as \(kind.name) has it", json["size"])
        }
        (facts.resize, facts.resizeHeight, facts.resizeWidth) = (.squash, height, width)
        end = (height, width)
      case .shortest(let own):
        // ConvNeXT's rule is one of the size that is asked for.
        let edge = kind.cropShare != nil && scale != nil ? min(height, width) : own
        if kind.cropShare != nil, scale != nil, (own, own) != model {
          throw fail("size", "the checkpoint's \(model.0) x \(model.1)", json["size"])
        }
        (facts.resize, facts.resizeHeight, facts.resizeWidth) = (.shortestEdge, edge, edge)
        if kind.cropShare != nil {
          if edge < 384 {
            let share = try cropShare()
            let resized = Int(Double(edge) / share)
            (facts.resizeHeight, facts.resizeWidth) = (resized, resized)
            facts.crop = .transformers
          } else {
            facts.resize = .squash
          }
          end = (edge, edge)
        }
      }
    }
    let resized = end
    if try flag("do_center_crop", kind.crop != nil) {
      let crop = try cropSize()
      if facts.crop != .none, let end, end != crop {
        throw fail("crop_size", "\(end.0) x \(end.1), as size has it", json["crop_size"])
      }
      facts.crop = .transformers
      end = crop
    }
    if let end, end != (kind.cropShare != nil && scale != nil ? (height, width) : model) {
      throw InputError(
        file: path, field: facts.crop == .none ? "size" : "crop_size",
        expected: "images of the model's \(model.0) x \(model.1)", found: "\(end.0) x \(end.1)")
    }
    if end == nil, facts.resize == .shortestEdge, facts.resizeHeight != min(model.0, model.1) {
      throw InputError(
        file: path, field: "size", expected: "the model's \(model.0) x \(model.1)",
        found: "a shortest edge of \(facts.resizeHeight) without a crop")
    }
    if kind.resizesNumbers { try checkNumbers(facts, cropFrom: resized) }
    if scale != nil, kind.cropShare == nil {
      facts.resizeHeight = facts.resizeHeight * height / model.0
      facts.resizeWidth = facts.resizeWidth * width / model.1
    }
    return facts
  }

  /// Throws where numbers that are resized and cropped differ from samples that are by more than rounding: by a filter
  /// that leaves the range of samples, which are cut off at its ends, and by a border that is added.
  private func checkNumbers(_ facts: PreprocessFacts, cropFrom resized: (Int, Int)?) throws {
    guard ![.bicubic, .lanczos].contains(facts.interpolation) || facts.resize == .none else {
      throw InputError(
        .unsupported, file: path, field: "resample",
        expected: "a filter of \(kind.name) that stays within the samples, e.g. 2",
        found: "\(facts.interpolation.word)")
    }
    guard facts.crop != .none else { return }
    let crop = try cropSize()
    guard let resized, resized.0 >= crop.0, resized.1 >= crop.1 else {
      throw InputError(
        .unsupported, file: path, field: "do_center_crop",
        expected: "a crop of \(kind.name) from images that are resized to its size or more",
        found: resized.map { "\(crop.0) x \(crop.1) of \($0.0) x \($0.1)" } ?? "images of any size")
    }
  }

  /// What happens to samples: filter, alpha, scale and normalisation, without a geometry.
  func samples() throws -> PreprocessFacts {
    var facts = PreprocessFacts()
    (facts.resize, facts.resizeHeight, facts.resizeWidth, facts.crop) = (.none, 0, 0, .none)
    facts.interpolation = try interpolation()
    facts.alpha = try flag("do_convert_rgb", kind.convertsToRGB) ? .onWhite : .drop
    facts.rescale = .multiply
    facts.rescaleFactor = try flag("do_rescale", true) ? try rescaleFactor() : 1
    if try flag("do_normalize", true) {
      facts.mean = try numbers("image_mean", kind.mean)
      facts.standardDeviation = try numbers("image_std", kind.standardDeviation)
    } else {
      (facts.mean, facts.standardDeviation) = ([0, 0, 0], [1, 1, 1])
    }
    return facts
  }

  // MARK: - Values; what a file leaves out is the class's own

  private enum Size {
    case both(Int, Int)
    case shortest(Int)
  }

  /// As in transformers, null turns off, and does not stand for the class's own.
  private func flag(_ name: String, _ fallback: Bool) throws -> Bool {
    guard let value = json[name] else { return fallback }
    if value == .null { return false }
    guard let flag = value.boolean else { throw fail(name, "true or false", value) }
    return flag
  }

  private func size() throws -> Size {
    guard let value = json["size"] else {
      return kind.isSquare ? .both(kind.size, kind.size) : .shortest(kind.size)
    }
    if value.integer != nil {
      let side = try side(value, "size")
      return try flag("default_to_square", kind.numberIsSquare)
        ? .both(side, side) : .shortest(side)
    }
    if let pair = try pair(value, "size") { return .both(pair.0, pair.1) }
    let members = value.members?.filter { $0.value != .null }
    if members?.count == 1, let edge = value["shortest_edge"], edge != .null {
      return .shortest(try side(edge, "size.shortest_edge"))
    }
    throw fail("size", "a number, height and width, or shortest_edge", value)
  }

  private func cropSize() throws -> (Int, Int) {
    guard let value = json["crop_size"] else {
      let side = kind.crop ?? 224
      return (side, side)
    }
    if value.integer != nil {
      let side = try side(value, "crop_size")
      return (side, side)
    }
    guard let pair = try pair(value, "crop_size") else {
      throw fail("crop_size", "a number, or height and width", value)
    }
    return pair
  }

  /// `{"height", "width"}` or `[height, width]`; nil for anything else.
  private func pair(_ value: JSONValue, _ field: String) throws -> (Int, Int)? {
    if let elements = value.elements, elements.count == 2 {
      return (try side(elements[0], field), try side(elements[1], field))
    }
    let members = value.members?.filter { $0.value != .null }
    guard members?.count == 2, let height = value["height"], let width = value["width"],
      height != .null, width != .null
    else { return nil }
    return (try side(height, "\(field).height"), try side(width, "\(field).width"))
  }

  private func side(_ value: JSONValue, _ field: String) throws -> Int {
    guard let side = value.integer, (1...65536).contains(side) else {
      throw fail(field, "a side from 1 to 65536", value)
    }
    return side
  }

  private func cropShare() throws -> Double {
    guard let value = json["crop_pct"] else { return kind.cropShare ?? 1 }
    guard let share = value.double, share > 0.05, share <= 4 else {
      throw fail("crop_pct", "a share in (0.05, 4]", value)
    }
    return share
  }

  private func interpolation() throws -> PreprocessFacts.Interpolation {
    guard let value = json["resample"] else { return kind.interpolation }
    guard let code = value.integer, (0...5).contains(code),
      let known = PreprocessFacts.Interpolation(rawValue: UInt8(code))
    else { throw fail("resample", "one of Pillow's filters, 0 to 5", value) }
    return known
  }

  private func rescaleFactor() throws -> Double {
    guard let value = json["rescale_factor"] else { return 1.0 / 255 }
    guard let factor = value.double, factor.isFinite, factor > 0, factor <= 1e6 else {
      throw fail("rescale_factor", "a positive number", value)
    }
    return factor
  }

  private func numbers(_ name: String, _ fallback: [Float]) throws -> [Float] {
    guard let value = json[name] else { return fallback }
    if let one = value.double, Float(one).isFinite {
      return [Float](repeating: Float(one), count: 3)
    }
    return try value.channelNumbers(file: path, field: name)
  }

  private func fail(_ field: String, _ expected: String, _ value: JSONValue?) -> InputError {
    InputError(
      file: path, field: field, expected: expected, found: value?.shortText ?? "\(kind.name)'s own")
  }
}

extension JSONValue {
  /// Finite numbers, one for each channel.
  func channelNumbers(file: String, field: String) throws -> [Float] {
    let numbers = (elements ?? []).compactMap(\.double)
    guard PreprocessFacts.channelCounts.contains(numbers.count), elements?.count == numbers.count,
      numbers.allSatisfy({ Float($0).isFinite })
    else {
      throw InputError(
        file: file, field: field, expected: "a number for each channel", found: shortText)
    }
    return numbers.map { Float($0) }
  }
}
