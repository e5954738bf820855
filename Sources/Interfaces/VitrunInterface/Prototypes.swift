internal import CVitrun

/// Does not compile where a function is not what vitrun.h says.
private func compareWithHeader() {
  func same<Function>(_ header: Function, _ implementation: Function) {}
  same(vitrun_last_error, lastError)
  same(vitrun_version, version)
  same(vitrun_abi_version, abiVersion)
  same(vitrun_free, free)
  same(vitrun_plan_open, openPlan)
  same(vitrun_plan_open_memory, openPlan)
  same(vitrun_plan_close, closePlan)
  same(vitrun_plan_get_info, planInfo)
  same(vitrun_plan_label, planLabel)
  same(vitrun_plan_inspect, inspectPlan)
  same(vitrun_session_open, openSession)
  same(vitrun_session_close, closeSession)
  same(vitrun_session_run, run)
  same(vitrun_session_run_values, runValues)
  same(vitrun_session_run_images, run)
  same(vitrun_result_images, imageCount)
  same(vitrun_result_values, values)
  same(vitrun_result_top, top)
  same(vitrun_result_stages, stages)
  same(vitrun_result_is_fallback, isFallback)
  same(vitrun_result_close, closeResult)
}
