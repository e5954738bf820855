"""Models that both of PyTorch's exporters write to ONNX, and a hub folder's `onnx/model.onnx`."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from variants.onnx_files import export

from .hugging_face import build
from .hugging_face_cases import SMALL, cases
from .jobs import Job
from .outcome import Truth
from .preprocessing import pictures_of
from .run import Logits, Pictures, Tokens
from .timm_models import create, output_of
from .weights import noise, randomise

SUITE = "onnx"
_SIDE = 64
_SHALLOW = {"depth": 2, "img_size": _SIDE, "num_classes": 10}
_VIT = "vit_tiny_patch16_224"
_TIMM: dict[str, tuple[str, dict[str, Any]]] = {
    "ViT": (_VIT, {}),
    "ViT, 4 heads": (_VIT, {"num_heads": 4}),
    "ViT, tanh GELU": (_VIT, {"act_layer": "gelu_tanh"}),
    "ViT, QuickGELU": (_VIT, {"act_layer": "quick_gelu"}),
    "ViT, SiLU": (_VIT, {"act_layer": "silu"}),
    "ViT, mean of patches": (_VIT, {"global_pool": "avg"}),
    "ViT, attention pooling": (_VIT, {"global_pool": "map", "class_token": False}),
    "ViT, registers": (_VIT, {"reg_tokens": 4}),
    "ViT, norm before the blocks": (_VIT, {"pre_norm": True}),
    "ViT, no classifier": (_VIT, {"num_classes": 0}),
    "ViT, patch 16 x 8": (_VIT, {"patch_size": (16, 8)}),
    "ViT, SwiGLU": (_VIT, {"mlp_layer": "class:timm.layers.SwiGLU"}),
    "DeiT, distilled": ("deit_tiny_distilled_patch16_224", {}),
    "DeiT-III": ("deit3_small_patch16_224", {}),
    "rope_ape": ("vit_small_patch16_rope_ape_224", {}),
    "BEiT": ("beit_base_patch16_224", {}),
    "EVA02": ("eva02_tiny_patch14_224", {"img_size": 70}),
    "ViT, maximum of all tokens": (
        _VIT, {"global_pool": "max", "pool_include_prefix": True, "fc_norm": False}),
    "ViT, mean and maximum": (_VIT, {"global_pool": "avgmax", "reg_tokens": 2}),
    "ViT, no pooling": (_VIT, {"global_pool": "", "num_classes": 0}),
    "ViT, attention pooling of all tokens": (
        _VIT, {"global_pool": "map", "pool_include_prefix": True, "reg_tokens": 2}),
    "ViT, normalised heads": (_VIT, {"qk_norm": True}),
    "ViT, norms in front of the last layers": (
        _VIT, {"scale_attn_norm": True, "scale_mlp_norm": True}),
    "ViT, norms behind the branches": (
        _VIT, {"block_fn": "class:timm.models.vision_transformer.ResPostBlock"}),
    "ViT, gates last": (
        _VIT, {"mlp_layer": "class:timm.layers.GluMlp", "act_layer": "silu"}),
    "ViT, no biases": (_VIT, {"qkv_bias": False, "proj_bias": False}),
    "DeiT, distilled, no classifier": ("deit_tiny_distilled_patch16_224", {"num_classes": 0}),
    "mixed rotary positions": ("vit_small_patch16_rope_mixed_224", {}),
    "Perception Encoder": ("vit_pe_core_tiny_patch16_384", {}),
    "DINOv3": ("vit_small_patch16_dinov3", {"num_classes": 0}),
    "BEiT, shared": ("beit_base_patch16_224", {
        "use_rel_pos_bias": False, "use_shared_rel_pos_bias": True}),
    "BEiT, both": ("beit_base_patch16_224", {"use_shared_rel_pos_bias": True}),
    "network of relative positions": ("vit_relpos_small_patch16_224", {}),
    "network of relative positions, class token": ("vit_relpos_base_patch16_clsgap_224", {}),
    "network of relative positions, norms behind": ("vit_relpos_small_patch16_rpn_224", {}),
    "network of relative positions, shared": ("vit_srelpos_small_patch16_224", {}),
    "AIMv2": ("aimv2_large_patch14_224", {"img_size": 70}),
}
# Of `hugging_face_cases.py`.
_TRANSFORMERS = (
    "ViT, as it is", "ViTModel", "DeiTForImageClassification",
    "DeiTForImageClassificationWithTeacher", "DeiTModel", "ViTMSNForImageClassification",
    "Dinov2ForImageClassification", "Dinov2Model",
    "DINOv2, SwiGLU", "Dinov2WithRegistersForImageClassification", "DINOv3ViTModel",
    "DINOv3ViTModel, registers, gated", "CLIPVisionModel", "CLIPVisionModelWithProjection",
    "CLIP, gelu", "CLIPForImageClassification", "SiglipVisionModel", "SiglipForImageClassification",
    "ViTMAEModel", "IJepaForImageClassification", "BeitForImageClassification",
    "BEiT, relative positions", "BEiT, shared relative positions", "BEiT, absolute positions",
    "BEiT, no mean pooling", "BeitModel", "Data2VecVisionForImageClassification",
    "Aimv2VisionModel", "MetaClip2VisionModel",
)
_EXPORTERS: dict[str, dict[str, Any]] = {
    "TorchScript": {"opset": 17}, "dynamo": {"opset": 18, "dynamo": True},
    "TorchScript, any batch": {"opset": 17, "dynamic": True},
    "dynamo, any batch": {"opset": 20, "dynamo": True, "dynamic": True}}
_ANY_BATCH = ("ViT, attention pooling", "EVA02", "mixed rotary positions", "ViT, mean and maximum",
              "SiglipVisionModel", "CLIPVisionModelWithProjection", "torchvision")
_HUB = ("hub folder, onnx/model.onnx", "hub folder", "hub folder, preprocessing")


_RESULTS = ("logits", "image_embeds", "pooler_output", "last_hidden_state")


class _OneOutput(nn.Module):
    """A `transformers` model that returns its logits or its features."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        with torch.no_grad():
            output = model(pixel_values=torch.zeros(1, 3, _SIDE, _SIDE))
        self.result = next(key for key in _RESULTS if isinstance(output.get(key), Tensor))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model(pixel_values=pixels)[self.result]


