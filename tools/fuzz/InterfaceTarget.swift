import CVitrun
import CLibrary
import JSON
import TestSupport

/// Plans through libvitrun, as a program in C runs them: opened from memory, shown, and run if they are sound. The
/// library is the one that was built, with its own copy of Swift inside.
struct InterfaceTarget: Target {
  /// Plans that ask for more than this per image are sound, but not executed here.
  private static let largestArena = 1 << 22

  private let plans: PlanTarget
  private let library: Functions

  init(in folder: TemporaryFolder) throws {
    plans = try PlanTarget(in: folder, use: .execution)
    library = try Functions()
  }

  var corpus: [[UInt8]] { plans.corpus }

  func mutate(_ plan: inout [UInt8], _ source: inout RandomSource) { plans.mutate(&plan, &source) }

  func check(_ input: [UInt8]) throws -> Bool {
    var plan: vitrun_plan = 0
    let status = input.withUnsafeBytes {
      library.open($0.baseAddress, $0.count, "plan.bin", &plan)
    }
    guard try isDone(status) else { return false }
    defer { _ = library.closePlan(plan) }
    var info = vitrun_plan_info()
    try must(library.info(plan, &info))
    let described = try text { library.inspect(plan, $0) }
    let json = try Array(described.utf8).withUnsafeBytes { try JSONParser.parse($0, file: "json") }
    guard let arena = json["activation_bytes_per_image"]?.integer, arena <= Self.largestArena else {
      return true
    }
    var session: vitrun_session = 0
    guard try isDone(library.openSession(plan, #"{"batch": 2, "threads": 1}"#, &session)) else {
      return false
    }
    defer { _ = library.closeSession(session) }
    let count = 2 * 3 * Int(info.height * info.width)
    let tensor = (0..<count).map { Float($0 % 17) - 8 }
    var result: vitrun_result = 0
    guard try isDone(library.run(session, tensor, count, 0, &result)) else { return false }
    defer { _ = library.closeResult(result) }
    for (kind, expected) in [(VITRUN_LOGITS, info.classes), (VITRUN_FEATURES, info.features)]
    where expected > 0 {
      var values = [Float](repeating: 0, count: Int(expected))
      var found = 0
      // A combined plan has no embedding, which its session says.
      guard try isDone(library.values(result, 1, Int32(kind), &values, values.count, &found)) else {
        continue
      }
      guard found == values.count, values.allSatisfy(\.isFinite) else {
        throw Finding(text: "\(found) values of \(expected), or some that are not finite")
      }
    }
    _ = try text { library.stages(result, 1, $0) }
    return true
  }

  private func text(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> vitrun_status
  ) throws -> String {
    var text: UnsafeMutablePointer<CChar>?
    try must(body(&text))
    defer { _ = library.free(text) }
    return text.map { String(cString: $0) } ?? ""
  }

  private func must(_ status: vitrun_status) throws {
    if try !isDone(status) { throw Finding(text: "a function that must not fail: \(status)") }
  }

  /// False for an error, which must be one line with a place.
  private func isDone(_ status: vitrun_status) throws -> Bool {
    guard status != 0 else { return true }
    guard let error = library.lastError()?.pointee, error.kind == status, status < 9,
      let message = error.message.map({ String(cString: $0) }), !message.isEmpty,
      !message.contains(where: \.isNewline), error.field?.pointee ?? 0 != 0,
      error.file != nil || error.option != nil
    else { throw Finding(text: "an error without words, or a fault of the library: \(status)") }
    return false
  }
}

/// The functions that are called, looked up in the library.
private struct Functions {
  typealias Text = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  let lastError: @convention(c) () -> UnsafePointer<vitrun_error>?
  let free: @convention(c) (UnsafeMutablePointer<CChar>?) -> vitrun_status
  let open:
    @convention(c) (
      UnsafeRawPointer?, Int, UnsafePointer<CChar>?, UnsafeMutablePointer<vitrun_plan>?
    ) -> vitrun_status
  let info: @convention(c) (vitrun_plan, UnsafeMutablePointer<vitrun_plan_info>?) -> vitrun_status
  let inspect: @convention(c) (vitrun_plan, Text?) -> vitrun_status
  let closePlan: @convention(c) (vitrun_plan) -> vitrun_status
  let openSession:
    @convention(c) (
      vitrun_plan, UnsafePointer<CChar>?, UnsafeMutablePointer<vitrun_session>?
    ) -> vitrun_status
  let closeSession: @convention(c) (vitrun_session) -> vitrun_status
  let run:
    @convention(c) (
      vitrun_session, UnsafePointer<Float>?, Int, vitrun_kinds, UnsafeMutablePointer<vitrun_result>?
    ) -> vitrun_status
  let values:
    @convention(c) (
      vitrun_result, Int, vitrun_kinds, UnsafeMutablePointer<Float>?, Int,
      UnsafeMutablePointer<Int>?
    ) -> vitrun_status
  let stages: @convention(c) (vitrun_result, Int, Text?) -> vitrun_status
  let closeResult: @convention(c) (vitrun_result) -> vitrun_status

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "/\(root)/.build/release/libvitrun-c.so"
    guard let library = dlopen(path, RTLD_NOW) else {
      throw Finding(text: "\(path): expected a library, found \(String(cString: dlerror()))")
    }
    func find<F>(_ name: String) throws -> F {
      guard let function = dlsym(library, "vitrun_\(name)") else {
        throw Finding(text: "\(path): expected vitrun_\(name), found none")
      }
      return unsafeBitCast(function, to: F.self)
    }
    lastError = try find("last_error")
    free = try find("free")
    open = try find("plan_open_memory")
    info = try find("plan_get_info")
    inspect = try find("plan_inspect")
    closePlan = try find("plan_close")
    openSession = try find("session_open")
    closeSession = try find("session_close")
    run = try find("session_run")
    values = try find("result_values")
    stages = try find("result_stages")
    closeResult = try find("result_close")
  }
}
