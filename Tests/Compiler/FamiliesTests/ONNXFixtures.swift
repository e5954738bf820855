import Checkpoints
import Families
import JSON
import ModelGraph
import Tensors
import TestSupport
import Testing

/// The files of `Tests/Fixtures/onnx`, which `tools/reference/onnx_fixtures.py` writes.
enum ONNXFixtures {
  typealias Case = ImportFixtures.Case

  static let folder = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/Fixtures/onnx"
  }()

  static let cases = ImportFixtures.list("cases", in: folder)
  static let refused = ImportFixtures.list("refused", in: folder)

  /// The file with what lies beside it, imported.
  static func imported(_ item: Case) throws -> ImportedModel { try item.imported(from: folder) }

  /// A tensor of onnxruntime's or PyTorch's results.
  static func expected(_ name: String) throws -> [Float] {
    let file = try Checkpoint.open("\(folder)/expected.safetensors")
    return try #require(file.tensors[name], "\(name)").float32Values()
  }
}
