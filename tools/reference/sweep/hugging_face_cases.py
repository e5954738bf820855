"""The cases of the transformers suite."""

from __future__ import annotations

from typing import Any

# Heads of 16, so that no rule of thumb finds their number.
SMALL: dict[str, Any] = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 160,
    "image_size": 64, "patch_size": 16, "num_labels": 10,
}
TINY_STAGES: dict[str, Any] = {"num_labels": 10}
_REMOVED = ...  # a key that the written configuration lacks
# Names, positions in order: model class, configuration class, values, changes of config.json.
Case = tuple[str, str, dict[str, Any], dict[str, Any]]

_CLASSES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ViTModel": ("ViTModel", "ViTConfig", {}),
    "ViTForMaskedImageModeling": ("ViTForMaskedImageModeling", "ViTConfig", {}),
    "DeiTForImageClassification": ("DeiTForImageClassification", "DeiTConfig", {}),
    "DeiTForImageClassificationWithTeacher": (
        "DeiTForImageClassificationWithTeacher", "DeiTConfig", {}),
    "DeiTModel": ("DeiTModel", "DeiTConfig", {}),
    "DeiTForMaskedImageModeling": ("DeiTForMaskedImageModeling", "DeiTConfig", {}),
    "ViTMSNForImageClassification": ("ViTMSNForImageClassification", "ViTMSNConfig", {}),
    "ViTMSNModel": ("ViTMSNModel", "ViTMSNConfig", {}),
    "BeitForImageClassification": ("BeitForImageClassification", "BeitConfig", {}),
    "BEiT, relative positions": (
        "BeitForImageClassification", "BeitConfig",
        {"use_relative_position_bias": True, "use_absolute_position_embeddings": False}),
    "BEiT, shared relative positions": (
        "BeitForImageClassification", "BeitConfig", {"use_shared_relative_position_bias": True}),
    "BEiT, absolute positions": (
        "BeitForImageClassification", "BeitConfig", {"use_absolute_position_embeddings": True}),
    "BEiT, no mean pooling": (
        "BeitForImageClassification", "BeitConfig", {"use_mean_pooling": False}),
    "BeitModel": ("BeitModel", "BeitConfig", {}),
    "Data2VecVisionForImageClassification": (
        "Data2VecVisionForImageClassification", "Data2VecVisionConfig", {}),
    "Dinov2ForImageClassification": ("Dinov2ForImageClassification", "Dinov2Config", {}),
    "Dinov2Model": ("Dinov2Model", "Dinov2Config", {}),
    "DINOv2, SwiGLU": (
        "Dinov2ForImageClassification", "Dinov2Config", {"use_swiglu_ffn": True}),
    "Dinov2WithRegistersForImageClassification": (
        "Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig", {}),
    "Dinov2WithRegistersModel": ("Dinov2WithRegistersModel", "Dinov2WithRegistersConfig", {}),
    "DINOv3ViTModel": ("DINOv3ViTModel", "DINOv3ViTConfig", {}),
    "DINOv3ViTModel, registers, gated": (
        "DINOv3ViTModel", "DINOv3ViTConfig",
        {"num_register_tokens": 4, "use_gated_mlp": True, "hidden_act": "silu"}),
    "CLIPVisionModel": ("CLIPVisionModel", "CLIPVisionConfig", {}),
    "CLIPVisionModelWithProjection": (
        "CLIPVisionModelWithProjection", "CLIPVisionConfig", {"projection_dim": 24}),
    "CLIP, gelu": ("CLIPVisionModel", "CLIPVisionConfig", {"hidden_act": "gelu"}),
    "CLIPForImageClassification": (
        "CLIPForImageClassification", "vision:CLIPConfig", {"projection_dim": 24}),
    "CLIPModel": ("CLIPModel", "vision:CLIPConfig", {"projection_dim": 24}),
    "MetaClip2VisionModel": ("MetaClip2VisionModel", "MetaClip2VisionConfig", {}),
    "MLCDVisionModel": ("MLCDVisionModel", "MLCDVisionConfig", {}),
    "SiglipVisionModel": ("SiglipVisionModel", "SiglipVisionConfig", {}),
    "SigLIP, no head": (
        "SiglipVisionModel", "SiglipVisionConfig", {"vision_use_head": False}),
    "SiglipForImageClassification": (
        "SiglipForImageClassification", "vision:SiglipConfig", {}),
    "SiglipModel": ("SiglipModel", "vision:SiglipConfig", {}),
    "Siglip2VisionModel": ("Siglip2VisionModel", "Siglip2VisionConfig", {"num_patches": 16}),
    "ViTMAEModel": ("ViTMAEModel", "ViTMAEConfig", {"mask_ratio": 0.0}),
    "ViTMAEForPreTraining": ("ViTMAEForPreTraining", "ViTMAEConfig", {"mask_ratio": 0.0}),
    "IJepaForImageClassification": ("IJepaForImageClassification", "IJepaConfig", {}),
    "IJepaModel": ("IJepaModel", "IJepaConfig", {}),
    "YolosForObjectDetection": (
        "YolosForObjectDetection", "YolosConfig", {"image_size": [64, 64]}),
    "Aimv2VisionModel": ("Aimv2VisionModel", "Aimv2VisionConfig", {}),
    "PixioModel": ("PixioModel", "PixioConfig", {}),
    "BlipVisionModel": ("BlipVisionModel", "BlipVisionConfig", {}),
    "VitDetModel": ("VitDetModel", "VitDetConfig", {}),
    "InternVLVisionModel": (
        "InternVLVisionModel", "InternVLVisionConfig",
        {"image_size": [64, 64], "patch_size": [16, 16]}),
    "VideoMAEForVideoClassification": (
        "VideoMAEForVideoClassification", "VideoMAEConfig", {"num_frames": 2}),
}
_OTHERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PvtForImageClassification": ("PvtForImageClassification", "PvtConfig", {"image_size": 64}),
    "SwinForImageClassification": ("SwinForImageClassification", "SwinConfig", {}),
    "Swinv2ForImageClassification": ("Swinv2ForImageClassification", "Swinv2Config", {}),
    "LevitForImageClassification": ("LevitForImageClassification", "LevitConfig", {}),
    "ConvNextForImageClassification": ("ConvNextForImageClassification", "ConvNextConfig", {}),
    "ResNetForImageClassification": ("ResNetForImageClassification", "ResNetConfig", {}),
    "BitForImageClassification": ("BitForImageClassification", "BitConfig", {}),
    "HieraForImageClassification": ("HieraForImageClassification", "HieraConfig", {}),
    "TimmWrapper of a ViT": (
        "TimmWrapperForImageClassification", "TimmWrapperConfig",
        {"architecture": "vit_tiny_patch16_224", "model_args": {"depth": 2, "img_size": 64},
         "image_size": 64}),
    "TimmWrapper of rope_ape": (
        "TimmWrapperForImageClassification", "TimmWrapperConfig",
        {"architecture": "vit_small_patch16_rope_ape_224",
         "model_args": {"depth": 2, "img_size": 64}, "image_size": 64}),
}
_ACTIVATIONS = (
    "gelu", "gelu_10", "gelu_new", "gelu_pytorch_tanh", "gelu_python", "gelu_fast",
    "gelu_accurate", "quick_gelu", "silu", "swish", "relu", "relu6", "relu2", "mish", "tanh",
    "hardswish", "linear", "leaky_relu",
)
_VIT: dict[str, dict[str, Any]] = {
    "as it is": {},
    "ViT-Base in two blocks": {"hidden_size": 768, "num_attention_heads": 12,
                               "intermediate_size": 3072, "image_size": 224},
    "qkv_bias=False": {"qkv_bias": False},
    "layer_norm_eps=1e-6": {"layer_norm_eps": 1e-6},
    "layer_norm_eps=1e-5": {"layer_norm_eps": 1e-5},
    "layer_norm_eps=1e-3": {"layer_norm_eps": 1e-3},
    "num_attention_heads=1": {"num_attention_heads": 1},
    "num_attention_heads=2": {"num_attention_heads": 2},
    "num_attention_heads=8": {"num_attention_heads": 8},
    "image_size=(64, 96)": {"image_size": (64, 96)},
    "image_size=70": {"image_size": 70},
    "image_size=79": {"image_size": 79},
    "patch_size=8": {"patch_size": 8},
    "patch_size=14": {"patch_size": 14, "image_size": 70},
    "num_channels=1": {"num_channels": 1},
    "num_channels=4": {"num_channels": 4},
    "intermediate_size=64": {"intermediate_size": 64},
    "num_labels=1": {"num_labels": 1},
    "multi_label_classification": {"problem_type": "multi_label_classification"},
    "id2label": {"id2label": {i: f"label {i}" for i in range(10)},
                 "label2id": {f"label {i}": i for i in range(10)}},
    "encoder_stride=32": {"encoder_stride": 32},
    "pooler_act=relu": {"pooler_act": "relu"},
    "pooler_output_size=32": {"pooler_output_size": 32},
    "dropout": {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1},
}
# Changes of the written configuration, without the weights noticing.
NO_PROCESSOR = "ViT, without preprocessor_config.json"
_CHANGED: dict[str, dict[str, Any]] = {
    "without num_attention_heads": {"num_attention_heads": _REMOVED},
    "without hidden_act": {"hidden_act": _REMOVED},
    "without layer_norm_eps": {"layer_norm_eps": _REMOVED},
    "without model_type": {"model_type": _REMOVED},
    "unknown key": {"mystery_gate": True},
    "unknown hidden_act": {"hidden_act": "gelu_of_tomorrow"},
    "num_hidden_layers=3": {"num_hidden_layers": 3},
    "pruned_heads": {"pruned_heads": {"0": [1]}},
    "dtype=float16": {"dtype": "float16"},
}


