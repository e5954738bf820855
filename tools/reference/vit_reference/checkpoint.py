"""Reading and writing checkpoints: timm's, TokenLabeling's and our own.

A checkpoint is a safetensors file or a PyTorch pickle; its configuration is timm's `config.json`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .config import Family, ViTConfig
from .models import VisionTransformer

StateDict = dict[str, Tensor]

_WRAPPERS = ("state_dict", "model", "model_ema", "state_dict_ema")
_HEADS_OF_PRESET = {"tiny": 3, "small": 6, "base": 12, "lvvit_t": 4, "lvvit_s": 6, "lvvit_m": 8}
_HEADS_OF_PRESET["lvvit_l"] = 12
_SKIP_LAM_OF_PRESET = {"lvvit_t": 1.0, "lvvit_s": 2.0, "lvvit_m": 2.0, "lvvit_l": 3.0}


def flatten(loaded: Any) -> StateDict:
    """The tensors of a training checkpoint: wrappers such as `state_dict` opened, `module.`
    prefixes removed, everything that is not a tensor left out."""
    while isinstance(loaded, dict):
        inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), dict)), None)
        if inner is None:
            break
        loaded = inner
    if not isinstance(loaded, dict):
        raise ValueError(f"expected a dictionary of tensors, found {type(loaded).__name__}")
    tensors = {key: value for key, value in loaded.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ValueError("expected a dictionary of tensors, found none in it")
    while all(key.startswith("module.") for key in tensors):
        tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
    return {key: value.detach().contiguous() for key, value in tensors.items()}


def read_state(path: Path) -> StateDict:
    """Tensors of a file as float32, in this package's names."""
    if path.suffix in (".pth", ".pt", ".bin", ".tar"):
        state = flatten(torch.load(path, map_location="cpu", weights_only=True))
    else:
        state = load_file(path)
    return joined_gates({
        rename(key): value.float() if value.is_floating_point() else value
        for key, value in state.items()
    })


def rename(key: str) -> str:
    """DeiT-III's own `gamma_1`, `gamma_2` are `ls1.gamma`, `ls2.gamma` in timm."""
    return re.sub(r"\.gamma_([12])$", r".ls\1.gamma", key)


def joined_gates(state: StateDict) -> StateDict:
    """Gates and values that are two layers, as timm's SwiGLU has them, as one."""
    return {
        key.replace(".fc1_g.", ".fc1."): torch.cat([value, state[key.replace(".fc1_g.", ".fc1_x.")]])
        if ".fc1_g." in key else value
        for key, value in state.items() if ".fc1_x." not in key
    }


def family_of(state: StateDict) -> Family:
    """Decided by the tensors that only one family has."""
    if "patch_embed.conv1.weight" in state:
        return "lvvit"
    if "dist_token" in state:
        return "deit_distilled"
    if "norm_pre.weight" in state:
        return "clip"
    if "blocks.0.attn.relative_position_bias_table" in state:
        return "beit"
    if "blocks.0.attn.q_bias" in state:
        return "eva02"
    if "patch_embed.norm.weight" in state:
        return "aimv2"
    if "rope.freqs" in state:
        return "rope_mixed"
    if "pos_embed" not in state:
        return "dinov3" if "reg_token" in state else "rope"
    if "blocks.0.attn.q_norm.weight" in state:
        return "qk_norm"
    if "attn_pool.latent" in state:
        return "siglip"
    if "fc_norm.weight" in state:
        return "vit_avg"
    if "reg_token" in state:
        return "dinov2"
    if "blocks.0.ls1.gamma" in state:
        # DINOv2's positions are the class token's too.
        covered = state["pos_embed"].shape[1]
        return "deit3" if round(covered**0.5) ** 2 == covered else "dinov2"
    return "deit"


