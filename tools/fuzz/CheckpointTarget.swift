import Checkpoints
import Families
import JSON
import Tensors
import TestSupport
import ViTCompiler

/// Checkpoints of one format: opened, every view measured and read, and raised to a graph.
struct CheckpointTarget: Target {
  let path: String
  let corpus: [[UInt8]]
  private let change: @Sendable (inout [UInt8], inout RandomSource) -> Void

  private init(
    _ folder: TemporaryFolder, _ names: [String], further: [[UInt8]] = [],
    change: @escaping @Sendable (inout [UInt8], inout RandomSource) -> Void
  ) throws {
    path = folder.file("checkpoint.bin")
    corpus = try names.map { try Files.fixture($0) } + further
    self.change = change
  }

  static func safetensors(in folder: TemporaryFolder) throws -> CheckpointTarget {
    let names = ["deit", "deit3", "deit_distilled", "lvvit", "hugging_face", "hugging_face_5"]
    let turned = ["eva02", "dinov3", "rope_mixed", "qk_norm", "beit", "aimv2"].map {
      "\($0).safetensors"
    }
    return try CheckpointTarget(
      folder, names.map { "variants/\($0)/model.safetensors" } + turned
    ) { bytes, source in
      let stated = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard bytes.count >= 8, let length = Int(exactly: stated), length <= bytes.count - 8,
        !source.once(in: 4)
      else {
        return ByteMutator.mutate(&bytes, &source)
      }
      var header = Array(bytes[8..<8 + length])
      JSONMutator.mutate(&header, &source)
      let count = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
      bytes = count + header + bytes[(8 + length)...]
    }
  }

  static func npz(in folder: TemporaryFolder) throws -> CheckpointTarget {
    let names = ["deflated", "google", "lvvit_npz"]
    return try CheckpointTarget(folder, names.map { "variants/\($0)/model.npz" }) {
      bytes, source in
      let isHeader = source.below(2) == 0
      let headers = isHeader ? Self.arrayHeaders(of: bytes) : []
      if let start = headers.isEmpty ? nil : source.pick(headers) {
        // Inside an array's header of usually 128 bytes.
        var header = Array(bytes[start..<min(bytes.count, start + 128)])
        let count = header.count
        ByteMutator.mutate(&header, &source)
        let padded = header + [UInt8](repeating: 0x20, count: max(0, count - header.count))
        bytes.replaceSubrange(start..<start + count, with: padded.prefix(count))
      } else {
        ByteMutator.mutate(&bytes, &source)
      }
      if !source.once(in: 4) { ZipSeal.seal(&bytes) }
    }
  }

  private static func arrayHeaders(of archive: [UInt8]) -> [Int] {
    ZipSeal.places(of: [0x93] + Array("NUMPY".utf8), in: archive)
  }

  static func onnx(in folder: TemporaryFolder) throws -> CheckpointTarget {
    let names = [
      "dynamo_23", "dynamo_18", "deit3_dynamo", "transformers_18", "optimised_18", "half",
      "torchscript_17", "lvvit_folded", "distilled", "external", "quantised",
    ].map { "variants/\($0)" }
    let others = [
      "batch_2_vit_dynamo", "batch_2_lvvit_torchscript", "batch_5_distilled_torchscript",
      "batch_3_optimised_torchscript", "deployed_torchscript", "deployed_dynamo",
      "ends_in_softmax_lvvit_dynamo", "takes_product_and_sum_torchscript",
      "resizes_16x16_to_16x24_dynamo", "resizes_linear_antialiased_8x24",
      "interpolates_24x12_torchscript", "open_size_16_dynamo", "family_attention_pool_torchscript",
      "family_both_dynamo", "family_dinov3_torchscript", "family_eva02_dynamo",
      "family_gates_last_torchscript", "family_head_norms_dynamo", "family_mixed_dynamo",
      "family_post_norms_torchscript", "family_transformers_clip_torchscript",
      "family_transformers_dinov2_dynamo", "family_transformers_siglip_torchscript",
      "family_tables_torchscript", "family_tables_dynamo_23", "family_rms_dynamo_23",
      "family_networks_and_class_token_torchscript", "family_transformers_beit_torchscript",
      "family_transformers_aimv2_torchscript", "family_transformers_dinov3_torchscript",
    ].map { "onnx/\($0)" }
    let files = (names + others).map { "\($0)/model.onnx" }
    return try CheckpointTarget(folder, files, further: try exports(in: folder)) {
      bytes, source in
      guard !source.once(in: 5) else { return ByteMutator.mutate(&bytes, &source) }
      for _ in 0...source.below(3) { bytes = ProtobufMutator.mutate(bytes, &source) }
    }
  }

  /// What vitc exports itself, whose metadata is read.
  private static func exports(in folder: TemporaryFolder) throws -> [[UInt8]] {
    let forms = [SmallModel.forms[0], SmallModel.forms[4]] + SmallModel.pooled + SmallModel.turned
    return try forms.map { form in
      let (plan, model) = (folder.file("exported.plan"), folder.file("exported.onnx"))
      try SmallModel(form, in: folder).convert(to: plan, weights: .float16)
      var options = ExportOptions()
      options.batch = .dynamic
      try PlanCompiler.export(plan, options, to: model)
      return try folder.read("exported.onnx")
    }
  }

  func mutate(_ input: inout [UInt8], _ source: inout RandomSource) { change(&input, &source) }

  func check(_ input: [UInt8]) throws -> Bool {
    try Files.write(input, to: path)
    do {
      // Read, not mapped: the address sanitizer then sees where the file ends.
      let checkpoint = try Checkpoint.open(MappedFile(path: path, mapping: false))
      for (name, view) in checkpoint.tensors { try Self.measure(name, view, input.count) }
      var options = ImportOptions()
      let extents = checkpoint.onnx?.graph.inputs.first?.extents ?? []
      let isFixed = extents.dropFirst(2).allSatisfy { if case .fixed = $0 { true } else { false } }
      options.imageSize = isFixed ? nil : 16
      let hasStem = checkpoint.tensors["patch_embed.conv1.weight"] != nil
      options.config = Checkpoint.Companion(
        path: "config.json",
        json: [
          "model_args": hasStem
            ? ["num_heads": .init(2), "skip_lam": .init(2.0)] : ["num_heads": .init(2)]
        ])
      let graph = try ModelImporter.importModel(checkpoint, options: options).graph
      for index in graph.constants.indices { _ = try graph.constants[index].values() }
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
  }

  /// A view has as many bytes as its shape and type ask for, and all of them can be read.
  private static func measure(_ name: String, _ view: TensorView, _ fileBytes: Int) throws {
    guard let bytes = view.shape.byteCount(of: view.dtype), bytes == view.byteCount else {
      throw Finding(text: "\(name): \(view.byteCount) bytes for \(view.shape)")
    }
    let read = view.withBytes { $0.reduce(into: 0) { count, _ in count += 1 } }
    guard read == bytes else { throw Finding(text: "\(name): \(read) of \(bytes) bytes") }
  }
}

/// The promise about messages.
enum ErrorLine {
  /// Throws unless an error prints as one line that names its place.
  static func check(_ error: InputError) throws {
    let text = error.description
    guard error.file != "", !error.field.isEmpty, !text.contains(where: \.isNewline) else {
      throw Finding(text: "a message that is not one line with a place: \(text)")
    }
  }
}
