import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Every bit of small plans is flipped, with the checksums as they were and with checksums made
/// right again: then the structural rules are all that stands between the file and the kernels.
struct FlippedBitTests {
  let folder: TemporaryFolder
  let plans: [(name: String, bytes: [UInt8])]

  /// Plans that ask for more than this are sound, but not executed here.
  private static let largestArena = 1 << 22

  init() throws {
    folder = try TemporaryFolder()
    plans = try SmallPlan.all(in: folder)
  }

  private enum Outcome { case refused, opened, ran }

  /// What `vitc verify` and then `vitrun` would make of the bytes.
  private func outcome(of bytes: [UInt8]) throws -> Outcome {
    let path = try folder.write(bytes, to: "flipped.bin")
    do {
      let plan = try Plan(path: path)
      for index in plan.file.constants.indices { try plan.file.verifyConstant(index) }
      _ = try? PlanCompiler.verifyProgram(of: plan.file)
      for plan in [plan, plan.fallback?.plan].compactMap(\.self) {
        guard plan.program.arenaBytes <= Self.largestArena else { return .opened }
        let session = try Session(plan: plan, threadCount: 1)
        let output = plan.program.outputs[0]
        let values = try session.run(images: 1) {
          $0.update(repeating: 0.5)
        } read: {
          try $0.output(output.role, image: 0)
        }
        let isLogits = output.role == .logits
        #expect(
          values.count
            == (isLogits ? plan.classCount : plan.program.buffers[output.rows.buffer].columns))
      }
      return .ran
    } catch is InputError {
      return .refused
    }
  }

  @Test func everyBitBehindAChecksum() throws {
    for (name, plan) in plans where ["dense", "int8"].contains(name) {
      for bit in 0..<plan.count * 8 {
        var flipped = plan
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(try outcome(of: flipped) == .refused, "\(name), bit \(bit)")
      }
    }
  }

  @Test func everyTruncation() throws {
    for (name, plan) in plans {
      for length in 0..<plan.count {
        #expect(try outcome(of: Array(plan[..<length])) == .refused, "\(name), \(length) bytes")
      }
    }
  }

  @Test(arguments: Array(0..<10) + [14, 15, 16])
  func everyBitWithNewChecksums(number: Int) throws {
    let plan = plans[number].bytes
    let weights = PlanSeal.range(of: .weights, in: plan) ?? 0..<0
    var ran = 0
    for bit in 0..<plan.count * 8 {
      // Every bit of the dense plan, one of each byte of the others. Weights are values that any bits
      // may stand for, but for int8: one bit of each byte of the dense plan's and of that one's.
      let isSampled = bit % 8 == bit / 8 % 8
      let hasSampledWeights = number == 0 || plans[number].name == "int8"
      if weights.contains(bit / 8) ? !hasSampledWeights || !isSampled : number > 0 && !isSampled {
        continue
      }
      var flipped = plan
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      PlanSeal.seal(&flipped)
      if try outcome(of: flipped) == .ran { ran += 1 }
    }
    #expect(ran > 0, "some flips leave a sound plan")
  }

  @Test func sealedPlansAreAsTheyWere() throws {
    for (name, plan) in plans {
      var sealed = plan
      PlanSeal.seal(&sealed)
      #expect(sealed == plan, "\(name)")
      #expect(try outcome(of: plan) == .ran, "\(name)")
    }
  }
}
