"""Random weights under which every decision shows in the logits."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest import mock

import torch
from torch import Tensor, nn

_POOL = 4_194_301
# What the residual stream starts from is small, so that the eps of the first norm shows.
_EMBEDDING = re.compile(
    r"patch_embed|pos_embed|position_embed|positional|cls_token|class_token|class_embedding"
    r"|reg_token|register|dist_token|distillation_token|embeddings\.|patch_embedding|conv_proj"
    r"|^(visual\.)?conv1\.weight$")
_SCALE = re.compile(r"gamma|lambda|layer_scale|layerscale|\.ls\d")
# Wide enough for the tails in which one GELU differs from another.
_BEFORE_ACTIVATION = re.compile(r"fc1|intermediate\.dense|up_proj|gate_proj|mlp\.0|c_fc|linear1")
_POSITIVE = re.compile(r"temperature|logit_scale|freqs|inv_freq")


@cache
def _noise() -> Tensor:
    return torch.randn(_POOL, generator=torch.Generator().manual_seed(7))


def noise(name: str, shape: torch.Size) -> Tensor:
    """Normal noise that depends on the name and the shape only, at the speed of a copy."""
    count = shape.numel()
    start = zlib.crc32(name.encode()) % _POOL
    pool = _noise()
    pieces, left = [pool[start : start + count]], count - min(count, _POOL - start)
    while left > 0:
        pieces.append(pool[:left])
        left -= min(left, _POOL)
    return torch.cat(pieces).reshape(shape)


@torch.no_grad()
def randomise(model: nn.Module, seed: str = "") -> nn.Module:
    """Gives every parameter and statistic a random value; returns the model in evaluation mode."""
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point():
            parameter.copy_(_value(name, parameter, noise(seed + name, parameter.shape)))
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(0.3 * noise(seed + name, buffer.shape))
        elif name.endswith("running_var"):
            buffer.copy_(1 + 0.3 * noise(seed + name, buffer.shape).tanh())
    return model.eval()


def _value(name: str, parameter: Tensor, random: Tensor) -> Tensor:
    if _POSITIVE.search(name):
        # Frequencies of learned rotations, temperatures: near one.
        return 1 + 0.3 * random.tanh()
    if _SCALE.search(name):
        return 0.6 + 0.1 * random
    if parameter.dim() <= 1:
        is_weight = name.rsplit(".", 1)[-1] in ("weight", "scale")
        if is_weight:
            return 1 + 0.2 * random
        return (0.02 if _EMBEDDING.search(name) else 0.1) * random
    if _EMBEDDING.search(name) and "norm" not in name:
        is_product = name.endswith("weight") and "position" not in name
        return 0.03 * (parameter[0].numel() if is_product else 1) ** -0.5 * random
    if "relative_position" in name or "rel_pos" in name:
        return 0.5 * random
    gain = 2.2 if _BEFORE_ACTIVATION.search(name) else 1.3
    return gain * parameter[0].numel() ** -0.5 * random


def _nothing(tensor: Tensor, *_: object, **__: object) -> Tensor:
    return tensor


@contextmanager
def without_initialisation() -> Iterator[None]:
    """Models are built without the slow draws that `randomise` would overwrite."""
    names = ("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_", "normal_",
             "uniform_", "trunc_normal_")
    patches = [mock.patch(f"torch.nn.init.{name}", _nothing) for name in names]
    patches.append(mock.patch("timm.layers.weight_init._trunc_normal_", _nothing))
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
