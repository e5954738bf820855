internal import CInterface
public import CVitrun
internal import PlanFormat
internal import PlanReport
internal import ViTRuntime

/// See vitrun.h.
@_cdecl("vitrun_plan_open")
public func openPlan(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?,
  _ plan: UnsafeMutablePointer<vitrun_plan>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(plan, "plan")
    let path = try library.path(path, "path")
    var options = try OptionReader(options)
    let mapping = try options.flag("mapping", or: true)
    try options.finish()
    result.pointee = library.handle(of: try Plan(path: path, mapping: mapping))
  }
}

/// See vitrun.h.
@_cdecl("vitrun_plan_open_memory")
public func openPlan(
  _ bytes: UnsafeRawPointer?, _ count: Int, _ name: UnsafePointer<CChar>?,
  _ plan: UnsafeMutablePointer<vitrun_plan>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(plan, "plan")
    let bytes = try library.array(
      try library.pointer(bytes, "bytes").assumingMemoryBound(to: UInt8.self), count: count,
      "count")
    result.pointee = library.handle(
      of: try Plan(
        copying: UnsafeRawBufferPointer(bytes), name: library.path(name, or: "plan in memory")))
  }
}

/// See vitrun.h.
@_cdecl("vitrun_plan_close")
public func closePlan(_ plan: vitrun_plan) -> vitrun_status {
  library.call { try library.close(plan, "plan", as: Plan.self) }
}

private func known(_ plan: vitrun_plan) throws -> Plan {
  try library.object(plan, "plan", as: Plan.self)
}

/// See vitrun.h.
@_cdecl("vitrun_plan_get_info")
public func planInfo(
  _ plan: vitrun_plan, _ info: UnsafeMutablePointer<vitrun_plan_info>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(info, "info")
    let plan = try known(plan)
    let size = plan.inputSize
    result.pointee = vitrun_plan_info(
      height: Int64(size.height), width: Int64(size.width), classes: Int64(plan.classCount),
      features: Int64(plan.featureCount), labels: Int64(plan.labels.count),
      patches: Int64(plan.patchCount), sigmoid: plan.scores == .sigmoid ? 1 : 0,
      combined: plan.fallback == nil ? 0 : 1)
  }
}

/// See vitrun.h.
@_cdecl("vitrun_plan_label")
public func planLabel(
  _ plan: vitrun_plan, _ index: Int64, _ label: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(label, "label")
    let plan = try known(plan)
    guard (0..<Int64(plan.classCount)).contains(index) else {
      throw Interface.error("index", "a class, below \(plan.classCount)", "\(index)")
    }
    result.pointee = try library.give(plan.label(Int(index)))
  }
}

/// See vitrun.h.
@_cdecl("vitrun_plan_inspect")
public func inspectPlan(
  _ plan: vitrun_plan, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitrun_status {
  library.call {
    let result = try library.pointer(json, "json")
    let summary = PlanSummary(try known(plan).file, nil, isFallback: false)
    result.pointee = try library.give(summary.json.text())
  }
}
