internal import CInterface
public import CVitc
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTSearch

/// See vitc.h.
@_cdecl("vitc_quantize")
public func quantize(
  _ plan: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let plan = try library.path(plan, "plan")
    let output = try library.path(output, "output")
    var reader = try OptionReader(options)
    let kept = try reader.array("keep_f32", "an array of names", \.string) ?? []
    let folder = try reader.path("check")
    try reader.finish()
    let file = try PlanFile(path: plan)
    var messages: [Message] = []
    let check = try QuantizationReport.quantize(
      file, keeping: kept, to: output, checkedOn: folder
    ) { messages.append(note($0, $1)) }
    let result = try PlanFile(path: output)
    let members: [JSONMember] = [
      .init("bytes", .init(result.byteCount)), .init("original_bytes", .init(file.byteCount)),
      .init("int8_weights", .init(result.weights(of: .int8).count)),
    ]
    try give(
      .object(members + (check?.members ?? []) + [.init("notes", notes(messages))]), to: report)
  }
}

extension QuantizationReport {
  /// What a report has of a check.
  fileprivate var members: [JSONMember] {
    var members: [JSONMember] = [
      .init("images", .init(comparison.count)), .init("skipped", .init(skipped)),
      .init("agreement", .init(comparison.agreement)), .init("kl", .init(comparison.divergence)),
    ]
    if labelled > 0 {
      func share(_ part: Int) -> JSONValue { .init(Double(part) / Double(labelled)) }
      members += [
        .init("labelled", .init(labelled)), .init("top1", share(correct.quantized)),
        .init("original_top1", share(correct.original)),
      ]
    }
    let layers = layers.map { layer in
      JSONValue.object([
        .init("name", .string(PathText.repaired(layer.name))), .init("kl", .init(layer.divergence)),
      ])
    }
    return members + [.init("layers", .array(layers))]
  }
}
