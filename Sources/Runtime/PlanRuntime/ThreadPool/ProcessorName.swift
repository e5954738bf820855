/// The name of the first processor as the system gives it; on ARM the numbers of its maker and part, as there is no name.
package func processorName() -> String? {
  guard let text = readText("/proc/cpuinfo") else { return nil }
  var values: [Substring: String] = [:]
  for line in text.split(separator: "\n") {
    let fields = line.split(separator: ":", maxSplits: 1)
    guard fields.count == 2, let key = fields[0].split(separator: "\t").first else { continue }
    values[key] = values[key] ?? fields[1].split(separator: " ").joined(separator: " ")
  }
  if let name = values["model name"] { return name }
  guard let maker = values["CPU implementer"], let part = values["CPU part"] else { return nil }
  return "implementer \(maker), part \(part)"
}
