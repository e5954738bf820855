"""Models with other tokens, norms, gates, positions and heads than DeiT's, and models without a
classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import timm
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper
from timm.layers import GluMlp, RmsNorm, SwiGLU
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
    "tables": ("beit_base_patch16_224", {}),
    "networks": ("vit_relpos_small_patch16_224", {"rel_pos_dim": 6}),
    "networks_and_class_token": ("vit_relpos_base_patch16_clsgap_224", {"rel_pos_dim": 6}),
    "shared_network": ("vit_srelpos_small_patch16_224", {"rel_pos_dim": 6}),
    "rms": ("aimv2_large_patch14_224", {}),
    "perception": ("vit_pe_core_tiny_patch16_384", {"attn_pool_num_heads": 4}),
    "distilled_features": ("deit_tiny_distilled_patch16_224", {"num_classes": 0}),
}
_HUGGING_FACE: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "vit_pooler": ("ViTModel", "ViTConfig", {}, "pooler_output"),
    "clip": ("CLIPVisionModelWithProjection", "CLIPVisionConfig",
             {"projection_dim": 6, "image_size": 12}, "image_embeds"),
    "siglip": ("SiglipVisionModel", "SiglipVisionConfig", {"image_size": 12}, "pooler_output"),
    "beit": ("BeitForImageClassification", "BeitConfig",
             {"use_relative_position_bias": True, "image_size": 12}, "logits"),
    "dinov3": ("DINOv3ViTModel", "DINOv3ViTConfig",
               {"num_register_tokens": 2, "image_size": 12}, "pooler_output"),
    "aimv2": ("Aimv2VisionModel", "Aimv2VisionConfig", {"image_size": 12}, "pooler_output"),
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
            "tables": "prefix_tokens", "networks_and_class_token": "prefix_tokens",
            "transformers_beit": "prefix_tokens", "transformers_clip": "outputs"}
# The exporter writes an expansion of tokens that no engine takes, or no RMSNorm.
_NOT_BY_TORCHSCRIPT = ("mixed", "rms")
# Attention with its bias, and RMSNorm, as one operator.
_NEWEST = ("tables", "rms")


def cases() -> Iterator[Case]:
    for name, (inner, size, result) in _models().items():
        ways = {exporter: {"dynamo": dynamo} for exporter, dynamo in EXPORTERS.items()
                if dynamo or name not in _NOT_BY_TORCHSCRIPT}
        if name in _NEWEST:
            ways["dynamo_23"] = {"dynamo": True, "opset": 23}
        for way, options in ways.items():
            yield Case(
                f"family_{name}_{way}",
                partial(_write, inner, torch.zeros(1, 3, *size), output=result, **options),
                inner, pictures(size), size,
                assumptions=(_ASSUMED[name],) if name in _ASSUMED else ())


def _write(
    inner: nn.Module, picture: Tensor, path: Path, *, dynamo: bool, **options: Any
) -> None:
    """Without the arguments that some models' `forward` has besides."""
    export(Around(inner), picture, path, dynamo=dynamo, **options)


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(1, 3, *SIZE)

    def scaled(name: str, factor: float, words: tuple[str, ...]) -> Refusal:
        """One number of the cosines and sines is another."""
        inner = randomised(timm.create_model("eva02_tiny_patch14_224", **_SMALL))

        def change(file) -> None:
            table = next(t for t in file.graph.initializer if "rope" in t.name)
            values = numpy_helper.to_array(table).copy()
            values[1, 0] = factor
            table.CopyFrom(numpy_helper.from_array(values.astype(np.float32), table.name))

        return Refusal(f"family_{name}", partial(
            _write, inner, picture, dynamo=True, after=edited(change)), words)

    yield scaled("rotation_of_no_number", float("nan"), ("turned by positions", "Concat"))
    yield scaled("rotation_of_one_element", 0.5, ("turned by positions", "Concat"))
    random = Around(model(), before=_Noise())
    yield Refusal("family_random", partial(_write, random, picture, dynamo=False),
                  ("RandomNormalLike",))
    last = Around(model("vit", num_classes=0), behind=lambda row: row[:, :4])
    yield Refusal("family_part_of_features", partial(
        _write, last, picture, dynamo=False, output="features"), ("features: one row",))
    second = _Row(model("vit", reg_tokens=1, num_classes=0, global_pool=""))
    yield Refusal("family_second_token", partial(_write, second, picture, dynamo=False),
                  ("the first of the tokens",))
    yield Refusal("family_choice_by_the_image", partial(
        _write, model(), picture, dynamo=False, after=edited(_choosing)),
        ("straight-line code", "Greater"))
    yield from _refused_biases(picture)
    yield from _refused_norms(picture)


