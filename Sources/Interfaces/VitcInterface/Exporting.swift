internal import CInterface
public import CVitc
internal import JSON
internal import ONNXExport
internal import PlanFormat
internal import Tensors
internal import ViTCompiler

/// See vitc.h.
@_cdecl("vitc_export")
public func export(
  _ plan: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let plan = try library.path(plan, "plan")
    let output = try library.path(output, "output")
    let options = try ExportOptions(text: options)
    let file = try PlanFile(path: plan)
    let result = try PlanCompiler.export(file, options, to: output)
    try give(
      [
        "nodes": .init(result.nodes),
        "data": result.dataPath.map { .string(PathText.repaired($0)) } ?? .null,
        "notes": notes(result.note(on: file).map { [$0] } ?? []),
      ], to: report)
  }
}

extension ExportOptions {
  fileprivate init(text: UnsafePointer<CChar>?) throws {
    self.init()
    var reader = try OptionReader(text)
    let versions = Self.opsets
    opset = try reader.integer("opset", in: versions) ?? opset
    let count = try reader.integer("batch", in: 1...Self.largestBatch)
    let isDynamic = try reader.flag("dynamic_batch")
    batch = isDynamic ? .dynamic : .fixed(count ?? 1)
    isBase = try reader.flag("base")
    isFallback = try reader.flag("dense")
    hasExternalData = try reader.flag("external_data")
    dequantizes = try reader.flag("dequantize")
    try reader.finish()
    guard count == nil || !isDynamic else {
      throw OptionReader.error("batch", "it or dynamic_batch", "both")
    }
    guard !isBase || !isFallback else {
      throw OptionReader.error("base", "it or dense", "both")
    }
  }
}
