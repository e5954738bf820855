"""The cases of the preprocessing suite."""

from __future__ import annotations

from typing import Any

SIDE = 224
REMOVED = ...  # a key that the written configuration lacks

_VIT: dict[str, Any] = {"image_processor_type": "ViTImageProcessor"}
_CLIP: dict[str, Any] = {"image_processor_type": "CLIPImageProcessor"}
_SQUARE = {"size": {"height": 224, "width": 224}}
_CROP = {"do_center_crop": True, "size": {"shortest_edge": 256},
         "crop_size": {"height": 224, "width": 224}}
_CLASSES = ("ViT", "DeiT", "Beit", "CLIP", "Siglip", "Siglip2", "Bit", "ConvNext", "Levit", "Pvt",
            "PoolFormer", "EfficientNet", "MobileNetV1", "MobileNetV2", "MobileViT", "Perceiver",
            "Blip", "ChineseCLIP", "Segformer", "DPT", "Yolos", "VideoMAE", "ImageGPT", "Mystery")
_FILTERS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
# preprocessor_config.json, and what differs in the model's configuration.
_KEYS: dict[str, dict[str, Any]] = {
    "no class, no keys": {},
    "no class, mean and std": {"image_mean": [0.485, 0.456, 0.406],
                               "image_std": [0.229, 0.224, 0.225]},
    "no class, as DeiT's file": {
        "do_center_crop": True, "do_normalize": True, "do_resize": True, "crop_size": 224,
        "feature_extractor_type": "DeiTFeatureExtractor", "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": 256},
    "as ViT's file": {
        "do_normalize": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5], "size": 224},
    "ViTFeatureExtractor": {"feature_extractor_type": "ViTFeatureExtractor"},
    "ViTImageProcessorFast": {"image_processor_type": "ViTImageProcessorFast"},
    "ViTImageProcessorPil": {"image_processor_type": "ViTImageProcessorPil"},
    "CLIPFeatureExtractor": {"feature_extractor_type": "CLIPFeatureExtractor"},
    "CLIPImageProcessorFast": {"image_processor_type": "CLIPImageProcessorFast"},
    "DeiTImageProcessorFast": {"image_processor_type": "DeiTImageProcessorFast"},
    "processor_class CLIPProcessor": _CLIP | {"processor_class": "CLIPProcessor"},
    "ViT, size 224": _VIT | {"size": 224},
    "ViT, size 256": _VIT | {"size": 256},
    "ViT, size height and width": _VIT | _SQUARE,
    "ViT, size not square": _VIT | {"size": {"height": 224, "width": 256}},
    "ViT, shortest_edge 224": _VIT | {"size": {"shortest_edge": 224}},
    "ViT, shortest_edge 256, crop": _VIT | _CROP,
    "ViT, height and width 256, crop": _VIT | _CROP | {"size": {"height": 256, "width": 256}},
    "ViT, crop_size without do_center_crop": _VIT | {"crop_size": {"height": 192, "width": 192}},
    "CLIP, size 224": _CLIP | {"size": 224},
    "CLIP, size 256": _CLIP | {"size": 256},
    "CLIP, height and width": _CLIP | _SQUARE,
    "CLIP, crop_size 224": _CLIP | {"crop_size": 224},
    "CLIP, crop larger": _CLIP | {"size": {"shortest_edge": 200}},
    "CLIP, crop odd": _CLIP | {"size": {"shortest_edge": 251}},
    "CLIP, crop smaller than the model": _CLIP | {"crop_size": {"height": 192, "width": 192}},
    "CLIP, do_center_crop false": _CLIP | {"do_center_crop": False},
    "CLIP, do_convert_rgb false": _CLIP | {"do_convert_rgb": False},
    "ViT, do_convert_rgb true": _VIT | {"do_convert_rgb": True},
    "ViT, do_convert_rgb false": _VIT | {"do_convert_rgb": False},
    "ViT, do_resize false": _VIT | {"do_resize": False},
    "CLIP, do_resize false": _CLIP | {"do_resize": False},
    "ViT, do_rescale false": _VIT | {"do_rescale": False},
    "ViT, do_normalize false": _VIT | {"do_normalize": False},
    "ViT, rescale_factor 1/127.5": _VIT | {"rescale_factor": 1 / 127.5},
    "ViT, rescale_factor 1": _VIT | {"rescale_factor": 1.0},
    "ViT, ImageNet's mean": _VIT | {"image_mean": [0.485, 0.456, 0.406],
                                    "image_std": [0.229, 0.224, 0.225]},
    "ViT, mean one number": _VIT | {"image_mean": 0.5, "image_std": 0.5},
    "ViT, std zero": _VIT | {"image_std": [0.5, 0.0, 0.5]},
    "ViT, do_pad": _VIT | {"do_pad": True},
    "ViT, unknown key": _VIT | {"do_sharpen": True},
    "ViT, data_format": _VIT | {"data_format": "channels_first", "return_tensors": None},
    "ConvNext, shortest_edge 224": {
        "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224},
        "crop_pct": 0.875},
    "ConvNext, crop_pct 0.95": {
        "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224},
        "crop_pct": 0.95},
    "BEiT, crop": {"image_processor_type": "BeitImageProcessor", "do_center_crop": True,
                   "size": {"height": 256, "width": 256}},
    "DeiT, size 224, no crop": {"image_processor_type": "DeiTImageProcessor",
                                "do_center_crop": False, "size": 224},
}
_MODEL_SIZES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ConvNext at 384": (
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}},
        {"image_size": 384}),
    "ViT at 384": (_VIT | {"size": {"height": 384, "width": 384}}, {"image_size": 384}),
    "ViT at 384, processor of 224": (_VIT, {"image_size": 384}),
    "CLIP at 336": (_CLIP | {"size": {"shortest_edge": 336},
                             "crop_size": {"height": 336, "width": 336}}, {"image_size": 336}),
}
TRANSFORMERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{f"transformers, {name}ImageProcessor, defaults": (
        {"image_processor_type": f"{name}ImageProcessor"}, {}) for name in _CLASSES},
    **{f"transformers, {name}": (processor, {}) for name, processor in _KEYS.items()},
    **{f"transformers, resample {number} ({name})": (_VIT | {"resample": number}, {})
       for number, name in enumerate(_FILTERS)},
    "transformers, resample 6": (_VIT | {"resample": 6}, {}),
    **{f"transformers, CLIP, resample {number} ({name})": (_CLIP | {"resample": number}, {})
       for number, name in enumerate(_FILTERS)},
    **{f"transformers, {name}": case for name, case in _MODEL_SIZES.items()},
}

