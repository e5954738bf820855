"""Folders that transformers' `save_pretrained` writes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from sweep.hugging_face import build
from sweep.weights import noise
from torch import nn

from .case import REMOVED, Case, Config, Logits, Refusal, State, changed, read
from .described import of_timm, of_transformers
from .timm_cases import made

_MICRO: dict[str, Any] = {
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "image_size": 16, "patch_size": 4, "num_labels": 5,
}
_VIT = ("ViTForImageClassification", "ViTConfig")
_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "geluTanh", "gelu_fast": "geluTanh",
                "gelu_pytorch_tanh": "geluTanh", "quick_gelu": "quickGelu", "silu": "silu",
                "relu": "relu"}
_UNSAID = ("crop", "interpolation", "mean", "resize", "std")
_SQUARE = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}


def _written(
    model_class: str, config_class: str, values: dict[str, Any], dtype: torch.dtype | None = None
) -> tuple[nn.Module, State, Config]:
    model = build(model_class, config_class, values)
    if dtype is not None:
        model = model.to(dtype)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return model, load_file(Path(folder) / "model.safetensors"), read(Path(folder))


# `scale` is the asked size over the one that the processor is written for; nothing: the model's own.
def _case(
    name: str, classes: tuple[str, str] = _VIT, preprocessor: Config | None = None,
    options: dict[str, Any] | None = None, has_logits: bool = True,
    assumptions: tuple[str, ...] = (), dtype: torch.dtype | None = None,
    scale: float | None = None, **values: Any
) -> Case:
    model, state, config = _written(*classes, _MICRO | values, dtype)
    facts = {"architecture": "custom", "heads": model.config.num_attention_heads,
             "activation": _ACTIVATIONS[model.config.hidden_act],
             "epsilon": getattr(model.config, "layer_norm_eps", None) or model.config.rms_norm_eps}
    size = model.config.image_size
    size = own = (size, size) if isinstance(size, int) else tuple(size)
    options = options or {}
    if "image_size" in options:
        size = (options["image_size"],) * 2
    if preprocessor is None:
        preprocess = _own(config, model.config.model_type, size)
        assumptions = (*assumptions, *_UNSAID)
    else:
        preprocess = of_transformers(config, preprocessor, size, scale or size[0] / own[0])
    arguments = {"interpolate_pos_encoding": True} if size != own else {}
    return Case(name, state, config, facts, size,
                Logits(model, **arguments) if has_logits else None, preprocessor, preprocess,
                options, assumptions)


def _own(config: Config, kind: str, size: tuple[int, int]) -> dict[str, Any]:
    """What the class of processor for a type of model does, in proportion at the model's size."""
    name = {"deit": "DeiTImageProcessor"}.get(kind, "ViTImageProcessor")
    described = of_transformers(config, {"image_processor_type": name}, (224, 224))
    described["resize_height"] = described["resize_height"] * size[0] // 224
    described["resize_width"] = described["resize_width"] * size[1] // 224
    return described


_VALUES: dict[str, dict[str, Any]] = {
    "hf_vit": {},
    **{f"hf_act_{name}": {"hidden_act": name} for name in _ACTIVATIONS},
    "hf_eps_1e-5": {"layer_norm_eps": 1e-5},
    "hf_qkv_bias_false": {"qkv_bias": False},
    "hf_image_18": {"image_size": 18},
    "hf_image_16x24": {"image_size": [16, 24]},
    "hf_heads_4": {"num_attention_heads": 4},
}
_DEIT, _TEACHER, _MSN = (
    ("DeiTForImageClassification", "DeiTConfig"),
    ("DeiTForImageClassificationWithTeacher", "DeiTConfig"),
    ("ViTMSNForImageClassification", "ViTMSNConfig"))