class _Square:
    """The part of the sizes that the exporter reads."""

    def __init__(self, side: int) -> None:
        self.image = side


def _of_timm(architecture: str, arguments: dict[str, Any]) -> nn.Module:
    real = {
        key: pkgutil.resolve_name(value.removeprefix("class:"))
        if isinstance(value, str) and value.startswith("class:") else value
        for key, value in arguments.items()
    }
    return create(architecture, exportable=True, **(_SHALLOW | real))


def _of_transformers(name: str) -> nn.Module:
    model_class, config_class, values, _ = cases()[name]
    return _OneOutput(build(model_class, config_class, values)).eval()


def _of_torchvision() -> nn.Module:
    from torchvision.models import VisionTransformer

    # Its one operator for attention is no exporter's.
    torch.backends.mha.set_fastpath_enabled(False)
    return randomise(VisionTransformer(
        image_size=_SIDE, patch_size=16, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=160,
        num_classes=10))


class OneInput(nn.Module):
    """A model without the arguments that an exporter would make inputs of."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model(pixels)


def jobs() -> list[Job]:
    models: dict[str, tuple[Callable[[], nn.Module], int]] = {
        f"timm, {name}": (partial(_of_timm, *case), case[1].get("img_size", _SIDE))
        for name, case in _TIMM.items()}
    models |= {f"transformers, {name}": (partial(_of_transformers, name), _SIDE)
               for name in _TRANSFORMERS}
    models["torchvision"] = (_of_torchvision, _SIDE)
    found = [
        Job(((SUITE, f"{name}, {exporter}"),),
            partial(_samples, f"{name}, {exporter}", make, side, options))
        for name, (make, side) in models.items() for exporter, options in _EXPORTERS.items()
        if "any batch" not in exporter or name.endswith(_ANY_BATCH)
    ]
    return [*found, Job(tuple((SUITE, name) for name in _HUB), _hub_samples)]


def _result_of(model: nn.Module) -> str:
    """What a model's result is called."""
    if isinstance(model, _OneOutput):
        return model.result
    return "features" if getattr(model, "num_classes", None) == 0 else "logits"


def _samples(
    name: str, make: Callable[[], nn.Module], side: int, options: dict[str, Any], folder: Path
) -> Iterator[Logits | Tokens]:
    model = make()
    path = export(
        OneInput(model).eval(), folder / "model.onnx", _Square(side),
        output=_result_of(model), **options)
    if getattr(model, "global_pool", None) == "":
        pixels = noise("pixels", torch.Size((1, 3, side, side))).numpy()
        yield Tokens(
            SUITE, name, path, pixels, dict, Truth(name.lower()),
            rows=lambda images: next(iter(output_of(model, images).values())))
        return
    yield _logits(name, path, model, side)


def _logits(name: str, checkpoint: Path, model: nn.Module, side: int) -> Logits:
    pixels = noise("pixels", torch.Size((1, 3, side, side))).numpy()

    def expected() -> dict[str, np.ndarray]:
        return output_of(model, pixels)

    return Logits(SUITE, name, checkpoint, pixels, expected, Truth(name.lower()))


def _hub_samples(folder: Path) -> Iterator[Logits | Pictures]:
    model = build("ViTForImageClassification", "ViTConfig", SMALL)
    hub = folder / "hub"
    model.save_pretrained(hub)
    (hub / "model.safetensors").unlink()
    (hub / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "ViTImageProcessor", "size": {"height": 64, "width": 64}}))
    (hub / "onnx").mkdir()
    whole = _OneOutput(model).eval()
    path = export(whole, hub / "onnx" / "model.onnx", _Square(_SIDE), opset=17)
    yield _logits(_HUB[0], path, whole, _SIDE)
    yield _logits(_HUB[1], hub, whole, _SIDE)
    yield Pictures(SUITE, _HUB[2], path, partial(pictures_of, folder, hub), (_SIDE, _SIDE))
