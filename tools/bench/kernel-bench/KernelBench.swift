import ArgumentParser
import KernelInterface
import Kernels
import Tensors

@main
struct KernelBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tools/bench/kernels",
    abstract:
      "Time kernels at the extents that models have, beside what the processor can do at that moment.",
    discussion: """
      The limit is a loop of multiply-adds that wait for nothing, measured before and after each run. Shares above \
      100 % are products in pairs, which add beside multiplying, and Winograd's convolutions.
      """)

  @Argument(help: "Only steps whose names contain one of these.")
  var words: [String] = []

  @Option(help: "Numbers of threads, by commas.")
  var threads = "1,2"

  @Option(help: "The kernels, as VITRUN_KERNELS names them.")
  var kernels: String?

  @Option(
    help:
      "Put the shares of the limit into this file; where it has a lower one, that stays: run it several times."
  )
  var record: String?

  @Option(help: "Fail where a share is more than 5 points behind that of this file.")
  var assert: String?

  func run() throws {
    let choice = try KernelSelection.best(requested: kernels)
    let counts = threads.split(separator: ",").map { Int($0) ?? 0 }
    guard !counts.isEmpty, counts.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--threads: expected numbers above 0 by commas, found \(threads)")
    }
    let expected = try assert.map { try ShareRecord(path: $0) }
    var measured = ShareRecord()
    if let record, FileSystem.exists(record) { measured = try ShareRecord(path: record) }
    var (compared, behind) = (0, 0)
    print(Self.line(["\(choice.name) kernels", "threads", "us", "share", ""]))
    for count in counts {
      let timer = StepTimer(choice.set, threads: count)
      for make in Steps.all {
        let memory = StepMemory()
        for step in make(Steps(choice: choice, memory: memory))
        where words.isEmpty || words.contains(where: step.name.contains) {
          let key = ShareRecord.key(kernels: choice.name, threads: count, step: step.name)
          let least = expected?.shares[key].map { $0 - ShareRecord.tolerance }
          var time = timer.measure(step)
          // A neighbour may disturb a whole measurement, seldom three of them.
          for _ in 0..<2 where time.share < least ?? 0 { time = timer.measure(step) }
          if let least {
            compared += 1
            if time.share < least { behind += 1 }
          }
          if step.flops > 0 {
            measured.shares[key] = min(measured.shares[key] ?? .infinity, time.share)
          }
          print(Self.line(step, timer.threads, time, least: least))
        }
        withExtendedLifetime(memory) {}
      }
    }
    try record.map(measured.write(path:))
    guard expected != nil else { return }
    print("\(compared) compared with the record, \(behind) behind")
    guard compared > 0, behind == 0 else { throw ExitCode(1) }
  }

  private static func line(_ step: Step, _ threads: Int, _ time: StepTime, least: Double?) -> String
  {
    let note = least.map {
      (time.share < $0 ? "BEHIND " : "of ") + percent($0 + ShareRecord.tolerance)
    }
    return line([
      step.name, "\(threads)", "\((time.microseconds * 10).rounded() / 10)",
      step.flops > 0 ? percent(time.share) : "", note ?? "",
    ])
  }

  private static func line(_ columns: [String]) -> String {
    let padded = zip(columns, [36, 8, 10, 8, 0]).map {
      $0 + String(repeating: " ", count: max(1, $1 - $0.count))
    }
    return padded.joined()
  }

  private static func percent(_ share: Double) -> String {
    "\(Int((share * 100).rounded())) %"
  }
}
