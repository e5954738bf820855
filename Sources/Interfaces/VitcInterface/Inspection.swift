internal import CInterface
public import CVitc
internal import PlanFormat
internal import PlanReport
internal import ViTCompiler

/// See vitc.h.
@_cdecl("vitc_inspect")
public func inspect(
  _ plan: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?,
  _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let report = try library.pointer(report, "report")
    let path = try library.path(plan, "plan")
    var reader = try OptionReader(options)
    let dense = try reader.flag("dense")
    try reader.finish()
    if !dense, let former = try PlanVersion1(path: path) {
      return try give(Version1Summary(plan: former).json, to: report)
    }
    let file = try PlanFile(path: path)
    let graph =
      try dense ? PlanCompiler.fallbackGraph(of: file) : PlanCompiler.executableGraph(of: file)
    try give(PlanSummary(file, graph, isFallback: dense).json, to: report)
  }
}

/// See vitc.h.
@_cdecl("vitc_verify")
public func verify(_ plan: UnsafePointer<CChar>?) -> vitc_status {
  library.call {
    let file = try PlanFile(path: try library.path(plan, "plan"))
    for index in file.constants.indices { try file.verifyConstant(index) }
    try PlanCompiler.verifyProgram(of: file)
  }
}