def _choosing(file: onnx.ModelProto) -> None:
    """Makes the result depend on whether the first logit is positive."""
    graph = file.graph
    output = graph.output[0].name
    graph.node[-1].output[0] = "before"
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(operation, ["before"], [name])], name, [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])
        for name, operation in (("then", "Identity"), ("else", "Neg"))}
    graph.node.extend([
        helper.make_node("Constant", [], ["first"], value_ints=[0]),
        helper.make_node("Gather", ["before", "first"], ["logit"], axis=1),
        helper.make_node("Constant", [], ["zero"], value_float=0.0),
        helper.make_node("Greater", ["logit", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], [output], **branches)])


def _refused_biases(picture: Tensor) -> Iterator[Refusal]:
    """What scores have added that is no relative positions."""
    tokens = 1 + SIZE[0] // 4 * (SIZE[1] // 4)

    def changed(name: str, change: Callable[[np.ndarray], np.ndarray], *words: str) -> Refusal:
        inner = randomised(timm.create_model("beit_base_patch16_224", **(_SMALL | {"depth": 1})))

        def edit(file) -> None:
            bias = next(t for t in file.graph.initializer if list(t.dims[-2:]) == [tokens, tokens])
            bias.CopyFrom(numpy_helper.from_array(
                change(numpy_helper.to_array(bias).copy()), bias.name))

        return Refusal(f"family_bias_{name}", partial(
            _write, inner, picture, dynamo=True, after=edited(edit)), words)

    def element(number: float) -> Callable[[np.ndarray], np.ndarray]:
        def change(bias: np.ndarray) -> np.ndarray:
            bias[0, 1, 3, 7] = number
            return bias
        return change

    yield changed("of_one_pair", element(0.5), "blocks.0.attn", "lie alike", "for 3, 7")
    yield changed("of_no_number", element(float("nan")), "blocks.0.attn", "finite numbers")
    yield changed("that_hides", element(float("-inf")), "blocks.0.attn", "finite numbers")
    yield changed("of_keys", lambda bias: bias[:, :, 1:2].copy(), "blocks.0.attn", "lie alike")
    yield changed("of_fewer_tokens", lambda bias: bias[..., 1:, 1:].copy(), "Add", "broadcast")
    yield changed("of_integers", lambda bias: bias.astype(np.int64), "blocks.0.attn", "int64")


def _refused_norms(picture: Tensor) -> Iterator[Refusal]:
    """RMSNorm beside LayerNorm, and norms with a number for each token in a model of as many channels."""
    mixed = model("vit", norm_layer=RmsNorm)
    mixed.norm = randomised(nn.LayerNorm(8))
    heads = model("vit", norm_layer=RmsNorm, qk_norm=True)
    for name, inner, words in (("of_two_kinds", mixed, "2 of 3 are RMSNorm"),
                               ("of_heads", heads, "those of queries and keys")):
        yield Refusal(f"family_norms_{name}", partial(
            _write, inner, picture, dynamo=True), ("norms", words))
    for part in ("weight", "bias"):
        inner = model("vit", embed_dim=16)
        inner.norm = _NormOfTokens(part)
        yield Refusal(f"family_norms_{part}_of_tokens", partial(
            _write, randomised(inner), picture, dynamo=True), ("Add", "[1, 16, 16]"))


class _NormOfTokens(nn.Module):
    """A LayerNorm taken apart, of whose weight and bias one has a number for each of 16 tokens, not channels."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16, 1) if part == "weight" else torch.ones(16))
        self.bias = nn.Parameter(torch.ones(16, 1) if part == "bias" else torch.ones(16))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        spread = torch.sqrt((centred * centred).mean(dim=-1, keepdim=True) + 1e-6)
        return centred / spread * self.weight + self.bias


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
