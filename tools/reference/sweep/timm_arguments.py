"""timm's constructor arguments, one at a time, on ViT-Tiny and DeiT-III-Small.

The configuration is what `save_for_hf` writes: `model_args` names the argument. Classes cannot be
written to JSON; there the replacement that timm asks for is the class's name.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from timm.models import save_for_hf

from .jobs import Job
from .run import Logits
from .timm_models import create, input_for, output_of, truth_of

SUITE = "timm-arguments"
_FEW = {"num_classes": 10}
_VIT, _DEIT3 = "vit_tiny_patch16_224", "deit3_small_patch16_224"
_ACTIVATIONS = ("gelu", "gelu_tanh", "quick_gelu", "silu", "swish", "relu", "relu6", "elu", "selu",
                "hard_swish", "hard_mish", "mish", "leaky_relu", "tanh", "sigmoid", "identity")
_POOLINGS = ("token", "avg", "avgmax", "max", "map", "prr", "")
# Arguments by the case's name; a value `class:PATH` stands for that class.
_ONE_BY_ONE: dict[str, dict] = {
    "no argument": {},
    "depth=2": {"depth": 2},
    "depth=13": {"depth": 13},
    "img_size=64": {"img_size": 64},
    "depth=2, img_size=64": {"depth": 2, "img_size": 64},
    "num_heads=1": {"num_heads": 1},
    "num_heads=2": {"num_heads": 2},
    "num_heads=4": {"num_heads": 4},
    "num_heads=6": {"num_heads": 6},
    "num_heads=12": {"num_heads": 12},
    "norm_layer=rmsnorm": {"norm_layer": "rmsnorm"},
    "norm_layer=simplenorm": {"norm_layer": "simplenorm"},
    "norm_layer=layernorm": {"norm_layer": "layernorm"},
    "norm_layer=layernormfp32": {"norm_layer": "layernormfp32"},
    "norm_layer of eps 1e-5": {"norm_layer": "class:torch.nn.LayerNorm"},
    "embed_norm_layer=layernorm": {"embed_norm_layer": "layernorm"},
    "class_token=False, avg": {"class_token": False, "global_pool": "avg"},
    "class_token=False, map": {"class_token": False, "global_pool": "map"},
    "reg_tokens=1": {"reg_tokens": 1},
    "reg_tokens=4": {"reg_tokens": 4},
    "reg_tokens=4, no_embed_class": {"reg_tokens": 4, "no_embed_class": True},
    "reg_tokens=4, avg": {"reg_tokens": 4, "global_pool": "avg"},
    "init_values": {"init_values": 1e-5},
    "qk_norm": {"qk_norm": True},
    "qkv_bias=False": {"qkv_bias": False},
    "proj_bias=False": {"proj_bias": False},
    "pre_norm": {"pre_norm": True},
    "final_norm=False": {"final_norm": False},
    "fc_norm=True, token": {"fc_norm": True},
    "fc_norm=False, avg": {"fc_norm": False, "global_pool": "avg"},
    "final_norm=False, fc_norm, avg": {
        "final_norm": False, "fc_norm": True, "global_pool": "avg"},
    "no_embed_class": {"no_embed_class": True},
    "pos_embed=none": {"pos_embed": "none"},
    "dynamic_img_size": {"dynamic_img_size": True},
    "dynamic_img_pad": {"dynamic_img_pad": True},
    "patch_size=8": {"patch_size": 8},
    "patch_size=14": {"patch_size": 14},
    "patch_size=(16, 8)": {"patch_size": (16, 8)},
    "img_size=(64, 96)": {"img_size": (64, 96)},
    "img_size=(96, 64)": {"img_size": (96, 64)},
    "in_chans=1": {"in_chans": 1},
    "in_chans=4": {"in_chans": 4},
    "mlp_ratio=2": {"mlp_ratio": 2},
    "mlp_ratio=3.5": {"mlp_ratio": 3.5},
    "embed_dim=240": {"embed_dim": 240},
    "scale_attn_norm": {"scale_attn_norm": True},
    "scale_mlp_norm": {"scale_mlp_norm": True},
    "mlp_layer=SwiGLU": {"mlp_layer": "class:timm.layers.SwiGLU"},
    "mlp_layer=SwiGLUPacked": {"mlp_layer": "class:timm.layers.SwiGLUPacked"},
    "mlp_layer=GluMlp": {"mlp_layer": "class:timm.layers.GluMlp"},
    "block_fn=ResPostBlock": {"block_fn": "class:timm.models.vision_transformer.ResPostBlock"},
    "block_fn=ParallelScalingBlock": {
        "block_fn": "class:timm.models.vision_transformer.ParallelScalingBlock"},
    "block_fn=ParallelThingsBlock": {
        "block_fn": "class:timm.models.vision_transformer.ParallelThingsBlock"},
    "block_fn=DiffParallelScalingBlock": {
        "block_fn": "class:timm.models.vision_transformer.DiffParallelScalingBlock"},
    "attn_layer=diff": {"attn_layer": "class:timm.layers.DiffAttention"},
    "pool_include_prefix, avg": {"pool_include_prefix": True, "global_pool": "avg"},
    "num_classes=0": {"num_classes": 0},
    "num_classes=0, avg": {"num_classes": 0, "global_pool": "avg"},
    "num_classes=1": {"num_classes": 1},
    "num_classes=21843": {"num_classes": 21843},
    "drop rates": {"drop_rate": 0.1, "attn_drop_rate": 0.1, "drop_path_rate": 0.1},
    "weight_init=jax": {"weight_init": "jax"},
    "fix_init": {"fix_init": True},
}
_DEIT3_ONLY: dict[str, dict] = {
    "no argument": {},
    "depth=2": {"depth": 2},
    "num_heads=4": {"num_heads": 4},
    "act_layer=gelu_tanh": {"act_layer": "gelu_tanh"},
    "act_layer=silu": {"act_layer": "silu"},
    "act_layer=quick_gelu": {"act_layer": "quick_gelu"},
    "global_pool=avg": {"global_pool": "avg"},
    "global_pool=max": {"global_pool": "max"},
    "init_values=None": {"init_values": 0},
    "no_embed_class=False": {"no_embed_class": False},
    "num_classes=0": {"num_classes": 0},
    "reg_tokens=4": {"reg_tokens": 4},
}


def _cases() -> dict[str, tuple[str, dict]]:
    vit = dict(_ONE_BY_ONE)
    vit |= {f"act_layer={name}": {"act_layer": name} for name in _ACTIVATIONS}
    vit |= {f"global_pool={name or repr('')}": {"global_pool": name} for name in _POOLINGS}
    cases = {f"ViT, {name}": (_VIT, arguments) for name, arguments in vit.items()}
    return cases | {
        f"DeiT-III, {name}": (_DEIT3, arguments) for name, arguments in _DEIT3_ONLY.items()}


def jobs() -> list[Job]:
    return [
        Job(((SUITE, name),), partial(_samples, name, architecture, arguments))
        for name, (architecture, arguments) in _cases().items()
    ]


def _samples(name: str, architecture: str, arguments: dict, folder: Path) -> Iterator[Logits]:
    replaced = {key: value.removeprefix("class:") for key, value in arguments.items()
                if isinstance(value, str) and value.startswith("class:")}
    real = arguments | {key: pkgutil.resolve_name(path) for key, path in replaced.items()}
    model = create(architecture, **(_FEW | real))
    folder = folder / "model"
    save_for_hf(model, folder, safe_serialization=True, model_args=replaced)
    pixels = input_for(folder)

    def expected() -> dict[str, np.ndarray]:
        return output_of(model, pixels)

    yield Logits(SUITE, name, folder, pixels, expected, truth_of(architecture, model))