def cases() -> dict[str, Case]:
    """Every case by name."""
    found: dict[str, Case] = {}
    for name, (model, config, values) in _CLASSES.items():
        found[name] = (model, config, SMALL | values, {})
    found["ViTMAEModel"] = (*found["ViTMAEModel"][:3], {"mask_ratio": 0.75})
    for name, (model, config, values) in _OTHERS.items():
        found[name] = (model, config, TINY_STAGES | values, {})
    vit = dict(_VIT) | {f"hidden_act={name}": {"hidden_act": name} for name in _ACTIVATIONS}
    for name, values in vit.items():
        model = "ViTModel" if name.startswith("pooler") else "ViTForImageClassification"
        found[f"ViT, {name}"] = (model, "ViTConfig", SMALL | values, {})
    found["ViTModel, no pooler"] = ("ViTModel without pooler", "ViTConfig", SMALL, {})
    for name in ("num_attention_heads=2", "qkv_bias=False", "layer_norm_eps=1e-6",
                 "hidden_act=quick_gelu", "hidden_act=relu", "image_size=70"):
        found[f"DeiT, {name}"] = (
            "DeiTForImageClassificationWithTeacher", "DeiTConfig", SMALL | vit[name], {})
    found[NO_PROCESSOR] = ("ViTForImageClassification", "ViTConfig", SMALL, {})
    for name, changes in _CHANGED.items():
        found[f"ViT, {name}"] = ("ViTForImageClassification", "ViTConfig", SMALL, changes)
    return found
