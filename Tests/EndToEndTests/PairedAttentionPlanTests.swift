import Kernels
import TestSupport
import Testing

/// Models of as many tokens as attention in pairs is faster for; ``RecordedRunTests`` and others have fewer.
struct PairedAttentionPlanTests {
  static let forms: [SmallModel.Form] = ["plain", "with tables"].map { name in
    var form = SmallModel.Form(name)
    (form.grid, form.patch, form.width, form.heads, form.depth) = (9, 2, 48, 3, 2)
    form.hasTables = name == "with tables"
    form.hasPositions = !form.hasTables
    return form
  }

  static let names = ["avx2", "avx512", "neon"].filter { name in
    KernelSelection.choices.contains { $0.name == "\(name)-paired" }
  }

  private static func bits(
    _ path: String, _ input: [Float], _ name: String, batch: Int = 1, threads: Int = 1
  ) throws -> [[UInt32]] {
    try BatchRun.logits(
      path, input, images: 3, batch: batch, threads: threads,
      kernels: try KernelSelection.best(requested: name)
    ).map { $0.map(\.bitPattern) }
  }

  @Test(arguments: forms, names)
  func logitsAreThoseOfDirectSums(form: SmallModel.Form, name: String) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    let path = folder.file("plan.bin")
    try model.convert(to: path)
    let input = model.input(images: 3)
    let paired = try Self.bits(path, input, "\(name)-paired")
    let direct = try Self.bits(path, input, "\(name)-direct")
    for (a, b) in zip(paired.joined(), direct.joined()) {
      let (a, b) = (Float(bitPattern: a), Float(bitPattern: b))
      #expect(abs(a - b) <= 1e-5 * max(1, abs(b)))
    }
    #expect(try Self.bits(path, input, "\(name)-paired", batch: 3, threads: 2) == paired)
    #expect(try Self.bits(path, input, "\(Self.names[0])-paired", batch: 2) == paired)
  }
}
