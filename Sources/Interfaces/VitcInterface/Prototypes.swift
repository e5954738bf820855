internal import CVitc

/// Does not compile where a function is not what vitc.h says.
private func compareWithHeader() {
  func same<Function>(_ header: Function, _ implementation: Function) {}
  same(vitc_last_error, lastError)
  same(vitc_version, version)
  same(vitc_abi_version, abiVersion)
  same(vitc_free, free)
  same(vitc_convert, convert)
  same(vitc_convert_tensors, convert)
  same(vitc_rewrite, rewrite)
  same(vitc_quantize, quantize)
  same(vitc_search, search)
  same(vitc_export, export)
  same(vitc_inspect, inspect)
  same(vitc_verify, verify)
}
