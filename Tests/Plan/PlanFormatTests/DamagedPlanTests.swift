import ModelFacts
import PlanFormat
import PlanRuntime
import Records
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// A plan is either whole or refused.
struct DamagedPlanTests {
  let folder: TemporaryFolder
  let plan: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    var form = SmallModel.Form("smallest")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 1, 8, 2)
    (form.patch, form.classes) = (2, 2)
    try SmallModel(form, in: folder).convert(to: folder.file("plan.bin"))
    plan = try folder.read("plan.bin")
  }

  /// Opens a plan as `vitrun` does, weights included.
  private func open(_ bytes: [UInt8]) throws {
    let path = try folder.write(bytes, to: "damaged.bin")
    try Session(plan: try Plan(path: path), threadCount: 1).waitUntilVerified()
  }

  @Test func wholePlanOpens() throws {
    try open(plan)
  }

  @Test func everyTruncationIsRefused() throws {
    for length in 0..<plan.count {
      #expect(throws: InputError.self, "\(length) bytes") { try open(Array(plan[..<length])) }
    }
    #expect(throws: InputError.self) { try open(plan + [0]) }
  }

  @Test func everyFlippedByteIsRefused() throws {
    // One bit of each byte here; tools/hostile tries them all through the commands.
    for position in plan.indices {
      var damaged = plan
      damaged[position] ^= 1 << UInt8(position % 8)
      #expect(throws: InputError.self, "byte \(position)") { try open(damaged) }
    }
  }

  @Test(arguments: [1, 2])
  func everyRunNamesTheDamagedWeight(threads: Int) throws {
    var damaged = plan
    damaged[4096] ^= 1  // the first weight
    let path = try folder.write(damaged, to: "damaged.bin")
    let session = try Session(plan: try Plan(path: path), threadCount: threads)
    for _ in 0..<2 {
      let error = #expect(throws: InputError.self) {
        try session.run(images: 1, fill: { _ in }, read: { _ in })
      }
      #expect(error?.file == path)
      #expect(error?.found.contains("damaged") == true)
    }
  }

  /// What is reserved can mean something later only if nobody writes it now.
  @Test(arguments: [28, 40, 48, 64 + 4, 64 + 24, 64 + 3 * 32 + 4])
  func reservedFieldsAreZero(position: Int) throws {
    var other = plan
    other[position] = 7
    PlanSeal.seal(&other)
    let error = #expect(throws: InputError.self) { try open(other) }
    #expect(error?.expected.hasPrefix("zeros") == true, "\(error?.description ?? "")")
  }

  /// What a newer plan needs is said even where nothing else of it can be read.
  @Test func aNewerPlanSaysWhatItNeeds() throws {
    var origin = PlanOrigin()
    origin.writer = "9.9"
    origin.features = ["int4", "cascades"].map(PlanOrigin.Feature.init)
    var bytes = try RecordWriter.bytes(of: origin)
    bytes += [1, 2, 3]  // a field that joined
    var newer = PlanSeal.plan(plan, with: bytes, as: .origin)
    try expectNewer(newer)
    // One section more, of a kind that is not known.
    let end = PlanLayout.headerSize + 8 * PlanLayout.entrySize
    newer[24] = 8
    newer[end - PlanLayout.entrySize] = 99
    func seal(_ range: Range<Int>, at place: Int) {
      let hash = XXH64.hash(Array(newer[range]))
      newer.replaceSubrange(
        place..<place + 8, with: withUnsafeBytes(of: hash.littleEndian) { Array($0) })
    }
    seal(PlanLayout.headerSize..<end, at: 32)
    seal(0..<56, at: 56)
    try expectNewer(newer)
    // A section more without a feature is damage.
    newer = plan
    newer[24] = 8
    seal(PlanLayout.headerSize..<end, at: 32)
    seal(0..<56, at: 56)
    let error = #expect(throws: InputError.self) { try open(newer) }
    #expect(error?.field == "section count")
  }

  /// A reader without the strategy must be told; one that has it must be able to rely on the list.
  @Test func aPlanListsWhatItsProgramUsesAndNoMore() throws {
    for (name, bytes) in try SmallPlan.all(in: folder) {
      let features = [
        "weighted", "cascade", "tanh", "int8", "prefix", "pooling", "details", "int8Attention",
        "headNorm", "rotaryEmbedding", "gatedActivation", "biasedAttention", "rmsNorm",
        "int8Patches", "methods", "adaptive", "patches", "channels", "packages",
      ]
      let parts = Set(name.split(separator: ", ").map(String.init))
      let used = features.filter(parts.contains)
      for listed in [
        [], ["weighted"], ["weighted", "weighted"], ["cascade"], ["tanh"], ["int8"], ["prefix"],
        ["pooling"],
        ["pooling", "details"], ["details"], ["prefix", "pooling", "details"], ["int8Attention"],
        ["int8Patches"], ["int8", "int8Patches"], ["biasedAttention"], ["rmsNorm"], ["headNorm"],
        ["gatedActivation"], ["headNorm", "rotaryEmbedding", "gatedActivation"], ["methods"],
        ["patches"], ["channels"], ["patches", "channels"], ["channels", "patches"],
        ["adaptive"], ["methods", "adaptive"], ["packages"], ["adaptive", "packages"],
      ] {
        var origin = PlanOrigin()
        origin.writer = "0.2"
        origin.features = listed.map(PlanOrigin.Feature.init)
        let plan = PlanSeal.plan(bytes, with: try RecordWriter.bytes(of: origin), as: .origin)
        if listed == used {
          try open(plan)
        } else {
          let error = #expect(throws: InputError.self, "\(name), \(listed)") { try open(plan) }
          // Of a plan with a section more the number of sections, or its kind, tells it first.
          let sections = [used, listed].map { listedSections($0) }
          let isOfSections =
            error?.field == "section count" || error?.field.hasPrefix("section ") == true
          #expect(
            sections[0] == sections[1] ? error?.field == "origin, features" : isOfSections,
            "\(name), \(listed): \(error?.field ?? "")")
        }
      }
    }
  }

  private func listedSections(_ features: [String]) -> [String] {
    features.filter { ["cascade", "details", "patches"].contains($0) }
  }

  private func expectNewer(_ bytes: [UInt8]) throws {
    let error = #expect(throws: InputError.self) { try open(bytes) }
    #expect(error?.field == "features")
    #expect(error?.found == "one made by a newer vitc (9.9, needs int4, cascades)")
  }

  @Test func aPlanHasOneProgram() throws {
    let program = try PlanFile(path: folder.file("plan.bin"))
    let one = PlanProgram(program.program, recipe: program.recipe)
    for programs in [[], [one, one]] {
      var table = ProgramTable()
      table.programs = programs
      let error = #expect(throws: InputError.self) {
        try open(PlanSeal.plan(plan, with: RecordWriter.bytes(of: table), as: .programs))
      }
      #expect(error?.field == "programs")
    }
  }

  @Test func otherFilesAreNamedAsSuch() throws {
    let error = #expect(throws: InputError.self) { try open(Array("{\"a\": 1}".utf8)) }
    #expect(error?.field == "magic")
  }

  @Test(arguments: [
    (200 as UInt8, "200, from a later vitc; update, or convert again with vitc convert"),
    (1, "1, written by vitc 0.1: make it anew with vitc convert CHECKPOINT -o PLAN"),
    (0, "0: make it anew with vitc convert CHECKPOINT -o PLAN"),
  ])
  func planOfAnotherVersionNamesItAndWhatToDo(version: UInt8, found: String) throws {
    var other = plan
    other[8] = version
    let checksum = XXH64.hash(Array(other[..<56]))
    other.replaceSubrange(56..<64, with: withUnsafeBytes(of: checksum.littleEndian, Array.init))
    let error = #expect(throws: InputError.self) { try open(other) }
    #expect(error?.field == "version" && error?.expected == "plan version 2")
    #expect(error?.found == found)
  }
}
