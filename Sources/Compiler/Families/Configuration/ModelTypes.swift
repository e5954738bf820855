internal import ModelFacts
internal import Tensors

/// Kinds of models by transformers' `model_type`.
enum ModelTypes {
  /// A type whose configuration is read, and what its class gives where that says nothing.
  struct Known {
    let epsilon: Float
    let processor: String
    var activation = Activation.gelu
    var heads = 12
    var depth = 12

    /// Keys that say whether tensors are read.
    var flags: [String: Bool] = [:]

    /// Whether a table of positions is taken for a square grid, whatever the image's form.
    var hasSquarePositions = false
    let keys: KeyTable
  }

  /// By `model_type`.
  static let vit: [String: Known] = {
    let clip = Known(
      epsilon: 1e-5, processor: "CLIPImageProcessor", activation: .quickGelu,
      keys: TransformersKeys.tower)
    let siglip = Known(
      epsilon: 1e-6, processor: "SiglipImageProcessor", activation: .geluTanh,
      keys: TransformersKeys.tower)
    let beit = Known(
      epsilon: 1e-12, processor: "BeitImageProcessor",
      flags: [
        "use_absolute_position_embeddings": false, "use_relative_position_bias": false,
        "use_shared_relative_position_bias": false,
      ], hasSquarePositions: true, keys: TransformersKeys.beit)
    let dinov2 = Known(
      epsilon: 1e-6, processor: "BitImageProcessor", hasSquarePositions: true,
      keys: TransformersKeys.dinov2)
    return [
      "vit": Known(
        epsilon: 1e-12, processor: "ViTImageProcessor", keys: TransformersKeys.vit),
      "deit": Known(
        epsilon: 1e-12, processor: "DeiTImageProcessor", keys: TransformersKeys.vit),
      "vit_msn": Known(
        epsilon: 1e-6, processor: "ViTImageProcessor", keys: TransformersKeys.vit),
      "vit_mae": Known(
        epsilon: 1e-12, processor: "ViTImageProcessor", keys: TransformersKeys.mae),
      "ijepa": Known(
        epsilon: 1e-12, processor: "ViTImageProcessor", keys: TransformersKeys.vit),
      "dinov2": dinov2, "dinov2_with_registers": dinov2,
      "dinov3_vit": Known(
        epsilon: 1e-5, processor: "DINOv3ViTImageProcessor", heads: 6,
        keys: TransformersKeys.dinov3),
      "beit": beit, "data2vec-vision": beit,
      "aimv2_vision_model": Known(
        epsilon: 1e-5, processor: "CLIPImageProcessor", activation: .silu, heads: 8,
        depth: 24, keys: TransformersKeys.aimv2),
      "clip": clip, "clip_vision_model": clip, "metaclip_2": clip,
      "metaclip_2_vision_model": clip, "siglip": siglip, "siglip_vision_model": siglip,
    ]
  }()

  /// timm's models inside transformers; the configuration is timm's.
  static let wrapper = "timm_wrapper"

  /// The classes that are read, and what they make of an image.
  static let classes: [String: OutputRole] = [
    "ViTForImageClassification": .logits, "DeiTForImageClassification": .logits,
    "DeiTForImageClassificationWithTeacher": .logits, "ViTMSNForImageClassification": .logits,
    "TimmWrapperForImageClassification": .logits,
    "ViTModel": .features, "DeiTModel": .features, "ViTMSNModel": .features,
    "TimmWrapperModel": .features, "ViTForMaskedImageModeling": .features,
    "DeiTForMaskedImageModeling": .features, "ViTMAEModel": .features,
    "ViTMAEForPreTraining": .features, "IJepaModel": .features,
    "IJepaForImageClassification": .logits, "Dinov2Model": .features,
    "Dinov2ForImageClassification": .logits, "Dinov2WithRegistersModel": .features,
    "Dinov2WithRegistersForImageClassification": .logits, "DINOv3ViTModel": .features,
    "Aimv2VisionModel": .features, "BeitModel": .features, "BeitForImageClassification": .logits,
    "Data2VecVisionModel": .features, "Data2VecVisionForImageClassification": .logits,
    "CLIPModel": .features,
    "CLIPVisionModel": .features, "CLIPVisionModelWithProjection": .features,
    "CLIPForImageClassification": .logits, "MetaClip2Model": .features,
    "MetaClip2VisionModel": .features, "MetaClip2VisionModelWithProjection": .features,
    "MetaClip2ForImageClassification": .logits, "SiglipModel": .features,
    "SiglipVisionModel": .features, "SiglipForImageClassification": .logits,
  ]

  /// What others are called, and what they need.
  private static let others: [String: String] = [
    "siglip2": "SigLIP 2, which reads patches of any number",
    "siglip2_vision_model": "SigLIP 2, which reads patches of any number",
    "vit_hybrid": "a hybrid ViT, with a ResNet stem",
    "yolos": "YOLOS, which detects objects",
    "swin": "Swin", "swinv2": "Swin V2", "convnext": "ConvNeXT", "convnextv2": "ConvNeXT V2",
    "levit": "LeViT", "cvt": "CvT", "pvt": "PVT", "pvt_v2": "PVT V2", "mobilevit": "MobileViT",
    "mobilevitv2": "MobileViT V2", "resnet": "ResNet", "regnet": "RegNet",
    "poolformer": "PoolFormer",
    "videomae": "VideoMAE, which reads videos", "vivit": "ViViT, which reads videos",
    "timesformer": "TimeSformer, which reads videos", "segformer": "SegFormer", "hiera": "Hiera",
    "dpt": "DPT, which estimates depth", "eva": "EVA",
    "aimv2": "AIMv2 with a text tower; its vision model is read by itself", "bit": "BiT",
    "focalnet": "FocalNet", "efficientnet": "EfficientNet", "efficientformer": "EfficientFormer",
    "mobilenet_v1": "MobileNet", "mobilenet_v2": "MobileNet V2", "swiftformer": "SwiftFormer",
    "vitdet": "ViTDet", "vit_pose": "ViTPose", "vitpose": "ViTPose", "owlvit": "OWL-ViT",
  ]

  /// The error for a model of another type.
  static func refusal(_ type: String, file: String) -> InputError {
    InputError(
      .unsupported, file: file, field: "model_type", expected: OtherModels.expected,
      found: "\(others[type] ?? "a model of type '\(type)'"); it is not supported yet")
  }
}
