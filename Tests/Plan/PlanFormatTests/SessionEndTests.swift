import PlanRuntime
import TestSupport
import Testing

struct SessionEndTests {
  /// Threads may still read the weights when a session ends before its first run, and the plan with it.
  @Test func aSessionMayEndBeforeItsFirstRun() throws {
    let folder = try TemporaryFolder()
    var form = SmallModel.Form("early")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (96, 2, 4, 384, 4)
    (form.patch, form.classes) = (2, 2)
    try SmallModel(form, in: folder).convert(to: folder.file("plan.bin"))
    for _ in 0..<20 {
      let plan = try Plan(path: folder.file("plan.bin"))
      // Checks the weights, so that the second session only prepares.
      try Session(plan: plan, threadCount: 2).waitUntilVerified()
      _ = try Session(plan: plan, threadCount: 2)
    }
  }
}
