internal import CLibrary

/// Processors that this process may use: those of its affinity mask, at most as many as its control
/// group's quota pays for, rounded to the nearest; at least 1.
package func availableProcessorCount() -> Int {
  let processors = affinityCount() ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  guard let quota = controlGroupQuota() else { return processors }
  return max(1, min(processors, Int(min(quota, 65_536).rounded())))
}

/// Processors in the affinity mask, as the system lists them: `0-3,8`.
private func affinityCount() -> Int? {
  guard let status = readText("/proc/self/status") else { return nil }
  let label = "Cpus_allowed_list:"
  guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else {
    return nil
  }
  let list = line.dropFirst(label.utf8.count).drop(while: \.isWhitespace)
  var count = 0
  for range in list.split(separator: ",") {
    let ends = range.split(separator: "-").compactMap { Int($0) }
    guard let first = ends.first, let last = ends.last, (0...last).contains(first) else {
      return nil
    }
    count += last - first + 1
  }
  return count > 0 ? count : nil
}

/// The smallest processor quota among this process's control group and its parents.
private func controlGroupQuota() -> Double? {
  guard let groups = readText("/proc/self/cgroup") else { return nil }
  var smallest: Double?
  for line in groups.split(separator: "\n") {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { continue }
    let isUnified = fields[0] == "0" && fields[1].isEmpty
    guard isUnified || fields[1].split(separator: ",").contains("cpu") else { continue }
    let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(fields[1])"
    var path = fields[2]
    while true {
      let folder = path == "/" ? root : "\(root)\(path)"
      if let quota = isUnified ? unifiedQuota(folder) : legacyQuota(folder) {
        smallest = min(smallest ?? quota, quota)
      }
      guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
      path = slash == path.startIndex ? "/" : path[..<slash]
    }
  }
  return smallest
}

/// `cpu.max`: `QUOTA PERIOD` or `max PERIOD`.
private func unifiedQuota(_ folder: String) -> Double? {
  guard let text = readText("\(folder)/cpu.max") else { return nil }
  let words = text.split(whereSeparator: \.isWhitespace)
  guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]) else { return nil }
  return ratio(quota, period)
}

/// `cpu.cfs_quota_us`, -1 for none, and `cpu.cfs_period_us`.
private func legacyQuota(_ folder: String) -> Double? {
  guard let quota = readInteger("\(folder)/cpu.cfs_quota_us"),
    let period = readInteger("\(folder)/cpu.cfs_period_us")
  else { return nil }
  return ratio(quota, period)
}

private func ratio(_ quota: Int, _ period: Int) -> Double? {
  quota > 0 && period > 0 ? Double(quota) / Double(period) : nil
}

private func readInteger(_ path: String) -> Int? {
  guard let text = readText(path) else { return nil }
  return text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
}

/// The first 4096 bytes of a file.
func readText(_ path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = read(file, &bytes, bytes.count)
  guard count > 0 else { return nil }
  return String(decoding: bytes[..<count], as: UTF8.self)
}