# preprocessor_config.json, all for 16 pixels.
_CROP = {"do_center_crop": True, "crop_size": {"height": 16, "width": 16}}
_CLIP = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, **_CROP}
_PROCESSORS: dict[str, Config] = {
    "vit": _SQUARE,
    "vit_number": _SQUARE | {"size": 16},
    "vit_old_name": {"feature_extractor_type": "ViTFeatureExtractor", "size": 16},
    "vit_fast": _SQUARE | {"image_processor_type": "ViTImageProcessorFast"},
    "vit_shortest_edge_crop": _SQUARE | {"size": {"shortest_edge": 18}, **_CROP},
    "vit_statistics": _SQUARE | {"image_mean": [0.25, 0.5, 0.75], "image_std": [0.5, 0.25, 0.125]},
    "deit": {"image_processor_type": "DeiTImageProcessor", "size": {"height": 18, "width": 18},
             "crop_size": {"height": 16, "width": 16}},
    "deit_numbers": {"feature_extractor_type": "DeiTFeatureExtractor", "size": 18, "crop_size": 16,
                     "do_center_crop": True, "resample": 3},
    "clip": _CLIP,
    "clip_numbers": _CLIP | {"size": 19, "crop_size": 16},
    "clip_small_edge": _CLIP | {"size": {"shortest_edge": 13}},
    "clip_keeps_alpha_out": _CLIP | {"do_convert_rgb": False},
    "clip_no_crop": _CLIP | {"do_center_crop": False, "size": {"height": 16, "width": 16}},
    "bit": _CLIP | {"image_processor_type": "BitImageProcessor"},
    "siglip": {"image_processor_type": "SiglipImageProcessor",
               "size": {"height": 16, "width": 16}},
    "beit": {"image_processor_type": "BeitImageProcessor", "size": {"height": 16, "width": 16},
             "crop_size": {"height": 16, "width": 16}},
    "convnext": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 16}},
    "convnext_share": {"image_processor_type": "ConvNextImageProcessor",
                       "size": {"shortest_edge": 16}, "crop_pct": 0.9},
    "no_resize": _SQUARE | {"do_resize": False},
    "no_resize_crop": _CLIP | {"do_resize": False},
    "no_rescale": _SQUARE | {"do_rescale": False},
    "rescale_factor": _SQUARE | {"rescale_factor": 0.00784313725490196},
    "no_normalize": _SQUARE | {"do_normalize": False},
    # A flag that is null is off.
    "null_resize": _SQUARE | {"do_resize": None},
    "null_rescale": _SQUARE | {"do_rescale": None},
    "null_normalize": _SQUARE | {"do_normalize": None},
    "null_crop": _CLIP | {"do_center_crop": None, "size": {"height": 16, "width": 16}},
    **{f"resample_{number}": _SQUARE | {"resample": number} for number in range(6)},
    "convert_rgb": _SQUARE | {"do_convert_rgb": True},
}


def cases() -> Iterator[Case]:
    for name, values in _VALUES.items():
        yield _case(name, **values)
    yield _case("hf_deit", _DEIT)
    yield _case("hf_deit_with_teacher", _TEACHER)
    yield _case("hf_msn", _MSN)
    for name, processor in _PROCESSORS.items():
        yield _case(f"hf_processor_{name}", preprocessor=processor)
    yield _case("hf_processor_16x24", image_size=[16, 24],
                preprocessor=_SQUARE | {"size": {"height": 16, "width": 24}})
    yield _case("hf_processor_convnext_384", has_logits=False, dtype=torch.float16, image_size=384,
                patch_size=16, hidden_size=4, preprocessor={
                    "image_processor_type": "ConvNextImageProcessor",
                    "size": {"shortest_edge": 384}})
    yield _case("hf_processor_without_class", preprocessor={"size": {"height": 16, "width": 16}},
                assumptions=("image_processor_type",))
    for name, classes, own, asked in (
        ("hf_resized_up", _VIT, 16, 24), ("hf_resized_down", _VIT, 24, 16),
        ("hf_resized_deit", _TEACHER, 16, 24), ("hf_resized_msn", _MSN, 16, 24)
    ):
        yield _case(name, classes, options={"image_size": asked}, image_size=own)
    # A file for another size is taken in proportion, with a note.
    yield _case("hf_resized_processor", options={"image_size": 24}, preprocessor=_SQUARE,
                assumptions=("crop", "resize"))
    yield _case("hf_resized_processor_24", options={"image_size": 24}, scale=1,
                preprocessor=_SQUARE | {"size": {"height": 24, "width": 24}})
    yield _case("hf_resized_deit_processor", _TEACHER, options={"image_size": 24},
                preprocessor=_PROCESSORS["deit"], assumptions=("crop", "resize"))
    yield from _headless()
    yield from _problems()
    yield from _mask_token()
    yield from _wrappers()


def _features(output: Any) -> torch.Tensor:
    """The projected or pooled output; the class token's row of models that have none."""
    for key in ("image_embeds", "pooler_output"):
        if output.get(key) is not None:
            return output[key]
    return output.last_hidden_state[:, 0]


