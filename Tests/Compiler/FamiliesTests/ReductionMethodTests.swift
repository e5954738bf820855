import Checkpoints
import Families
import JSON
import ModelFacts
import Tensors
import TestSupport
import Testing

/// Methods that have tensors or settings of their own: what tells them, and what they must be told.
@Suite struct ReductionMethodTests {
  private static func imported(
    _ shapes: [String: [Int]], config: JSONValue? = nil,
    _ set: (inout ImportOptions) -> Void = { _ in }
  ) throws -> ImportedModel {
    let folder = try TemporaryFolder()
    let tensors = shapes.mapValues { shape in
      (shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    let path = try folder.write(
      SafeTensorsWriter.bytes(tensors, metadata: [:]), to: "model.safetensors")
    var options = ImportOptions()
    options.heads = 4
    options.config = config.map {
      Checkpoint.Companion(path: "config.json", json: ["token_reduction": $0])
    }
    set(&options)
    return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
  }

  private static let plain = Form(width: 16, depth: 12).shapes

  /// With so many predictors of DynamicViT.
  private static func predicting(_ stages: Int, _ form: Form = Form(width: 16)) -> [String: [Int]] {
    var shapes = form.shapes
    let width = form.width
    for stage in 0..<stages {
      for (name, extents) in [
        ("in_conv.0", [width]), ("in_conv.1", [width, width]), ("out_conv.0", [width / 2, width]),
        ("out_conv.2", [width / 4, width / 2]), ("out_conv.4", [2, width / 4]),
      ] {
        shapes["score_predictor.\(stage).\(name).weight"] = extents
        shapes["score_predictor.\(stage).\(name).bias"] = [extents[0]]
      }
    }
    return shapes
  }

  /// Under the names of Evo-ViT's code.
  private static func evovit(depth: Int = 12) -> [String: [Int]] {
    var shapes: [String: [Int]] = ["norm_cls.weight": [16], "head_cls.weight": [1000, 16]]
    for (name, extents) in Form(width: 16, depth: depth).shapes {
      let parts = name.split(separator: ".")
      switch parts.dropFirst(2).joined(separator: ".") {
      case "attn.qkv.weight":
        shapes["qks.\(parts[1]).qk.weight"] = [32, 16]
        shapes["vs.\(parts[1]).v.weight"] = [16, 16]
      case "attn.qkv.bias":
        shapes["qks.\(parts[1]).qk.bias"] = [32]
        shapes["vs.\(parts[1]).v.bias"] = [16]
      case "attn.proj.weight", "attn.proj.bias":
        shapes["projs.\(parts[1]).\(parts[4])"] = extents
      case "norm1.weight", "norm1.bias": shapes["norms.\(parts[1]).\(parts[3])"] = extents
      default: shapes[name] = extents
      }
    }
    return shapes
  }

  private static func source(_ model: ImportedModel, _ key: String) -> String? {
    model.origins.first { $0.key == key }.map { $0.source.description }
  }

  @Test func tensorsTellMethods() throws {
    let dynamic = try Self.imported(Self.predicting(3)) { $0.keepRate = 0.7 }
    #expect(dynamic.reduction == .dynamicvit(blocks: [3, 6, 9], keepRate: 0.7))
    #expect(Self.source(dynamic, "method") == "the names of its tensors")
    #expect(dynamic.assumptions.contains { $0.key == "layers" && $0.value == "4,7,10" })
    #expect(dynamic.facts.preprocess.resizeHeight == 256)
    let evo = try Self.imported(Self.evovit())
    #expect(evo.reduction == .evovit && evo.facts.family == "DeiT")
    let own = try Self.imported(Self.predicting(1).mapKeys { "model.\($0)" }) {
      ($0.keepRate, $0.methodBlocks) = (0.5, [2])
    }
    #expect(own.reduction == .dynamicvit(blocks: [1], keepRate: 0.5))
    // AS-ViT has everything in its weights.
    var thresholds = Self.plain
    for stage in 0..<3 { thresholds["score_predictor.\(stage).keep_threshold"] = [] }
    #expect(try Self.imported(thresholds).reduction == .asvit(blocks: [4, 7, 10]))
  }

  @Test func publishedDepthsHaveBlocks() throws {
    var form = Form(width: 16, depth: 16)
    form.stem = 8
    let model = try Self.imported(Self.predicting(3, form)) {
      $0.keepRate = 0.5
      $0.config = Checkpoint.Companion(
        path: "config.json", json: ["model_args": ["skip_lam": .number("2.0")]])
    }
    #expect(model.reduction == .dynamicvit(blocks: [4, 8, 12], keepRate: 0.5))
    let error = try #require(throws: InputError.self) {
      try Self.imported(Self.predicting(3, Form(width: 16, depth: 11))) { $0.keepRate = 0.5 }
    }
    #expect(error.kind == .missingValue && error.field == "layers")
  }

  @Test func settingsAreToldOrAssumed() throws {
    let ppt = try Self.imported(Self.plain) { $0.method = "ppt" }
    #expect(
      ppt.reduction == .ppt(blocks: [3, 6, 9], remove: 50, threshold: 7e-5, isSizeAware: true))
    #expect(Set(ppt.assumptions.map(\.key)).isSuperset(of: ["remove", "threshold", "size_aware"]))
    let told = try Self.imported(Self.plain) {
      ($0.method, $0.removedTokens, $0.varianceThreshold) = ("ppt", 8, 0.5)
      ($0.countsSizes, $0.methodBlocks) = (false, [1])
    }
    #expect(told.reduction == .ppt(blocks: [0], remove: 8, threshold: 0.5, isSizeAware: false))
    let avit = try Self.imported(
      Self.plain,
      config: ["method": "avit", "gate_scale": 10, "gate_center": 75, "eps": .number("0.02")]
    ) { $0.gateCenter = 30 }
    #expect(avit.reduction == .avit(scale: 10, center: 30, epsilon: 0.02))
    let error = try #require(throws: InputError.self) {
      try Self.imported(Self.plain) { ($0.method, $0.gateScale) = ("avit", 10) }
    }
    #expect(error.kind == .missingValue && error.field == "gate_center", "\(error)")
    #expect(
      try Self.imported(Self.plain) { $0.method = "ats" }.reduction == .ats(blocks: Array(3...11)))
  }

  @Test func tensorsOfAnotherAreRefusedByName() throws {
    var missing = Self.predicting(3)
    missing["score_predictor.1.out_conv.2.bias"] = nil
    missing["score_predictor.1.out_conv.3.bias"] = [4]
    let error = try #require(throws: InputError.self) {
      try Self.imported(missing) { $0.keepRate = 0.7 }
    }
    #expect(error.found.description.contains("score_predictor.1.out_conv.2.bias [4] is missing"))
    #expect(error.found.description.contains("score_predictor.1.out_conv.3.bias [4] is unexpected"))
    var values = Self.evovit()
    values["vs.5.v.weight"] = nil
    let evo = try #require(throws: InputError.self) { try Self.imported(values) }
    #expect(evo.expected.description.contains("values beside them"), "\(evo)")
  }

  @Test func whatDoesNotFitTheTensorsIsRefused() throws {
    let wrong: [([String: [Int]], (inout ImportOptions) -> Void, InputError.Kind)] = [
      (Self.predicting(2), { $0.keepRate = 0.7 }, .contradiction),
      (Self.predicting(3), { ($0.keepRate, $0.methodBlocks) = (0.7, [1, 2]) }, .contradiction),
      (Self.predicting(3), { $0.keepRate = 0.01 }, .invalidOption),
      (Self.predicting(3), { ($0.keepRate, $0.fusesTokens) = (0.7, true) }, .contradiction),
      (Self.predicting(3), { $0.method = "evit" }, .contradiction),
      (Self.predicting(3), { $0.method = "evovit" }, .contradiction),
      (Self.plain, { ($0.method, $0.keepRate) = ("dynamicvit", 0.7) }, .contradiction),
      (Self.plain, { $0.method = "evovit" }, .contradiction),
      (Self.evovit(), { $0.keepRate = 0.5 }, .contradiction),
      (Self.evovit(depth: 11), { _ in }, .unsupported),
      (Self.plain, { ($0.method, $0.removedTokens) = ("ppt", -1) }, .invalidOption),
      (Self.plain, { ($0.method, $0.varianceThreshold) = ("ppt", .nan) }, .invalidOption),
      (Self.plain, { ($0.method, $0.gateScale) = ("avit", .infinity) }, .invalidOption),
      (Self.plain, { $0.removedTokens = 3 }, .contradiction),
    ]
    for (place, (shapes, set, kind)) in wrong.enumerated() {
      let error = try #require(throws: InputError.self, "case \(place)") {
        try Self.imported(shapes, set)
      }
      #expect(error.kind == kind, "case \(place): \(error)")
    }
  }

  /// As DynamicViT's code counts: shares of all patches, truncated.
  @Test func dynamicvitCountsOfAllPatches() {
    #expect(TrainedReduction.dynamicCounts(196, 0.7, stages: 3) == [137, 96, 67])
    #expect(TrainedReduction.dynamicCounts(196, 0.5, stages: 3) == [98, 49, 24])
  }
}

extension [String: [Int]] {
  fileprivate func mapKeys(_ change: (String) -> String) -> Self {
    Dictionary(uniqueKeysWithValues: map { (change($0.key), $0.value) })
  }
}
