import Checkpoints
import Families
import Tensors
import Testing

/// Options that no model can have, whoever sets them.
struct ImportOptionTests {
  @Test func preprocessingThatNoImageCanHaveIsRefused() throws {
    let folder = "\(#filePath.split(separator: "/").dropLast(3).joined(separator: "/"))/Fixtures"
    let checkpoint = try Checkpoint.open("/\(folder)/variants/deit")
    let wrong: [(ImportOption, (inout ImportOptions) -> Void)] = [
      (.cropFraction, { $0.cropFraction = 0 }), (.cropFraction, { $0.cropFraction = .nan }),
      (.cropFraction, { $0.cropFraction = 5 }), (.mean, { $0.mean = [0, 0] }),
      (.mean, { $0.mean = [0, 0, .infinity] }),
      (.standardDeviation, { $0.standardDeviation = [1, 1] }),
      (.standardDeviation, { $0.standardDeviation = [1, 1, 0] }),
      (.standardDeviation, { $0.standardDeviation = [1, 1, .nan] }),
    ]
    for (option, set) in wrong {
      var options = ImportOptions()
      set(&options)
      let error = #expect(throws: InputError.self) {
        try ModelImporter.importModel(checkpoint, options: options)
      }
      #expect(error?.subject == .option(option))
    }
    _ = try ModelImporter.importModel(checkpoint, options: ImportOptions())
  }
}