def _headless() -> Iterator[Case]:
    """Models without a classifier: their features. They have transformers' labels all the same."""
    for name, classes, values in (
        ("hf_features", ("ViTModel", "ViTConfig"), {}),
        ("hf_features_pooler_12", ("ViTModel", "ViTConfig"),
         {"pooler_output_size": 12, "pooler_act": "silu"}),
        ("hf_features_no_pooler", ("ViTModel without pooler", "ViTConfig"), {}),
        ("hf_features_deit", ("DeiTModel", "DeiTConfig"), {}),
        ("hf_features_deit_no_pooler", ("DeiTModel without pooler", "DeiTConfig"), {}),
        ("hf_features_msn", ("ViTMSNModel", "ViTMSNConfig"), {}),
        ("hf_features_masked", ("ViTForMaskedImageModeling", "ViTConfig"), {}),
        ("hf_features_mae", ("ViTMAEModel", "ViTMAEConfig"), {"mask_ratio": 0.0}),
        ("hf_features_dinov2", ("Dinov2Model", "Dinov2Config"), {"mlp_ratio": 2}),
        ("hf_features_dinov2_registers",
         ("Dinov2WithRegistersModel", "Dinov2WithRegistersConfig"), {"mlp_ratio": 2}),
        ("hf_features_dinov2_gated", ("Dinov2Model", "Dinov2Config"),
         {"mlp_ratio": 2, "use_swiglu_ffn": True}),
        ("hf_features_dinov3", ("DINOv3ViTModel", "DINOv3ViTConfig"),
         {"num_register_tokens": 3, "rope_theta": 7.0}),
        ("hf_features_dinov3_gated", ("DINOv3ViTModel", "DINOv3ViTConfig"),
         {"use_gated_mlp": True, "hidden_act": "silu", "key_bias": True, "proj_bias": False,
          "mlp_bias": False}),
        ("hf_features_ijepa", ("IJepaModel", "IJepaConfig"), {}),
        ("hf_features_aimv2", ("Aimv2VisionModel", "Aimv2VisionConfig"), {"hidden_act": "silu"}),
        ("hf_features_aimv2_biases", ("Aimv2VisionModel", "Aimv2VisionConfig"), {
            "hidden_act": "silu", "qkv_bias": True, "mlp_bias": True, "rms_norm_eps": 1e-3}),
        ("hf_features_beit", ("BeitModel", "BeitConfig"), {"use_relative_position_bias": True}),
        ("hf_features_clip", ("CLIPVisionModel", "CLIPVisionConfig"), {}),
        ("hf_features_clip_projection", ("CLIPVisionModelWithProjection", "CLIPVisionConfig"),
         {"projection_dim": 6}),
        ("hf_features_siglip", ("SiglipVisionModel", "SiglipVisionConfig"), {}),
    ):
        case = _case(name, classes, preprocessor=_SQUARE, has_logits=False, **values)
        model = _written(*classes, _MICRO | values)[0]
        # Without a class token their mean.
        pooled = (lambda output: output.last_hidden_state.mean(1)) if "ijepa" in name else _features
        case.logits = Logits(getattr(model, "vit", model), pooled)
        if values.get("use_swiglu_ffn"):
            # Whatever hidden_act says.
            case.facts["activation"] = "silu"
        yield case
    yield from _towers()


