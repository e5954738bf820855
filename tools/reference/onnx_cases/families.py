"""Models with other tokens, norms, gates, positions and heads than DeiT's, and models without a
classifier."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
import transformers
from timm.layers import GluMlp, SwiGLU
from timm.models.vision_transformer import ResPostBlock
from torch import Tensor, nn

from .case import EXPORTERS, Around, Case, Refusal, edited, export
from .models import SIZE, model, pictures, randomised

_SMALL = {"img_size": SIZE, "patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2,
          "mlp_ratio": 2, "num_classes": 5}
_VIT: dict[str, dict[str, Any]] = {
    "mean": {"global_pool": "avg"},
    "mean_of_all": {"global_pool": "avg", "pool_include_prefix": True, "reg_tokens": 2},
    "maximum": {"global_pool": "max", "class_token": False},
    "both": {
        "global_pool": "avgmax", "reg_tokens": 4, "class_token": False, "no_embed_class": True},
    "attention_pool": {"global_pool": "map", "class_token": False},
    "registers": {"reg_tokens": 3},
    "pre_norm": {"pre_norm": True, "act_layer": "quick_gelu"},
    "features": {"num_classes": 0},
    "head_norms": {"qk_norm": True},
    "inner_norms": {"scale_attn_norm": True, "scale_mlp_norm": True},
    "post_norms": {"block_fn": ResPostBlock},
    "gates_last": {"mlp_layer": GluMlp, "act_layer": "silu"},
    "gates": {"mlp_layer": SwiGLU},
    "no_biases": {"qkv_bias": False, "proj_bias": False},
}
_OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "eva02": ("eva02_tiny_patch14_224", {}),
    "mixed": ("vit_small_patch16_rope_mixed_224", {}),
    "dinov3": ("vit_small_plus_patch16_dinov3", {"num_classes": 0}),
    "perception": ("vit_pe_core_tiny_patch16_384", {"attn_pool_num_heads": 4}),
    "distilled_features": ("deit_tiny_distilled_patch16_224", {"num_classes": 0}),
}
_HUGGING_FACE: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "vit_pooler": ("ViTModel", "ViTConfig", {}, "pooler_output"),
    "clip": ("CLIPVisionModelWithProjection", "CLIPVisionConfig",
             {"projection_dim": 6, "image_size": 12}, "image_embeds"),
    "siglip": ("SiglipVisionModel", "SiglipVisionConfig", {"image_size": 12}, "pooler_output"),
    "dinov2": ("Dinov2ForImageClassification", "Dinov2Config",
               {"use_swiglu_ffn": True, "image_size": 12}, "logits"),
}


class _Output(nn.Module):
    """One of the results of a `transformers` model."""

    def __init__(self, inner: nn.Module, name: str) -> None:
        super().__init__()
        self.inner, self.name = inner, name

    def forward(self, picture: Tensor) -> Tensor:
        return self.inner(pixel_values=picture)[self.name]


def _models() -> dict[str, tuple[nn.Module, tuple[int, int], str]]:
    """Every model with its images' extents and what its result is called."""
    found = {name: (model("vit", depth=2, **arguments), SIZE, _result(arguments))
             for name, arguments in _VIT.items()}
    for name, (architecture, arguments) in _OTHERS.items():
        inner = timm.create_model(architecture, **(_SMALL | arguments))
        if hasattr(inner, "set_distilled_training"):
            inner.set_distilled_training(False)
        found[name] = (randomised(inner), SIZE, _result(arguments))
    for name, (kind, config, values, result) in _HUGGING_FACE.items():
        settings = getattr(transformers, config)(**({
            "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "image_size": SIZE, "patch_size": 4, "num_labels": 5}
            | values))
        inner = _Output(randomised(getattr(transformers, kind)(settings)), result)
        size = settings.image_size
        found[f"transformers_{name}"] = (
            inner, (size, size) if isinstance(size, int) else size, result)
    return found


def _result(arguments: dict[str, Any]) -> str:
    return "features" if arguments.get("num_classes") == 0 else "logits"


# What nothing reads of a token in front of the patches, and of a last layer without a bias.
_ASSUMED = {"mean": "prefix_tokens", "mean_of_all": "prefix_tokens", "both": "prefix_tokens",
            "eva02": "prefix_tokens", "perception": "prefix_tokens",
            "transformers_clip": "outputs"}


def cases() -> Iterator[Case]:
    for name, (inner, size, result) in _models().items():
        for exporter, dynamo in EXPORTERS.items():
            # The exporter writes an expansion of tokens that no engine takes.
            if name == "mixed" and not dynamo:
                continue
            yield Case(
                f"family_{name}_{exporter}",
                partial(_write, inner, torch.zeros(1, 3, *size), dynamo, output=result),
                inner, pictures(size), size,
                assumptions=(_ASSUMED[name],) if name in _ASSUMED else ())


def _write(inner: nn.Module, picture: Tensor, dynamo: bool, path: Path, **options: Any) -> None:
    """Without the arguments that some models' `forward` has besides."""
    export(Around(inner), picture, path, dynamo=dynamo, **options)


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(1, 3, *SIZE)

    def scaled(name: str, factor: float, words: tuple[str, ...]) -> Refusal:
        """One number of the cosines and sines is another."""
        inner = randomised(timm.create_model("eva02_tiny_patch14_224", **_SMALL))

        def change(file) -> None:
            import numpy as np
            from onnx import numpy_helper

            table = next(t for t in file.graph.initializer if "rope" in t.name)
            values = numpy_helper.to_array(table).copy()
            values[1, 0] = factor
            table.CopyFrom(numpy_helper.from_array(values.astype(np.float32), table.name))

        return Refusal(f"family_{name}", partial(
            _write, inner, picture, True, after=edited(change)), words)

    yield scaled("rotation_of_no_number", float("nan"), ("turned by positions", "Concat"))
    yield scaled("rotation_of_one_element", 0.5, ("turned by positions", "Concat"))
    random = Around(model(), before=_Noise())
    yield Refusal("family_random", partial(_write, random, picture, False), ("RandomNormalLike",))
    last = Around(model("vit", num_classes=0), behind=lambda row: row[:, :4])
    yield Refusal("family_part_of_features", partial(
        _write, last, picture, False, output="features"), ("features: one row",))
    second = _Row(model("vit", reg_tokens=1, num_classes=0, global_pool=""))
    yield Refusal("family_second_token", partial(_write, second, picture, False),
                  ("the first of the tokens",))


class _Noise(nn.Module):
    """Something that is another each time."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x)


class _Row(nn.Module):
    """The second token of a model."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)[:, 1]
