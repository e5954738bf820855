#!/usr/bin/env python3
"""Writes the table of timm's isotropic architectures that the importer knows them by.

    python tools/reference/architectures.py Sources/Compiler/Families/Architectures/TimmTable.swift

Builds each architecture without weights and reads off it what a checkpoint's tensors do not show,
and what it needs beyond a plain ViT. Needs requirements.txt beside this file.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import timm
import torch
from timm.models import model_entrypoint
from torch import nn

MODULES = (
    "vision_transformer", "deit", "beit", "eva", "naflexvit", "vision_transformer_hybrid",
    "vision_transformer_relpos", "vision_transformer_sam", "cait", "xcit", "volo", "crossvit", "tnt",
    "visformer", "convit", "pit", "gemma4_vit", "qwen3_vit", "deepseek_vit",
)
PLAIN = {"VisionTransformer": "ViT", "VisionTransformerDistilled": "DeiT", "Eva": "EVA", "Beit": "BEiT",
         "VisionTransformerRelPos": "ViT"}
ROTARY = {"RotaryEmbeddingCat": "cat", "RotaryEmbeddingDinoV3": "dinov3",
          "RotaryEmbeddingMixed": "mixed"}
OTHERS = {
    "Cait": "CaiT", "NaFlexVit": "NaFlexViT", "ConVit": "ConViT", "CrossVit": "CrossViT", "PoolingVisionTransformer": "PiT",
    "TNT": "TNT", "Visformer": "Visformer", "VOLO": "VOLO", "Xcit": "XCiT",
    "Gemma4Vit": "Gemma 4's ViT", "Qwen3Vit": "Qwen 3's ViT", "DeepseekVit": "DeepSeek's ViT",
}
ACTIVATIONS = {"GELU": "gelu", "GELUTanh": "geluTanh", "QuickGELU": "quickGelu", "SiLU": "silu"}
MEANS = {
    (0.485, 0.456, 0.406): "imagenet", (0.5, 0.5, 0.5): "half",
    (0.48145466, 0.4578275, 0.40821073): "clip", (0.0, 0.0, 0.0): "none",
}
HEADER = """// Written by tools/reference/architectures.py from timm {version}; not edited by hand.

extension Architecture {{
  /// One architecture a line: name, family, image, patch, width, depth, heads, width of the FFN,
  /// epsilon, activation, pooling, mean, crop share, crop mode, filter, flags, and what it needs beyond
  /// a plain ViT besides pooling. Of these needs, those behind a `!` are shown by no tensor.
  static let timmTable = \"\"\"
"""


def other_family(kind: str) -> str | None:
    """The family of a class whose blocks are not a ViT's."""
    return next((title for start, title in OTHERS.items() if kind.startswith(start)), None)


def needs(model: nn.Module) -> tuple[list[str], list[str]]:
    """What a model needs beyond a plain ViT: what its tensors show, and what they do not."""
    name = type(model).__name__
    if (other := other_family(name)) is not None:
        return [f"the blocks of {other}"], []
    shown: list[str] = []
    hidden: list[str] = []
    block = model.blocks[0]
    names = [key for key, _ in model.named_parameters()]

    def has(part: str) -> bool:
        return any(part in key for key in names)

    def kind(part: str) -> str:
        return type(getattr(block, part, None)).__name__