def _towers() -> Iterator[Case]:
    """Both towers of CLIP and SigLIP, of which the vision's is read, and their classifiers."""
    for name, classes, values in (
        ("hf_features_clip_both", ("CLIPModel", "vision:CLIPConfig"), {"projection_dim": 6}),
        ("hf_features_siglip_both", ("SiglipModel", "vision:SiglipConfig"), {}),
        ("hf_clip_classifier", ("CLIPForImageClassification", "vision:CLIPConfig"), {}),
        ("hf_siglip_classifier", ("SiglipForImageClassification", "vision:SiglipConfig"), {}),
    ):
        model, state, config = _written(*classes, _MICRO | values)
        vision = model.config.vision_config
        facts = {"architecture": "custom", "heads": 2, "activation": _ACTIVATIONS[vision.hidden_act],
                 "epsilon": vision.layer_norm_eps}
        both = hasattr(model, "get_image_features")
        if both:
            facts["text_comparison"] = [
                model.logit_scale.exp().item(),
                model.logit_bias.item() if hasattr(model, "logit_bias") else None]
        logits = Logits(_Image(model), lambda value: value) if both else Logits(model)
        yield Case(name, state, config, facts, (16, 16), logits, _SQUARE,
                   of_transformers(config, _SQUARE, (16, 16)))
    for name, classes in (
        ("hf_dinov2_classifier", ("Dinov2ForImageClassification", "Dinov2Config")),
        ("hf_dinov2_registers_classifier",
         ("Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig")),
        ("hf_ijepa_classifier", ("IJepaForImageClassification", "IJepaConfig")),
    ):
        values = {"mlp_ratio": 2} if "dinov2" in name else {}
        yield _case(name, classes, preprocessor=_SQUARE, **values)
    for name, kind, values in (
        ("hf_beit", "Beit", {"use_relative_position_bias": True}),
        ("hf_beit_shared", "Beit", {
            "use_shared_relative_position_bias": True, "use_relative_position_bias": True,
            "use_mean_pooling": False, "layer_scale_init_value": 0.0}),
        ("hf_beit_positions", "Beit", {"use_absolute_position_embeddings": True}),
        ("hf_data2vec", "Data2VecVision", {"use_relative_position_bias": True}),
    ):
        classes = (f"{kind}ForImageClassification", f"{kind}Config")
        yield _case(name, classes, preprocessor=_SQUARE, **values)
    # Positions come to another size as each class has it.
    for name, classes in (
        ("hf_resized_dinov2", ("Dinov2ForImageClassification", "Dinov2Config")),
        ("hf_resized_dinov2_registers",
         ("Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig")),
    ):
        case = _case(name, classes, options={"image_size": 24}, preprocessor=_SQUARE | {
            "size": {"height": 24, "width": 24}}, has_logits=False, scale=1, mlp_ratio=2)
        case.logits = Logits(_written(*classes, _MICRO | {"mlp_ratio": 2})[0])
        yield case


class _Image(nn.Module):
    """The features of an image of a model of images and texts."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        value = self.model.get_image_features(pixels)
        return value if isinstance(value, torch.Tensor) else value.pooler_output


def _problems() -> Iterator[Case]:
    """What the classifier was trained for decides how its logits become probabilities."""
    for name, problem, scores in (
        ("hf_multi_label", "multi_label_classification", "sigmoid"),
        ("hf_single_label", "single_label_classification", "softmax"),
    ):
        case = _case(name, preprocessor=_SQUARE, problem_type=problem)
        case.facts["scores"] = scores
        yield case


def _mask_token() -> Iterator[Case]:
    """As masked image modelling leaves it in a classifier's file."""
    case = _case("hf_mask_token", preprocessor=_SQUARE)
    case.state["vit.embeddings.mask_token"] = noise("mask", torch.Size((1, 1, 8)))
    yield case


def _wrapper(name: str, **values: Any) -> Case:
    arguments = {"img_size": 16, "patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2,
                 "mlp_ratio": 2}
    model, state, config = _written(
        "TimmWrapperForImageClassification", "TimmWrapperConfig",
        {"architecture": "vit_tiny_patch16_224", "model_args": arguments, "num_labels": 5} | values)
    facts = {"architecture": "vit_tiny_patch16_224", "heads": 2, "activation": "gelu",
             "epsilon": model.timm_model.blocks[0].norm1.eps}
    return Case(name, state, config, facts, (16, 16), Logits(model))


def _wrappers() -> Iterator[Case]:
    # What timm's repositories say of images stays in the configuration that transformers writes.
    pretrained = made()[1]["pretrained_cfg"] | {"crop_mode": "squash", "crop_pct": 0.95}
    case = _wrapper("hf_timm_wrapper", pretrained_cfg=pretrained)
    case.preprocess = of_timm(json.loads(json.dumps(pretrained)), (16, 16))
    yield case
    # Without it transformers has no processor, and nothing to compare with.
    yield _wrapper("hf_timm_wrapper_without_cfg")