def config_of(state: StateDict, description: dict[str, Any] | None = None) -> ViTConfig:
    """Shapes from the tensors; heads and skip_lam from `config.json`, its architecture's preset, or
    a head width of 64."""
    description = description or {}
    args = description.get("model_args", {})
    architecture = str(description.get("architecture", ""))
    family = family_of(state)
    width = state["cls_token" if "cls_token" in state else "pos_embed"].shape[-1]
    registers = state["reg_token"].shape[1] if "reg_token" in state else 0
    patch = state["patch_embed.proj.weight"].shape[-1] * (2 if family == "lvvit" else 1)
    depth = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("blocks."))
    prefix = 0 if registers else {
        "deit_distilled": 2, "deit3": 0, "siglip": 0, "aimv2": 0}.get(family, 1)
    size = args.get("img_size", description.get("pretrained_cfg", {}).get("input_size", [0])[-1])
    grid = (round((state["pos_embed"].shape[1] - prefix) ** 0.5) if "pos_embed" in state
            else int(size) // patch)
    heads = next((n for name, n in _HEADS_OF_PRESET.items() if name in architecture), width // 64)
    skip = next((s for name, s in _SKIP_LAM_OF_PRESET.items() if name in architecture), 1.0)
    stem = state.get("patch_embed.conv1.weight")
    return ViTConfig(
        family=family,
        image_size=grid * patch,
        patch_size=patch,
        embed_dim=width,
        depth=depth,
        heads=int(args.get("num_heads", heads)),
        classes=state["head.weight"].shape[0] if "head.weight" in state else 0,
        mlp_ratio=state["blocks.0.mlp.fc2.weight"].shape[1] / width,
        skip_lam=float(args.get("skip_lam", skip)),
        stem_width=64 if stem is None else stem.shape[0],
        registers=registers,
    )


def load_model(
    path: Path, description: Path | None = None, extra: Path | None = None
) -> VisionTransformer:
    """A model in evaluation mode. `description` is a `config.json`; `extra` holds multi-scale
    weights that the checkpoint lacks."""
    state = read_state(path)
    if extra is not None:
        state |= read_state(extra)
    parsed = json.loads(description.read_text()) if description else None
    multi_scale = any(key.startswith("multiscale.") for key in state)
    model = VisionTransformer(config_of(state, parsed), multi_scale=multi_scale)
    model.load_state_dict(state)
    return model.eval()


_ARCHITECTURES: dict[Family, str] = {
    "deit": "deit_tiny_patch16_224",
    "deit_distilled": "deit_tiny_distilled_patch16_224",
    "deit3": "deit3_small_patch16_224",
    "vit": "vit_tiny_patch16_224",
    "lvvit": "lvvit_s",
    "dinov2": "vit_small_patch14_reg4_dinov2",
    "clip": "vit_base_patch32_clip_quickgelu_224",
    "siglip": "vit_base_patch16_siglip_224",
    "vit_avg": "vit_tiny_patch16_224",
    "qk_norm": "vit_tiny_patch16_224",
    "eva02": "eva02_tiny_patch14_224",
    "dinov3": "vit_small_patch16_dinov3",
    "rope": "vit_small_patch16_rope_224",
    "rope_mixed": "vit_small_patch16_rope_mixed_224",
    "beit": "beit_base_patch16_224",
    "aimv2": "aimv2_large_patch14_224",
}


def describe(
    config: ViTConfig, mean: tuple[float, ...], std: tuple[float, ...], crop: float = 0.9
) -> dict[str, Any]:
    """A timm-style `config.json`; `architecture` names the family's preset, `model_args` what
    differs from it."""
    args: dict[str, Any] = {
        "embed_dim": config.embed_dim,
        "depth": config.depth,
        "num_heads": config.heads,
        "img_size": config.image_size,
    }
    if config.family == "vit_avg":
        args |= {"global_pool": "avg"}
    if config.family == "qk_norm":
        args |= {"qk_norm": True}
    if config.family == "dinov3":
        args |= {"global_pool": "token", "num_reg_tokens": config.registers}
    if config.family in ("eva02", "aimv2"):
        args |= {"mlp_ratio": config.mlp_ratio}
    if config.family == "lvvit":
        args |= {"mlp_ratio": config.mlp_ratio, "skip_lam": config.skip_lam}
    return {
        "architecture": _ARCHITECTURES[config.family],
        "num_classes": config.classes,
        "model_args": args,
        "pretrained_cfg": {
            "input_size": [3, config.image_size, config.image_size],
            "mean": list(mean),
            "std": list(std),
            "crop_pct": crop,
            "interpolation": "bicubic",
        },
    }


def save_model(
    model: VisionTransformer, path: Path, dtype: torch.dtype = torch.float16
) -> None:
    """Weights as safetensors; integer tensors keep their type."""
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    save_file(state, path)