    if type(block).__name__ in ("ParallelThingsBlock", "ParallelScalingBlock",
                                "DiffParallelScalingBlock", "ParallelScalingBlockPost"):
        shown.append("parallel blocks")
    if "Diff" in type(block).__name__ or "Diff" in kind("attn"):
        shown.append("differential attention")
    if hasattr(model.patch_embed, "backbone"):
        shown.append("a convolutional stem")
    if name == "VisionTransformerSAM":
        shown.append("windowed attention")
    if has("norm_embed"):
        shown.append("a norm in the patch embedding")
    if has("attn.gate."):
        shown.append("gated attention")
    if getattr(getattr(block, "attn", None), "num_kv_groups", 1) > 1:
        shown.append("keys and values of fewer heads")
    if (getattr(block, "gamma_1", None) is None) != (getattr(block, "gamma_2", None) is None):
        shown.append("LayerScale behind attention alone")
    if "RmsNorm" in type(getattr(getattr(block, "attn", None), "q_norm", None)).__name__:
        shown.append("RMSNorm of queries and keys")
    if (has("relative_position") or has("rel_pos")) and relative(model) is None:
        shown.append("relative positions")
    if kind("norm1") not in ("LayerNorm", "RmsNorm", "NoneType"):
        shown.append(kind("norm1"))
    rope = getattr(model, "rope", None)
    if rope is not None and type(rope).__name__ not in ROTARY:
        (shown if any("rope" in key for key in names) else hidden).append(
            "rotary position embedding of another kind")
    return shown, hidden


def relative(model: nn.Module) -> str | None:
    """The flag of a model's relative position bias, as RelativePositions of the importer reads it."""
    names = dict(model.named_parameters())
    for name, flag in (("blocks.0.attn.relative_position_bias_table", "tables"),
                       ("rel_pos_bias.relative_position_bias_table", "sharedTables")):
        if name in names:
            return flag
    for name, flag in (("blocks.0.attn.rel_pos.mlp", "networks"), ("shared_rel_pos.mlp", "sharedNetwork")):
        if f"{name}.fc1.weight" in names:
            assert f"{name}.fc2.bias" in names
            return f"{flag}-{names[f'{name}.fc1.weight'].shape[0]}"
    return None


def rotary(model: nn.Module) -> str | None:
    """The flag of a model's rotary positions, as RotaryPositions of the importer reads it."""
    rope = getattr(model, "rope", None)
    if (kind := ROTARY.get(type(rope).__name__)) is None:
        return None
    reference = getattr(rope, "ref_feat_shape", None)
    fields = (
        kind, rope.grid_indexing, f"{getattr(rope, 'grid_offset', 0):g}",
        "" if reference is None else "x".join(str(side) for side in reference),
        f"{rope.temperature:g}", "halves" if getattr(rope, "rotate_half", False) else "pairs")
    assert getattr(rope, "normalize_coords", "separate") == "separate"
    return "rope-" + "-".join(fields)


def row(name: str) -> str:
    """The table's line of an architecture."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = timm.create_model(name)
    kind = type(model).__name__
    config = model.pretrained_cfg
    shown, hidden = needs(model)
    wants = shown + [f"!{need}" for need in hidden]
    mean = MEANS.get(tuple(config["mean"]), "other")
    crop = [mean, f"{config['crop_pct']:g}", config.get("crop_mode", "center"),
            config["interpolation"]]
    image = "x".join(dict.fromkeys(str(side) for side in config["input_size"][1:]))
    if (other := other_family(kind)) is not None:
        return "|".join([name, other, image, *[""] * 8, *crop, "", ",".join(wants)])
    block = model.blocks[0]
    patch = getattr(model.patch_embed, "patch_size", (0, 0))
    patch = patch if isinstance(patch, int) else patch[0]
    if hasattr(model.patch_embed, "backbone"):
        patch *= 16
    names = {key for key, _ in model.named_parameters()}
    flags = []
    if kind == "VisionTransformerDistilled":
        flags.append("distilled")
    if any("ls1.gamma" in key or "gamma_1" in key for key in names):
        flags.append("layerScale")
    if any("fc_norm" in key for key in names):
        flags.append("fcNorm")
    if getattr(model, "no_embed_class", False):
        flags.append("patchPositions")
    if getattr(model, "cls_token", None) is None:
        flags.append("noClassToken")
    if (registers := getattr(model, "reg_token", None)) is not None:
        flags.append(f"registers{registers.shape[1]}")
    if any(key.startswith("norm_pre.") for key in names):
        flags.append("preNorm")
    if not any(key.startswith(("norm.", "fc_norm.")) for key in names):
        flags.append("noNorm")
    if "attn_pool.latent" in names:
        flags.append("attentionPool")
    if getattr(model, "pool_include_prefix", False):
        flags.append("poolsPrefix")
    if getattr(model, "pos_embed", None) is None:
        flags.append("noPositions")
    if type(block).__name__ in ("ResPostBlock", "EvaBlockPostNorm", "ResPostRelPosBlock"):
        flags.append("postNorms")
    flags += [flag for flag, part in (
        ("headNorm", "attn.q_norm.weight"), ("attentionNorm", "attn.norm.weight"),
        ("innerNorm", "mlp.norm.weight")) if f"blocks.0.{part}" in names]
    if "blocks.0.attn.proj.bias" not in names and "blocks.0.attn.proj.weight" in names:
        flags.append("noProjectionBias")
    if "blocks.0.mlp.fc2.bias" not in names and "blocks.0.mlp.fc2.weight" in names:
        flags.append("noFFNBias")
    if (bias := relative(model)) is not None:
        flags.append(bias)
    if "RmsNorm" in type(getattr(block, "norm1", None)).__name__:
        flags.append("rmsNorms")
    if "patch_embed.norm.weight" in names:
        flags.append("patchNorm")
    if (rope := rotary(model)) is not None:
        flags.append(rope)
    pool = getattr(model, "attn_pool", None)
    if pool is not None and pool.num_heads != block.attn.num_heads:
        flags.append(f"poolHeads{pool.num_heads}")
    mlp = block.mlp if hasattr(block, "mlp") else block.ffns[0].mlp if hasattr(block, "ffns") else None
    attention = block.attn if hasattr(block, "attn") else (
        block.attns[0].attn if hasattr(block, "attns") else block)
    if not any(key.endswith(("qkv.bias", "q_bias", "q_proj.bias", "in_proj.bias"))
               for key in names):
        flags.append("noQKVBias")
    norm = block.norm1 if hasattr(block, "norm1") else model.norm
    hidden_width = mlp.fc2.in_features if mlp is not None and hasattr(mlp, "fc2") else 0
    if type(mlp).__name__ in ("SwiGLU", "GluMlp"):
        flags.append("gatesLast" if getattr(mlp, "gate_last", False) else "gated")
    activation = type(mlp.act).__name__ if mlp is not None and hasattr(mlp, "act") else "GELU"
    if activation not in ACTIVATIONS:
        wants.append(f"!the activation {activation}")
    family = PLAIN.get(kind, kind)
    if name.startswith("deit3"):
        family = "DeiT-III"
    elif name.startswith("deit"):
        family = "DeiT"
    return "|".join([
        name, family, image, str(patch), str(model.embed_dim), str(len(model.blocks)),
        str(getattr(attention, "num_heads", 0)), str(hidden_width), f"{getattr(norm, 'eps', 0):g}",
        ACTIVATIONS.get(activation, activation), getattr(model, "global_pool", "token") or "none",
        *crop, ",".join(flags), ",".join(wants)])


def main() -> None:
    names = [
        name for name in timm.list_models()
        if model_entrypoint(name).__module__.rsplit(".", 1)[-1] in MODULES
    ]
    lines = [row(name) for name in names]
    text = HEADER.format(version=timm.__version__) + "\n".join(
        f"    {line}" for line in lines) + '\n    """\n}\n'
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
    print(f"{len(lines)} architectures")


if __name__ == "__main__":
    main()