# Changes of config.json and words of the error.
_CHANGES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "hf_unknown_key": ({"mystery_gate": True}, ("mystery_gate", "true")),
    "hf_swin": ({"model_type": "swin"}, ("model_type", "Swin")),
    "hf_unknown_type": ({"model_type": "vit_of_tomorrow"}, ("model_type", "vit_of_tomorrow")),
    "hf_no_classifier": ({"architectures": ["ViTModel"]}, ("architectures", "ViTModel")),
    "hf_num_labels": ({"num_labels": 6}, ("num_labels", "expected 5", "found 6")),
    "hf_id2label_short": (
        {"id2label": {str(i): f"kind {i}" for i in range(4)}}, ("id2label", "5 names", "found 4")),
    "hf_relu6": ({"hidden_act": "relu6"}, ("hidden_act", "\"relu6\"")),
    "hf_regression": ({"problem_type": "regression"}, ("problem_type", "regression")),
    "hf_problem_of_tomorrow": ({"problem_type": "ranking"}, ("problem_type", "ranking")),
    "hf_layers_3": ({"num_hidden_layers": 3}, ("num_hidden_layers", "expected 2", "found 3")),
    "hf_image_20": ({"image_size": 20}, ("image_size", "20 x 20")),
    "hf_quantised": ({"quantization_config": {"bits": 8}}, ("quantization_config", "quantised")),
    "hf_pruned": ({"pruned_heads": {"0": [1]}}, ("pruned_heads", "taken out")),
    "hf_heads_3": ({"num_attention_heads": 3}, ("heads", "a divisor of the width 8")),
    # transformers' default of 12 heads is none of this model.
    "hf_without_heads": ({"num_attention_heads": REMOVED}, ("heads", "12")),
}
_REFUSED_PROCESSORS: dict[str, tuple[Config, tuple[str, ...]]] = {
    "of_another_size": (
        _SQUARE | {"size": {"height": 32, "width": 32}},
        ("preprocessor_config.json", "size", "16 x 16", "32 x 32")),
    "crop_of_another_size": (
        _CLIP | {"crop_size": {"height": 12, "width": 12}}, ("crop_size", "16 x 16", "12 x 12")),
    "edge_without_crop": (
        _CLIP | {"do_center_crop": False, "size": {"shortest_edge": 18}}, ("size", "18")),
    "unknown_class": (
        {"image_processor_type": "MysteryImageProcessor"}, ("MysteryImageProcessor",)),
    "unknown_key": (_SQUARE | {"mystery": 1}, ("mystery", "preprocessor_config.json")),
    "resample_6": (_SQUARE | {"resample": 6}, ("resample", "6")),
    "pad": (_SQUARE | {"do_pad": True}, ("do_pad", "true")),
    "bgr": (_SQUARE | {"do_flip_channel_order": True}, ("do_flip_channel_order",)),
    "std_0": (_SQUARE | {"image_std": [0.5, 0.0, 0.5]}, ("std", "positive")),
}


def refusals() -> Iterator[Refusal]:
    _, state, config = _written(*_VIT, _MICRO)
    for name, (changes, words) in _CHANGES.items():
        yield Refusal(name, state, changed(config, **changes), words)
    for name, (processor, words) in _REFUSED_PROCESSORS.items():
        yield Refusal(f"hf_processor_{name}", state, config, words, preprocessor=processor)
    twice = json.dumps(config, indent=2).replace(
        '"num_attention_heads": 2', '"num_attention_heads": 2,\n  "num_attention_heads": 4')
    yield Refusal("hf_duplicate_key", state, twice, ("num_attention_heads", "twice"))
    yield Refusal("hf_unknown_tensor", state | {
        "vit.encoder.layer.0.mystery.weight": noise("mystery", torch.Size((8,)))}, config,
        ("mystery.weight", "unexpected"))
    headless = {name: value for name, value in state.items() if "classifier" not in name}
    yield Refusal("hf_headless", headless, config, ("classifier",))
    other = _written("Dinov2ForImageClassification", "Dinov2Config",
                     _MICRO | {"use_swiglu_ffn": True})[2]
    yield Refusal("hf_dinov2_swiglu", state, other, ("use_swiglu_ffn", "gates"))
    _, tower, config = _written("SiglipVisionModel", "SiglipVisionConfig",
                                _MICRO | {"vision_use_head": False})
    yield Refusal("hf_siglip_without_head", tower, config, ("pooling", "no class token"))
    _, both, config = _written("CLIPModel", "vision:CLIPConfig", _MICRO | {"projection_dim": 6})
    for name, changes, words in (
        ("projection_7", {"projection_dim": 7}, ("projection_dim", "expected 6", "found 7")),
        ("vision_config_dict", {"vision_config_dict": {"hidden_size": 9}},
         ("vision_config_dict.hidden_size", "expected 8", "found 9")),
        ("vision_heads", {"vision_config__num_attention_heads": 3}, ("heads", "3")),
        ("vision_key", {"vision_config__mystery": 1}, ("vision_config.mystery",)),
    ):
        yield Refusal(f"hf_clip_{name}", both, changed(config, **changes), words)
    yield Refusal("hf_clip_scale", both | {"logit_scale": torch.tensor(float("nan"))}, config,
                  ("logit_scale", "finite"))
