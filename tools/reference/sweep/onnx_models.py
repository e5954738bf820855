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
from .hugging_face_cases import SMALL
from .jobs import Job
from .outcome import Truth
from .preprocessing import pictures_of
from .run import Logits, Pictures
from .timm_models import create, output_of
from .weights import noise

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
}
_TRANSFORMERS: dict[str, tuple[str, str]] = {
    "ViTForImageClassification": ("ViTForImageClassification", "ViTConfig"),
    "DeiTForImageClassificationWithTeacher": (
        "DeiTForImageClassificationWithTeacher", "DeiTConfig"),
    "Dinov2ForImageClassification": ("Dinov2ForImageClassification", "Dinov2Config"),
    "CLIPVisionModelWithProjection": ("CLIPVisionModelWithProjection", "CLIPVisionConfig"),
    "SiglipVisionModel": ("SiglipVisionModel", "SiglipVisionConfig"),
}
_EXPORTERS: dict[str, dict[str, Any]] = {
    "TorchScript": {"opset": 17}, "dynamo": {"opset": 18, "dynamo": True}}
_HUB = ("hub folder, onnx/model.onnx", "hub folder", "hub folder, preprocessing")


class _OneOutput(nn.Module):
    """A `transformers` model that returns its logits or its features."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        output = self.model(pixel_values=pixels)
        for key in ("logits", "image_embeds"):
            if isinstance(value := output.get(key), Tensor):
                return value
        return output.pooler_output


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


def _of_transformers(model_class: str, config_class: str) -> nn.Module:
    return _OneOutput(build(model_class, config_class, SMALL)).eval()


def jobs() -> list[Job]:
    models: dict[str, tuple[Callable[[], nn.Module], int]] = {
        f"timm, {name}": (partial(_of_timm, *case), case[1].get("img_size", _SIDE))
        for name, case in _TIMM.items()}
    models |= {f"transformers, {name}": (partial(_of_transformers, *case), _SIDE)
               for name, case in _TRANSFORMERS.items()}
    found = [
        Job(((SUITE, f"{name}, {exporter}"),),
            partial(_samples, f"{name}, {exporter}", make, side, options))
        for name, (make, side) in models.items() for exporter, options in _EXPORTERS.items()
    ]
    return [*found, Job(tuple((SUITE, name) for name in _HUB), _hub_samples)]


def _samples(
    name: str, make: Callable[[], nn.Module], side: int, options: dict[str, Any], folder: Path
) -> Iterator[Logits]:
    model = make()
    path = export(model, folder / "model.onnx", _Square(side), **options)
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
