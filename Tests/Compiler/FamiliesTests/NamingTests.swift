import Checkpoints
import Families
import FileSupport
import JSON
import Tensors
import TestSupport
import Testing

/// What a tensor's name may come to.
@Suite struct NamingTests {
  /// A checkpoint of tensors of these shapes without values.
  private static func imported(_ shapes: [String: [Int]], heads: Int = 4) throws -> ImportedModel {
    let folder = try TestSupport.TemporaryFolder()
    let tensors = shapes.mapValues { shape in
      (shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    let path = try folder.write(SafeTensorsWriter.bytes(tensors), to: "model.safetensors")
    var options = ImportOptions()
    options.heads = heads
    return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
  }

  private static let own = Form(width: 64, depth: 2).shapes

  private static func prefixed(_ prefix: String) -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: own.map { (prefix + $0.key, $0.value) })
  }

  @Test(arguments: [
    "backbone.", "encoder.", "timm_model.", "module._orig_mod.", "teacher.backbone.",
    "visual.trunk.", "base_model.model.", "decoder.", "optimizer_model.", "opt/target/",
    "optimizer.",
  ])
  func anyPrefixOfAllTensorsIsTakenOff(prefix: String) throws {
    #expect(try Self.imported(Self.prefixed(prefix)).facts.depth == 2)
  }

  @Test func copiesThatNothingChoosesAreListed() {
    let both = Self.prefixed("student.").merging(Self.prefixed("teacher.")) { $1 }
    let error = #expect(throws: InputError.self) { try Self.imported(both) }
    #expect(error?.found == "copies under student., teacher.")
  }

  @Test func theAverageOfAModelIsReadWithANote() throws {
    let both = Self.prefixed("model.").merging(Self.prefixed("model_ema.")) { $1 }
    let note = try Self.imported(both).assumptions.first { $0.key == "weights" }
    #expect(
      note?.value == "model_ema." && note?.alternatives.description.contains("model.") == true)
  }

  @Test(arguments: [
    "mystery.weight", "decoder.weight", "scaler.scale", "loss.weight", "pooler.dense.weight",
    "multiscale.mystery", "key_encoder.weight", "amp.lora_A",
  ])
  func tensorsThatAreNotKnownAreErrors(name: String) {
    let error = #expect(throws: InputError.self) {
      try Self.imported(Self.own.merging([name: [64, 64]]) { $1 })
    }
    #expect(error?.found.contains("\(name) [64, 64] is unexpected") == true)
  }

  @Test func tensorsOfTrainingAreLeftOut() throws {
    var shapes = Self.prefixed("model.")
    shapes["optimizer.state.0.exp_avg"] = [3]
    shapes["loss_scaler.scale"] = []
    shapes["model.mask_token"] = [1, 1, 64]
    shapes["model.decoder_embed.weight"] = [8, 64]
    shapes["model.blocks.0.attn.out_zero_mask"] = [1, 64]
    #expect(try Self.imported(shapes).facts.depth == 2)
    // What only looks like the model's head from outside is not bound, and not passed over either.
    shapes["head.weight"] = shapes.removeValue(forKey: "model.head.weight")
    let error = #expect(throws: InputError.self) { try Self.imported(shapes) }
    #expect(error?.found.contains("head.weight (outside of model.)") == true)
  }

  /// Zeros that ATS's code puts in the place of tokens are left out, numbers there are not.
  @Test func aMaskOfZerosIsOne() throws {
    let folder = try TestSupport.TemporaryFolder()
    var tensors = Self.own.mapValues { shape in
      (shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    var options = ImportOptions()
    options.heads = 4
    func imported(_ value: Float) throws -> ImportedModel {
      let values = [Float](repeating: 0, count: 63) + [value]
      tensors["blocks.1.attn.out_zero_mask"] = ([1, 64], values)
      let path = try folder.write(SafeTensorsWriter.bytes(tensors), to: "model.safetensors")
      return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
    }
    #expect(try imported(-0.0).facts.depth == 2)
    let error = #expect(throws: InputError.self) { try imported(1e-30) }
    #expect(error?.found.contains("out_zero_mask") == true, "\(error?.description ?? "")")
  }

  @Test func twoTensorsForOneNameAreAnError() throws {
    let folder = "\(Variants.path("hugging_face"))/model.safetensors"
    let checkpoint = try Checkpoint.open(folder)
    for (from, to) in [
      ("classifier.weight", "cls_classifier.weight"),
      ("vit.embeddings.cls_token", "embeddings.cls_token"),
      ("vit.encoder.layer.1.output.dense.bias", "vit.layers.1.mlp.fc2.bias"),
    ] {
      var shapes = checkpoint.tensors.mapValues { $0.shape.extents }
      shapes[to] = shapes[from]
      let error = #expect(throws: InputError.self) { try Self.imported(shapes, heads: 2) }
      #expect(
        error?.expected.hasPrefix("one tensor for") == true, "\(to): \(error?.description ?? "")")
    }
  }

  @Test func blocksAreNumberedInOneWay() throws {
    let folder = "\(Variants.path("hugging_face"))/model.safetensors"
    var shapes = try Checkpoint.open(folder).tensors.mapValues { $0.shape.extents }
    let name = "vit.encoder.layer.1.output.dense.bias"
    shapes["vit.encoder.layer.01.output.dense.bias"] = shapes.removeValue(forKey: name)
    let error = #expect(throws: InputError.self) { try Self.imported(shapes, heads: 2) }
    #expect(error?.found.contains("layer.01") == true)
  }
}
