internal import CInterface
public import CVitc
internal import JSON
internal import KernelInterface
internal import PlanFormat
internal import PlanReport
internal import Tensors
internal import ViTCompiler

/// See vitc.h.
@_cdecl("vitc_convert")
public func convert(
  _ checkpoint: UnsafePointer<CChar>?, _ plan: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let path = try library.path(checkpoint, "checkpoint")
    let plan = try library.path(plan, "plan")
    let conversion = try Conversion(options)
    try give(conversion.run(try Checkpoint.open(path), to: plan), to: report)
  }
}

/// See vitc.h.
@_cdecl("vitc_convert_tensors")
public func convert(
  _ name: UnsafePointer<CChar>?, _ tensors: UnsafePointer<vitc_tensor>?, _ count: Int,
  _ read: vitc_read_tensor?, _ context: UnsafeMutableRawPointer?, _ plan: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let name = try library.path(name, "name")
    let tensors = try library.array(tensors, count: count, "tensors")
    let read = try library.pointer(read, "read")
    let plan = try library.path(plan, "plan")
    let conversion = try Conversion(options)
    var views: [String: TensorView] = [:]
    for (index, tensor) in tensors.enumerated() {
      let argument = TensorArgument(tensor, index, of: name)
      let key = try argument.name()
      let view = try argument.view { read(context, index, $0, $1) }
      guard views.updateValue(view, forKey: key) == nil else {
        throw InputError(file: name, field: key, expected: "each name once", found: "it twice")
      }
    }
    try give(conversion.run(Checkpoint(named: name, tensors: views), to: plan), to: report)
  }
}

/// What the options of a conversion ask for.
private struct Conversion {
  private let options: ImportOptions
  private let labels: [String]?
  private let weights: MatrixElement

  init(_ text: UnsafePointer<CChar>?) throws {
    var reader = try OptionReader(text)
    var options = ImportOptions()
    options.architecture = try reader.text("arch")
    options.heads = try reader.integer("heads", in: 1...(1 << 20))
    options.activation = try reader.text("activation")
    options.pooling = try reader.text("pooling")
    options.epsilon = try reader.number("eps").map { Float($0) }
    options.imageSize = try reader.integer("image_size", in: 1...(1 << 20))
    options.mean = try reader.array("mean", "a number for each channel") {
      $0.double.map { Float($0) }
    }
    options.standardDeviation = try reader.array("std", "a number for each channel") {
      $0.double.map { Float($0) }
    }
    options.cropFraction = try reader.number("crop_pct")
    options.cropMode = try reader.text("crop_mode")
    options.interpolation = try reader.text("interpolation")
    options.method = try reader.text("method")
    options.methodBlocks = try reader.array("layers", "an array of blocks", \.integer)
    options.keepRate = try reader.number("keep")
    options.fusesTokens = try reader.optionalFlag("fuse")
    options.removedTokens = try reader.integer("remove", in: 0...(1 << 24))
    options.varianceThreshold = try reader.number("threshold")
    options.countsSizes = try reader.optionalFlag("size_aware")
    options.gateScale = try reader.number("gate_scale")
    options.gateCenter = try reader.number("gate_center")
    let config = try Self.companion("config", &reader)
    options.config = config
    options.preprocessor = try Self.companion("preprocessor", &reader)
    if let config, config.path != "config" { try options.findPreprocessor(beside: config.path) }
    labels = try reader.array("labels", "an array of texts", \.string)
    weights =
      try reader.choice("weights", of: MatrixElement.allCases.map(\.name)) {
        MatrixElement(name: $0)
      } ?? .float32
    try reader.finish()
    self.options = options
  }

  /// A configuration as an object or the path of one.
  private static func companion(
    _ name: String, _ reader: inout OptionReader
  ) throws -> Checkpoint.Companion? {
    switch reader.value(name) {
    case nil: return nil
    case .string(let path)?:
      return try Checkpoint.Companion(readingFrom: PathText.text(of: Array(path.utf8)))
    case .object(let members)?:
      return Checkpoint.Companion(path: name, json: .object(members))
    case let value?: throw OptionReader.error(name, "a path or an object", value.kind)
    }
  }

  /// - Returns: the report.
  func run(_ checkpoint: Checkpoint, to plan: String) throws -> JSONValue {
    var model = try ModelImporter.importModel(checkpoint, options: options)
    model.recordOrigins(naming: OptionNames.name)
    let names = labels?.map { Label(identifier: $0, name: $0) } ?? model.classLabels
    let nonFinite = try PlanCompiler.convert(
      model, of: checkpoint, labels: names, weights: weights, to: plan)
    return [
      "notes": notes(
        nonFinite.map { Message("\(checkpoint.path): \($0)") }
          + options.unnamed(of: checkpoint).map { Message("using \($0.path)") }
          + model.remarks.map(\.message)
          + model.assumptions.map(\.message))
    ]
  }
}