_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
# Arguments of the model, and changes of pretrained_cfg.
TIMM: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    f"timm, {name}": case for name, case in {
        "as it is": ({}, {}),
        **{f"crop_mode {mode}": ({}, {"crop_mode": mode})
           for mode in ("center", "squash", "border", "zoom")},
        **{f"crop_pct {share}": ({}, {"crop_pct": share})
           for share in (0.8, 0.875, 0.9, 0.95, 0.965, 1.0, 1.15)},
        **{f"squash, crop_pct {share}": ({}, {"crop_mode": "squash", "crop_pct": share})
           for share in (0.9, 1.0)},
        **{f"border, crop_pct {share}": ({}, {"crop_mode": "border", "crop_pct": share})
           for share in (0.9, 1.0, 1.15)},
        **{f"interpolation {name}": ({}, {"interpolation": name})
           for name in (*_FILTERS, "random", "cubic")},
        "ImageNet's mean": ({}, _IMAGENET),
        "border, ImageNet's mean": ({}, _IMAGENET | {"crop_mode": "border"}),
        "input_size 224 x 320": ({"img_size": (224, 320)}, {"input_size": [3, 224, 320]}),
        "input_size 320 x 224": ({"img_size": (320, 224)}, {"input_size": [3, 320, 224]}),
        "squash, 224 x 320": ({"img_size": (224, 320)},
                              {"input_size": [3, 224, 320], "crop_mode": "squash"}),
        "border, 224 x 320": ({"img_size": (224, 320)},
                              {"input_size": [3, 224, 320], "crop_mode": "border"}),
        "input_size 225, patch 15": ({"img_size": 225, "patch_size": 15},
                                     {"input_size": [3, 225, 225]}),
        "input_size of an older export": ({}, {"input_size": [3, 256, 256]}),
        "input_size of another model": (
            {}, {"input_size": [3, 256, 256], "fixed_input_size": False}),
        "test_input_size": ({}, {"test_input_size": [3, 288, 288], "test_crop_pct": 1.0}),
        **{f"without {key}": ({}, {key: REMOVED})
           for key in ("mean", "std", "crop_pct", "crop_mode", "interpolation", "input_size")},
        "without any key": ({}, dict.fromkeys(
            ("mean", "std", "crop_pct", "crop_mode", "interpolation", "input_size"), REMOVED)),
    }.items()
}
