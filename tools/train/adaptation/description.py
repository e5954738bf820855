"""What a checkpoint is and how its images are prepared: of a plan, of a timm `config.json`, or assumed."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from vit_reference import ViTConfig
from vit_reference.checkpoint import config_of, family_of
from vit_reference.preprocess import IMAGENET_MEAN, IMAGENET_STD, centre, normalise

from .original import Original
from .refusal import Refusal

_ARCHITECTURE = re.compile(
    r"(deit_(tiny|small|base)(_distilled)?|deit3_(small|medium|base|large)|"
    r"vit_(tiny|small|base|large))_patch\d+_\d+(\..+)?|lvvit_[tsml]"
)
"""Those whose every constant `ViTConfig` has."""
_HEADS = {(192, 12): 3, (384, 12): 6, (768, 12): 12}
"""Of DeiT, DeiT-III and ViT by width and depth, where nothing says it."""
_ARGUMENTS = {"img_size": "image_size", "patch_size": "patch_size", "embed_dim": "embed_dim",
              "depth": "depth", "num_heads": "heads", "num_classes": "classes",
              "mlp_ratio": "mlp_ratio", "skip_lam": "skip_lam"}
_NO_MATTER = {"tag", "custom_load", "fixed_input_size", "pool_size", "first_conv", "classifier", "license",
              "origin_url", "hf_hub_id", "paper_ids", "paper_name", "url", "num_classes", "architecture"}
_RESAMPLE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True)
class Preparation:
    """Of an RGB image: the shorter side is made `shorter`, the centre `size` x `size` cut out, normalised."""

    size: int
    shorter: int
    interpolation: str = "bicubic"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    def whole(self, image: Image.Image) -> Tensor:
        """As the model sees an image, [3, size, size]."""
        resample = _RESAMPLE[self.interpolation]
        return centre(image, self.size, self.shorter, self.mean, self.std, resample)

    def window(self, image: Image.Image, box: tuple[float, float, float, float]) -> Tensor:
        """A part of an image, [3, size, size]; `box` is left, top, right, bottom."""
        part = image.resize((self.size, self.size), _RESAMPLE[self.interpolation], box=box)
        return normalise(part, self.mean, self.std)


def of_plan(original: Original, plan: dict[str, Any], path: Path) -> tuple[ViTConfig, Preparation]:
    """From the facts of a plan, of which the checkpoint must have the shapes."""
    facts = plan["facts"]
    said = {fact["key"]: fact["value"] for fact in facts["provenance"]}
    config = replace(_config(original, {}, path), heads=facts["heads"])
    _agree(path, config, {
        "image_height": config.image_size, "image_width": config.image_size,
        "patch_size": config.patch_size, "embed_dim": config.embed_dim, "depth": config.depth,
        "classes": config.classes, "prefix_tokens": config.prefix, "scores": "softmax",
    }, facts)
    expected = {"activation": "gelu", "pooling": "token"}
    _agree(path, config, expected, {key: said.get(key, value) for key, value in expected.items()})
    if not math.isclose(float(said.get("epsilon", config.epsilon)), config.epsilon, rel_tol=1e-6):
        raise Refusal(path, "epsilon", str(config.epsilon), said["epsilon"])
    if config.family == "lvvit":
        config = replace(config, skip_lam=float(said.get("skip_lam", config.skip_lam)))
    steps = facts["preprocess"]
    _agree(path, config, {"resize": "shortestEdge", "resize_width": steps["resize_height"],
                          "crop": "torchvision", "alpha": "drop", "rescale": "divideBy255"}, steps)
    return config, Preparation(
        config.image_size, steps["resize_height"], steps["interpolation"], tuple(steps["mean"]),
        tuple(steps["std"]),
    )


def of_configuration(
    original: Original, path: Path | None, notes: list[str]
) -> tuple[ViTConfig, Preparation]:
    """From a timm `config.json`; what it leaves open, or all of it, is assumed with a note."""
    described: dict[str, Any] = {}
    if path is not None:
        try:
            described = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise Refusal(path, "configuration", "JSON", error) from None
        if not isinstance(described, dict) or "architecture" not in described:
            raise Refusal(path, "architecture", "timm's configuration (or --plan)", "another")
        if not _ARCHITECTURE.fullmatch(str(described["architecture"])):
            raise Refusal(path, "architecture", "DeiT, DeiT-III, ViT or LV-ViT (or --plan)",
                          described["architecture"])
    where = path or original.path
    arguments, pretrained = described.get("model_args", {}), described.get("pretrained_cfg", {})
    for keys, known in ((described, {"model_args", "pretrained_cfg", "num_classes", "num_features",
                                     "architecture", "global_pool"}),
                        (arguments, _ARGUMENTS.keys()),
                        (pretrained, {"input_size", "mean", "std", "crop_pct", "interpolation",
                                      "crop_mode", *_NO_MATTER})):
        unknown = sorted(keys.keys() - known)
        if unknown:
            raise Refusal(where, unknown[0], "a key that is known here (or --plan)", "another")
    config = _config(original, described, where)
    named = bool(described) and ("num_heads" in arguments or "embed_dim" not in arguments)
    if not named:
        heads = _HEADS.get((config.embed_dim, config.depth))
        if heads is None or config.family == "lvvit":
            raise Refusal(where, "heads", "a config.json or --plan that says them", "neither")
        config = replace(config, heads=heads)
        notes.append(f"{where}: heads: assumed {heads}, by its shapes")
    if "skip_lam" in arguments and config.family != "lvvit":
        raise Refusal(where, "skip_lam", "LV-ViT", config.family)
    _agree(where, config, {key: getattr(config, name) for key, name in _ARGUMENTS.items()}, arguments)
    _agree(where, config, {"num_classes": config.classes, "num_features": config.embed_dim,
                           "global_pool": "token"}, described)
    _agree(where, config, {"input_size": [3, config.image_size, config.image_size],
                           "crop_mode": "center"}, pretrained)
    usual = {"crop_pct": 1.0 if config.family == "deit3" else 0.9, "interpolation": "bicubic",
             "mean": list(IMAGENET_MEAN), "std": list(IMAGENET_STD)}
    for key, value in usual.items():
        if key not in pretrained:
            notes.append(f"{where}: {key}: assumed {value}")
    found = usual | {key: pretrained[key] for key in usual if key in pretrained}
    if found["interpolation"] not in _RESAMPLE:
        raise Refusal(where, "interpolation", "bicubic or bilinear", found["interpolation"])
    shorter = math.floor(config.image_size / found["crop_pct"])
    if shorter < config.image_size:
        raise Refusal(where, "crop_pct", "at most 1", found["crop_pct"])
    return config, Preparation(config.image_size, shorter, found["interpolation"], tuple(found["mean"]),
                               tuple(found["std"]))


def _config(original: Original, described: dict[str, Any], where: Path) -> ViTConfig:
    state = original.state
    needed = ["cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.0.mlp.fc1.weight"]
    if family_of(state) == "lvvit":
        needed.append("head.weight")
    for name in needed:
        if name not in state:
            raise Refusal(original.path, name, "tensors named as timm or LV-ViT's authors do", "none")
    try:
        return config_of(state, described)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Refusal(where, "configuration", "one that the tensors agree with", repr(error)) from None


def _agree(where: Path, config: ViTConfig, expected: dict[str, Any], found: dict[str, Any]) -> None:
    for key, value in expected.items():
        if key in found and found[key] != value:
            raise Refusal(where, key, str(value), found[key])
