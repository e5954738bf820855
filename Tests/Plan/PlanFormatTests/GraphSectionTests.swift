import ModelGraph
import PlanFormat
import PlanRuntime
import Records
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// What runs a plan checks the graph that it came from too.
struct GraphSectionTests {
  let folder: TemporaryFolder
  let plans: [(name: String, bytes: [UInt8])]

  init() throws {
    folder = try TemporaryFolder()
    plans = try SmallPlan.all(in: folder)
  }

  /// A change of the dense plan's graph, and where an error must say that it is.
  struct Damage: Sendable, CustomStringConvertible {
    let description: String
    let field: String
    let change: @Sendable (inout GraphRecord) -> Void

    init(
      _ description: String, _ field: String,
      _ change: @escaping @Sendable (inout GraphRecord) -> Void
    ) {
      (self.description, self.field, self.change) = (description, field, change)
    }
  }

  static let damages = [
    Damage("more constants than there are", "constant_count") { $0.constantCount = 10_000 },
    Damage("a negative number of constants", "constant_count") { $0.constantCount = -1 },
    Damage("fewer constants than nodes read", "node ") { $0.constantCount = 1 },
    Damage("no nodes", "outputs") { $0.nodes = [] },
    Damage("no outputs", "outputs") { $0.outputs = [] },
    Damage("an output that no node makes", "outputs") { $0.outputs[0].value = 10_000 },
    Damage("an output twice", "outputs") { $0.outputs.append($0.outputs[0]) },
    Damage("logits of many rows", "output logits") { $0.outputs[0].value = 4 },
    Damage("a negative output", "outputs") { $0.outputs[0].value = -1 },
    Damage("an operand that no node makes", "node 1 (convolution)") { $0.nodes[1].inputs = [.max] },
    Damage("a negative operand", "node 1 (convolution)") { $0.nodes[1].inputs = [.min] },
    Damage("an operand too few", "node 1 (convolution)") { $0.nodes[1].inputs = [] },
    Damage("an operand of another type", "node 1 (flatten)") { $0.nodes[1].op = .flatten },
    Damage("a constant that is not there", "node 1 (convolution)") {
      $0.nodes[1].op = $0.nodes[1].op.mappingConstants { _ in ConstantID(.max) }
    },
    Damage("a constant of another shape", "node 1 (convolution)") {
      $0.nodes[1].op = $0.nodes[1].op.mappingConstants { _ in ConstantID(1) }
    },
    Damage("an image of no height", "node 0 (image)") {
      $0.nodes[0].op = .image(InputImage(channels: 3, height: 0, width: 4))
    },
    Damage("a block beyond all", "node 1 (convolution)") { $0.nodes[1].block = .max },
    Damage("a node of a rewrite", "node 0") { $0.nodes[0].op = .avgPool2x2 },
    Damage("too many nodes", "node 16384") {
      $0.nodes += Array(repeating: $0.nodes[0], count: 16384)
    },
  ]

  @Test(arguments: damages)
  func aGraphThatDoesNotHoldIsRefusedByWhatRunsThePlan(damage: Damage) throws {
    let plan = try PlanFile(path: folder.write(plans[0].bytes, to: "sound.bin"))
    var record = GraphRecord(plan.graph)
    damage.change(&record)
    let path = try folder.write(
      PlanSeal.plan(plans[0].bytes, with: RecordWriter.bytes(of: record), as: .graph),
      to: "damaged.bin")
    let error = #expect(throws: InputError.self) { try Plan(path: path) }
    #expect(error?.file == path)
    #expect(error?.field.hasPrefix("graph, \(damage.field)") == true, "\(error?.field ?? "")")
  }

  @Test func bytesBehindTheGraphAreRefused() throws {
    for (name, bytes) in plans {
      let graph = try #require(PlanSeal.range(of: .graph, in: bytes))
      for section in [Array(bytes[graph]) + [0], Array(bytes[graph].dropLast()), []] {
        let path = try folder.write(
          PlanSeal.plan(bytes, with: section, as: .graph), to: "damaged.bin")
        let error = #expect(throws: InputError.self) { try Plan(path: path) }
        #expect(error?.field.hasPrefix("graph, ") == true, "\(name)")
      }
    }
  }

  /// Whatever bit of it changes: either the plan is refused because of its graph, or the graph holds,
  /// and all that can be wrong with it is that the recipe or the program does not suit it.
  @Test(arguments: 0..<7)
  func aPlanThatOpensHasAGraphThatHolds(number: Int) throws {
    let plan = plans[number].bytes
    var (refused, opened) = (0, 0)
    for position in try #require(PlanSeal.range(of: .graph, in: plan)) {
      for bit in 0..<8 where number == 0 || bit == position % 8 {
        var flipped = plan
        flipped[position] ^= 1 << UInt8(bit)
        PlanSeal.seal(&flipped)
        let path = try folder.write(flipped, to: "flipped.bin")
        do {
          let file = try Plan(path: path).file
          opened += 1
          try file.graph.verify()
          _ = try? PlanCompiler.verifyProgram(of: file)
        } catch let error as InputError {
          refused += 1
          #expect(error.field.hasPrefix("graph, "), "byte \(position): \(error)")
          #expect(throws: error) { try PlanFile(path: path) }
        }
      }
    }
    #expect(refused > 0 && opened > 0)
  }
}
