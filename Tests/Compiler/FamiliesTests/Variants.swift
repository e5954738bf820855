import Checkpoints
import Families
import ModelGraph
import TestSupport

/// The files of `Tests/Fixtures/variants`, which `tools/reference/export_variants.py` writes.
enum Variants {
  /// Written from the same bits of the same model as `of`'s.
  static let exact: [(name: String, of: String)] =
    [
      "wrapped", "deflated", "google", "hugging_face", "hugging_face_5", "torchscript_11",
      "torchscript_14_unfolded", "torchscript_17", "dynamo_18", "dynamo_18_plain", "dynamo_23",
      "transformers_17", "transformers_18", "simplified", "optimised_11", "optimised_18",
      "external",
    ].map { ($0, "deit") } + [
      ("deit3_dynamo", "deit3"), ("hugging_face_distilled", "deit_distilled"),
      ("distilled", "deit_distilled"),
      ("lvvit_npz", "lvvit"), ("lvvit_unfolded", "lvvit"),
      ("beit_unfolded", "beit"), ("beit_23", "beit"), ("aimv2_18", "aimv2"), ("aimv2_23", "aimv2"),
    ]

  /// The models themselves, and files with other bits.
  static let all: [(name: String, of: String)] =
    exact + ["deit", "deit_distilled", "deit3", "lvvit", "beit", "aimv2"].map { ($0, $0) } + [
      ("half", "deit"), ("lvvit_folded", "lvvit"),
    ]

  private static let folder = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/Fixtures/variants"
  }()

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// What a variant is imported as.
  static func imported(_ name: String, _ options: ImportOptions = ImportOptions()) throws
    -> ImportedModel
  {
    let file = name == "wrapped" ? "wrapped/checkpoint.safetensors" : name
    return try ModelImporter.importModel(try Checkpoint.open(path(file)), options: options)
  }

  /// Names, shapes and bits of every constant.
  static func constants(_ graph: Graph) throws -> [String: [UInt32]] {
    var result: [String: [UInt32]] = [:]
    for constant in graph.constants {
      result["\(constant.name) \(constant.shape)"] = try constant.values().map(\.bitPattern)
    }
    return result
  }

  /// A tensor of PyTorch's results.
  static func expected(_ name: String) throws -> [Float] {
    try Checkpoint.open(path("expected.safetensors")).tensors[name]?.float32Values() ?? []
  }
}
