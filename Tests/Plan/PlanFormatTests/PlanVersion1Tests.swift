import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing

/// Plans that vitc 0.1 wrote say what they are and are not run.
struct PlanVersion1Tests {
  /// Written by `tools/reference/version_1_plan.py`.
  private static let path =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    + "/Fixtures/plans/version_1.bin"

  let folder: TemporaryFolder
  let plan: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    plan = try MappedFile(path: Self.path).withBytes { Array($0) }
  }

  private func facts(of bytes: [UInt8]) throws -> FactsVersion1? {
    try PlanVersion1(path: try folder.write(bytes, to: "changed.bin"))?.facts
  }

  @Test func saysWhatTheModelIs() throws {
    let plan = try #require(try PlanVersion1(path: Self.path))
    let facts = plan.facts
    #expect(plan.byteCount == self.plan.count)
    #expect(facts.architecture == "deit_tiny_patch16_224" && facts.family == "DeiT")
    #expect((facts.imageHeight, facts.imageWidth, facts.patchSize) == (4, 4, 2))
    #expect((facts.embedDim, facts.depth, facts.heads) == (8, 1, 2))
    #expect((facts.classes, facts.prefixTokens) == (3, 1))
    #expect(facts.mean == [0.5, 0.25, 0.125] && facts.standardDeviation == [1, 2, 4])
    #expect(facts.cropShare == 0.875 && facts.interpolation == .bilinear)
    #expect(
      facts.provenance.map(\.key) == [
        "family", "heads", "epsilon", "mean", "std", "crop_pct", "interpolation", "source",
      ])
    #expect(facts.provenance.last?.source == "safetensors, 4896 bytes, xxh64 73b13c9b096ed4c6")
  }

  @Test func isNotRun() throws {
    let error = try #require(throws: InputError.self) { try Plan(path: Self.path) }
    #expect(error == (try PlanVersion1(path: Self.path))?.refusal && error.kind == .unsupported)
    #expect(
      error.description == Self.path
        + ": version: expected plan version \(PlanLayout.version), found 1, "
        + "written by vitc 0.1: make it anew with vitc convert CHECKPOINT -o PLAN")
  }

  @Test func otherFilesAreNone() throws {
    var later = plan
    later[8] = 2
    for bytes in [later, [], Array(plan[..<11]), Array("VITPLAX\u{0}\u{1}\u{0}\u{0}\u{0}".utf8)] {
      #expect(try facts(of: bytes) == nil)
    }
    #expect(try PlanVersion1(path: "/") == nil)
  }

  @Test func everyTruncationIsRefused() throws {
    for length in 12..<plan.count {
      #expect(throws: InputError.self, "\(length) bytes") { try facts(of: Array(plan[..<length])) }
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    // Weights have checksums in a table that is not read; other versions and magics are other files.
    let weights = try #require(PlanSeal.range(of: .weights, in: plan))
    for byte in plan.indices where byte >= 12 && !weights.contains(byte) {
      var flipped = plan
      flipped[byte] ^= 1 << UInt8(byte % 8)
      #expect(throws: InputError.self, "byte \(byte)") { try facts(of: flipped) }
    }
  }

  @Test func anyFactsAreShownOrRefused() throws {
    let place = try #require(PlanSeal.range(of: .facts, in: plan))
    var (shown, refused) = (0, 0)
    for bit in place.lowerBound * 8..<place.upperBound * 8 {
      var flipped = plan
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      PlanSeal.seal(&flipped)
      do {
        let facts = try #require(try facts(of: flipped))
        // What is shown can be written as JSON.
        let isFinite = (facts.mean + facts.standardDeviation).allSatisfy { $0.isFinite }
        #expect(isFinite)
        shown += 1
      } catch is InputError {
        refused += 1
      }
    }
    #expect(shown > 1000 && refused > 1000, "\(shown) shown, \(refused) refused")
  }
}
