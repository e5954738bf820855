internal import ModelFacts
internal import Tensors

/// Kinds of models by transformers' `model_type`.
enum ModelTypes {
  /// The configurations that are read as a ViT's, and the epsilon that the class gives.
  static let vit: [String: (epsilon: Float, processor: String)] = [
    "vit": (1e-12, "ViTImageProcessor"), "deit": (1e-12, "DeiTImageProcessor"),
    "vit_msn": (1e-6, "ViTImageProcessor"),
  ]

  /// timm's models inside transformers; the configuration is timm's.
  static let wrapper = "timm_wrapper"

  /// The classes that are read, and what they make of an image.
  static let classes: [String: OutputRole] = [
    "ViTForImageClassification": .logits, "DeiTForImageClassification": .logits,
    "DeiTForImageClassificationWithTeacher": .logits, "ViTMSNForImageClassification": .logits,
    "TimmWrapperForImageClassification": .logits,
    "ViTModel": .features, "DeiTModel": .features, "ViTMSNModel": .features,
    "TimmWrapperModel": .features,
  ]

  /// What others are called, and what they need.
  private static let others: [String: String] = [
    "beit": "BEiT, which needs relative positions",
    "data2vec-vision": "Data2Vec, which needs relative positions",
    "clip": "CLIP, which needs a norm before the blocks and QuickGELU",
    "clip_vision_model": "CLIP, which needs a norm before the blocks and an output of features",
    "siglip": "SigLIP, which needs attention pooling",
    "siglip_vision_model": "SigLIP, which needs attention pooling",
    "siglip2": "SigLIP 2, which needs attention pooling",
    "siglip2_vision_model": "SigLIP 2, which needs attention pooling",
    "dinov2": "DINOv2, which needs LayerScale and a classifier of class token and patch mean",
    "dinov2_with_registers": "DINOv2, which needs register tokens",
    "dinov3_vit": "DINOv3, which needs rotary position embedding and register tokens",
    "vit_mae": "ViT-MAE, which has no classifier", "vit_hybrid": "a hybrid ViT, with a ResNet stem",
    "ijepa": "I-JEPA, which needs average pooling", "yolos": "YOLOS, which detects objects",
    "swin": "Swin", "swinv2": "Swin V2", "convnext": "ConvNeXT", "convnextv2": "ConvNeXT V2",
    "levit": "LeViT", "cvt": "CvT", "pvt": "PVT", "pvt_v2": "PVT V2", "mobilevit": "MobileViT",
    "mobilevitv2": "MobileViT V2", "resnet": "ResNet", "regnet": "RegNet",
    "poolformer": "PoolFormer",
    "videomae": "VideoMAE, which reads videos", "vivit": "ViViT, which reads videos",
    "timesformer": "TimeSformer, which reads videos", "segformer": "SegFormer", "hiera": "Hiera",
    "dpt": "DPT, which estimates depth", "eva": "EVA", "aimv2": "AIMv2", "bit": "BiT",
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
