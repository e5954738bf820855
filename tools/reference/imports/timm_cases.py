"""Checkpoints that `timm.models.save_for_hf` writes, and what training code makes of them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from sweep.timm_models import create
from sweep.weights import noise, randomise
from timm.models import save_for_hf
from torch import nn

from .case import REMOVED, Case, Config, Logits, Refusal, State, changed, read, state_of
from .described import of_open_clip, of_timm, of_torchvision

_VIT, _DEIT, _DEIT3 = "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", (
    "deit3_small_patch16_224")
_MICRO: dict[str, Any] = {"img_size": 16, "patch_size": 4, "embed_dim": 8, "depth": 2,
                          "num_heads": 2, "mlp_ratio": 2, "num_classes": 5}
_ALL = ("mean", "std", "crop_pct", "crop_mode", "interpolation")
# What nothing says of a bare file besides the model's own values.
_TRANSFORM = ("crop_mode", "crop_pct", "interpolation", "mean", "std")


def made(architecture: str = _VIT, **arguments: Any) -> tuple[nn.Module, Config]:
    """A random model and its config.json."""
    model = create(architecture, **(_MICRO | arguments))
    # Without a fixed size timm writes that of the published weights.
    is_open = arguments.get("dynamic_img_size") or "dinov3" in architecture
    data = {"input_size": (3, 16, 16)} if is_open else None
    with tempfile.TemporaryDirectory() as folder:
        save_for_hf(model, folder, safe_serialization=True, data_config=data)
        return model, read(Path(folder))


def _facts(model: nn.Module, architecture: str) -> dict[str, Any]:
    block = model.blocks[0]
    activation = {"GELU": "gelu", "QuickGELU": "quickGelu", "SiLU": "silu", "ReLU": "relu",
                  "GELUTanh": "geluTanh", "GELU tanh": "geluTanh"}
    name = type(block.mlp.act).__name__
    return {"architecture": architecture, "heads": block.attn.num_heads,
            "activation": activation[name], "epsilon": block.norm1.eps}


def _case(
    name: str, architecture: str = _VIT, changes: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None, **arguments: Any
) -> Case:
    model, config = made(architecture, **arguments)
    config = changed(config, **(changes or {}))
    state, options = state_of(model), options or {}
    channels = arguments.get("in_chans", 3)
    size = tuple(config["pretrained_cfg"]["input_size"][1:])
    if "image_size" in options:
        size = (options["image_size"],) * 2
        model.set_input_size(img_size=size)
    # Without pooling, the class token's row.
    pooled = (lambda rows: rows[:, 0]) if arguments.get("global_pool") == "" else None
    return Case(name, state, config, _facts(model, architecture), size, Logits(model, pooled),
                preprocess=of_timm(config["pretrained_cfg"], size, channels), options=options,
                channels=channels)


def _renamed(base: Case, name: str, state: State, **values: Any) -> Case:
    case = deepcopy(base)
    case.name, case.state = name, state
    for key, value in values.items():
        setattr(case, key, value)
    return case


def _prefixed(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "timm_vit": {},
    **{f"timm_act_{name}": {"act_layer": name}
       for name in ("gelu_tanh", "quick_gelu", "silu", "relu")},
    "timm_16x24": {"img_size": (16, 24)},
    "timm_24x16": {"img_size": (24, 16)},
    "timm_patch_4x2": {"patch_size": (4, 2)},
    "timm_patch_2x8_in_chans_1": {"patch_size": (2, 8), "in_chans": 1},
    "timm_in_chans_1": {"in_chans": 1},
    "timm_in_chans_4": {"in_chans": 4},
    "timm_init_values": {"init_values": 1e-5},
    "timm_no_embed_class": {"no_embed_class": True},
    "timm_qkv_bias_false": {"qkv_bias": False},
    "timm_mlp_ratio_3": {"mlp_ratio": 3},
    "timm_heads_3": {"embed_dim": 9, "num_heads": 3},
    "timm_heads_1": {"num_heads": 1},
    "timm_dynamic_img_size": {"dynamic_img_size": True},
    "timm_avg": {"global_pool": "avg"},
    "timm_avg_without_fc_norm": {"global_pool": "avg", "fc_norm": False},
    "timm_max": {"global_pool": "max"},
    "timm_avgmax": {"global_pool": "avgmax"},
    "timm_pool_include_prefix": {"global_pool": "avg", "pool_include_prefix": True},
    "timm_map": {"global_pool": "map"},
    "timm_token_fc_norm": {"fc_norm": True},
    "timm_reg_tokens": {"reg_tokens": 3},
    "timm_reg_tokens_no_embed_class": {"reg_tokens": 3, "no_embed_class": True},
    "timm_pre_norm": {"pre_norm": True, "act_layer": "quick_gelu"},
    "timm_final_norm": {"final_norm": False},
    "timm_class_token_avg": {"class_token": False, "global_pool": "avg"},
    "timm_class_token_map": {"class_token": False, "global_pool": "map", "act_layer": "gelu_tanh"},
    "timm_class_token_reg": {"class_token": False, "global_pool": "avg", "reg_tokens": 2,
                             "no_embed_class": True},
    "timm_qk_norm": {"qk_norm": True},
    "timm_scale_norms": {"scale_attn_norm": True, "scale_mlp_norm": True},
    "timm_proj_bias_false": {"proj_bias": False},
    "timm_pos_embed_none": {"pos_embed": "none"},
    "timm_drop_rates": {"drop_rate": 0.1, "attn_drop_rate": 0.1, "drop_path_rate": 0.1},
}
_CHANGES: dict[str, dict[str, Any]] = {
    **{f"timm_{mode}_{share}": {"pretrained_cfg__crop_mode": mode, "pretrained_cfg__crop_pct": share}
       for mode in ("center", "squash", "border") for share in (0.9, 1.15)},
    "timm_border_imagenet": {
        "pretrained_cfg__crop_mode": "border", "pretrained_cfg__mean": [0.485, 0.456, 0.406],
        "pretrained_cfg__std": [0.229, 0.224, 0.225]},
    **{f"timm_filter_{name}": {"pretrained_cfg__interpolation": name}
       for name in ("bilinear", "nearest", "lanczos", "box", "hamming")},
    **{f"timm_without_{key}": {f"pretrained_cfg__{key}": REMOVED} for key in _ALL},
    "timm_without_any": {f"pretrained_cfg__{key}": REMOVED for key in _ALL},
    "timm_test_input_size": {
        "pretrained_cfg__test_input_size": [3, 24, 24], "pretrained_cfg__test_crop_pct": 1.0,
        "pretrained_cfg__min_input_size": [3, 8, 8], "pretrained_cfg__url": "https://example.org"},
    "timm_label_names": {"label_names": [f"kind {i}" for i in range(5)]},
}


def cases() -> Iterator[Case]:
    for name, arguments in _ARGUMENTS.items():
        yield _case(name, **arguments)
    for name, changes in _CHANGES.items():
        yield _case(name, changes=changes)
    yield _case("timm_squash_16x24", changes={"pretrained_cfg__crop_mode": "squash"},
                img_size=(16, 24))
    yield _case("timm_border_16x24", changes={"pretrained_cfg__crop_mode": "border"},
                img_size=(16, 24))
    for channels, mode in ((1, "border"), (2, "squash"), (4, "center")):
        case = _case(
            f"timm_in_chans_{channels}_imagenet", in_chans=channels,
            changes=_CHANGES["timm_border_imagenet"] | {"pretrained_cfg__crop_mode": mode})
        case.assumptions = ("mean", "std")
        yield case
    yield _case("timm_distilled", _DEIT)
    yield _case("timm_deit3", _DEIT3)
    yield _case("timm_resized_up", options={"image_size": 24})
    yield _case("timm_resized_down", options={"image_size": 16}, img_size=24)
    yield _case("timm_resized_square", options={"image_size": 24}, img_size=(16, 24))
    yield _case("timm_resized_distilled", _DEIT, options={"image_size": 24})
    yield _case("timm_resized_deit3", _DEIT3, options={"image_size": 24})
    yield from _gated()
    yield from _rotary()
    yield from _relative()
    yield from _headless()
    yield from _copies()
    yield from _bare()
    yield _torchvision()
    yield _open_clip(True)
    yield _open_clip(False)
    for name in _OPEN_CLIP:
        yield _open_clip_folder(name)
    yield _big_vision(is_stacked=True)
    yield _big_vision(is_stacked=False)


def _gated() -> Iterator[Case]:
    """FFNs of gates and values, which are named, or one behind the other in either order."""
    from timm.layers import GluMlp, SwiGLU, SwiGLUPacked

    for name, layer in (("SwiGLU", SwiGLU), ("SwiGLUPacked", SwiGLUPacked), ("GluMlp", GluMlp)):
        model = create(_VIT, **(_MICRO | {"mlp_layer": layer}))
        config = changed(made()[1], model_args__mlp_layer=f"timm.layers.{name}")
        yield Case(f"timm_{name}", state_of(model), config, _facts(model, _VIT), (16, 16),
                   Logits(model), preprocess=of_timm(config["pretrained_cfg"], (16, 16)))
    yield _case("timm_dinov2_gated", "vit_giant_patch14_dinov2", mlp_ratio=4)


_ROTARY: dict[str, tuple[str, dict[str, Any]]] = {
    "rope_ape": ("vit_small_patch16_rope_ape_224", {}),
    "rope": ("vit_small_patch16_rope_224", {}),
    "rope_16x24": ("vit_small_patch16_rope_224", {"img_size": (16, 24)}),
    "rope_mixed": ("vit_small_patch16_rope_mixed_224", {"img_size": (24, 16)}),
    "rope_temperature": ("vit_small_patch16_rope_224", {
        "rope_temperature": 7.0, "rope_grid_offset": 0.5, "rope_grid_indexing": "ij",
        "rope_rotate_half": True, "ref_feat_shape": (5, 3)}),
    "eva02_packed": ("eva02_tiny_patch14_224", {}),
    "eva02": ("eva02_base_patch14_224", {}),
    "eva02_clip": ("eva02_base_patch16_clip_224", {}),
    "eva02_post_norm": ("eva02_enormous_patch14_clip_224", {}),
    "eva": ("eva_giant_patch14_clip_224", {}),
    "dinov3": ("vit_small_patch16_dinov3_qkvb", {}),
    "dinov3_gated": ("vit_small_plus_patch16_dinov3", {"global_pool": "token"}),
    "pe_core": ("vit_pe_core_tiny_patch16_384", {"attn_pool_num_heads": 4}),
    "pe_lang": ("vit_pe_lang_large_patch14_448", {}),
    "qk_norm": ("vit_small_patch16_rope_224", {"qk_norm": True}),
}


def _rotary() -> Iterator[Case]:
    """timm's EVA models."""
    for name, (architecture, arguments) in _ROTARY.items():
        yield _case(f"timm_eva_{name}", architecture, **arguments)
    yield _case("timm_eva_resized", "eva02_tiny_patch14_224", options={"image_size": 24})
    yield _case("timm_eva_resized_mixed", "vit_small_patch16_rope_mixed_224",
                options={"image_size": 24})


_RELATIVE: dict[str, tuple[str, dict[str, Any]]] = {
    "beit": ("beit_base_patch16_224", {}),
    "beit_16x24": ("beitv2_base_patch16_224", {"img_size": (16, 24)}),
    "beit_shared": ("beit_base_patch16_224", {
        "use_rel_pos_bias": False, "use_shared_rel_pos_bias": True}),
    "beit_both": ("beit_base_patch16_224", {"use_shared_rel_pos_bias": True}),
    "beit_positions": ("beit_base_patch16_224", {
        "use_abs_pos_emb": True, "init_values": None, "global_pool": "token"}),
    "relpos": ("vit_relpos_small_patch16_224", {}),
    "relpos_24x16": ("vit_relpos_medium_patch16_cls_224", {"img_size": (24, 16)}),
    "relpos_cls_avg": ("vit_relpos_base_patch16_clsgap_224", {}),
    "relpos_post_norm": ("vit_relpos_medium_patch16_rpn_224", {}),
    "relpos_shared": ("vit_srelpos_small_patch16_224", {}),
    "relpos_swin": ("vit_relpos_small_patch16_224", {"rel_pos_type": "mlp-swin"}),
    "relpos_tables": ("vit_relpos_medium_patch16_cls_224", {"rel_pos_type": "bias"}),
    "relpos_shared_table": ("vit_srelpos_small_patch16_224", {"rel_pos_type": "bias"}),
    "rmsnorm": (_VIT, {"norm_layer": "rmsnorm"}),
    "aimv2": ("aimv2_large_patch14_224", {}),
}


def _index(model: nn.Module) -> State:
    """The indices that the authors' own code keeps beside the tables."""
    return {f"{name}.relative_position_index": module.relative_position_index.clone()
            for name, module in model.named_modules() if hasattr(module, "relative_position_index")}


def _relative() -> Iterator[Case]:
    """Tables of relative positions, and networks that make them; RMSNorm."""
    for name, (architecture, arguments) in _RELATIVE.items():
        yield _case(f"timm_{name}", architecture, **arguments)
    yield _case("timm_relpos_resized", "vit_relpos_small_patch16_224", options={"image_size": 24})
    beit = _case("timm_beit", "beit_base_patch16_224")
    own = {name.replace("ls1.gamma", "gamma_1"): value for name, value in beit.state.items()}
    yield _renamed(
        beit, "timm_beit_bare", own | _index(beit.logits.model), config=None, preprocess=None,
        facts=beit.facts | {"architecture": "custom"},
        options={"heads": 2, "activation": "gelu", "pooling": "avg", "epsilon": 1e-6},
        assumptions=(*_TRANSFORM, "image_size"))


def _relative_refusals() -> Iterator[Refusal]:
    name, words = "beit_base_patch16_224", "relative_position"
    model, config = made(name)
    state, table = state_of(model), "blocks.1.attn.relative_position_bias_table"
    yield Refusal("timm_beit_table_of_another_grid", state | {table: state[table][:-1]}, config,
                  (table, "[52, 2]", "[51, 2]"))
    yield Refusal("timm_beit_table_of_other_heads", {
        key: value.repeat(1, 2) if words in key else value for key, value in state.items()},
        config, ("relative positions", "2 heads", "of 4"))
    yield Refusal("timm_beit_image_of_another_grid", state, changed(
        config, model_args__img_size=24), (words, "[124, 2]"))
    index = _index(model)
    for change, value in (("out_of_range", 52), ("negative", -1), ("of_another_pair", 3)):
        damaged = {key: entries.clone() for key, entries in index.items()}
        damaged["blocks.1.attn.relative_position_index"][2, 5] = value
        yield Refusal(f"timm_beit_index_{change}", state | damaged, config,
                      ("blocks.1.attn.relative_position_index[2, 5]", f"found {value}"))
    yield Refusal("timm_beit_resized", state, config, ("imageSize", "not resized yet"),
                  options={"image_size": 24})
    for key, value in (("use_rel_pos_bias", False), ("use_shared_rel_pos_bias", True)):
        yield Refusal(f"timm_beit_said_{key}", state, changed(
            config, **{f"model_args__{key}": value}), (key,))
    swin, swin_config = made("vit_relpos_small_patch16_224", rel_pos_type="mlp-swin")
    yield Refusal("timm_relpos_said_mlp", state_of(swin), changed(
        swin_config, model_args__rel_pos_type="mlp"), ("rel_pos_type", "mlp-swin"))


def _headless() -> Iterator[Case]:
    """Models without a classifier: their features."""
    none = {"num_classes": 0}
    yield _case("timm_features", **none)
    unpooled = _case("timm_features_all_tokens", global_pool="", **none)
    unpooled.assumptions = ("outputs",)
    yield unpooled
    yield _case("timm_features_distilled", _DEIT, **none)
    yield _case("timm_features_deit3", _DEIT3, **none)
    yield _case("timm_features_avg", global_pool="avg", **none)
    yield _case("timm_features_siglip", "vit_base_patch16_siglip_224", **none)
    yield _case("timm_features_dinov2", "vit_small_patch14_reg4_dinov2", **none)
    yield _case("timm_features_clip", "vit_base_patch32_clip_quickgelu_224", **none)
    yield _dino()
    yield _renamed(
        _case("timm_features", **none), "timm_bare_features", state_of(made(**none)[0]),
        config=None, options={"heads": 2, "activation": "gelu", "pooling": "token",
                              "epsilon": 1e-6},
        facts={"architecture": "custom", "heads": 2, "activation": "gelu", "epsilon": 1e-6},
        preprocess=None, assumptions=(*_TRANSFORM, "image_size"))


def _dino() -> Case:
    """As DINOv2's own code names registers, which follow the class token once that has its position."""
    arguments = {"reg_tokens": 3, "no_embed_class": True, "init_values": 1e-5, "num_classes": 0}
    case = _case("timm_features_dinov2_own", **arguments)
    state, first = dict(case.state), noise("position", torch.Size((1, 1, 8)))
    state["register_tokens"] = state.pop("reg_token")
    state["cls_token"] = state["cls_token"] - first
    state["pos_embed"] = torch.cat([first, state["pos_embed"]], dim=1)
    state["mask_token"] = noise("mask", torch.Size((1, 8)))
    case.state, case.config = state, None
    case.options = {"heads": 2, "activation": "gelu", "pooling": "token", "epsilon": 1e-6}
    case.facts |= {"architecture": "custom"}
    case.preprocess, case.assumptions = None, (*_TRANSFORM, "image_size")
    return case


def _copies() -> Iterator[Case]:
    base = _case("timm_vit")
    for prefix in ("backbone.", "timm_model.", "module."):
        yield _renamed(base, f"timm_prefix_{prefix[:-1]}", _prefixed(prefix, base.state))
    mask = noise("mask_token", torch.Size((1, 1, 8)))
    yield _renamed(base, "timm_mask_token", base.state | {"mask_token": mask})
    training = {"optimizer.state.0.exp_avg": torch.zeros(3)}
    average = base.logits.model
    other = randomise(create(_VIT, **_MICRO), "trained")
    yield _renamed(
        base, "timm_ema",
        _prefixed("model.", state_of(other)) | _prefixed("model_ema.", state_of(average.float()))
        | training, logits=Logits(average), assumptions=("weights",))


def _bare() -> Iterator[Case]:
    base = _case("timm_vit")
    deit = timm.get_pretrained_cfg("deit_tiny_patch16_224").to_dict()
    facts = base.facts | {"architecture": "custom"}
    yield _renamed(
        base, "timm_bare", base.state, config=None, facts=facts,
        options={"heads": 2, "activation": "gelu", "pooling": "token", "epsilon": 1e-6},
        preprocess=of_timm(deit, base.size), assumptions=(*_TRANSFORM, "image_size"))
    yield _renamed(
        base, "timm_bare_heads", base.state, config=None, facts=facts, options={"heads": 2},
        preprocess=of_timm(deit, base.size),
        assumptions=(*_TRANSFORM, "activation", "epsilon", "image_size", "pooling"))
    mean, std = [0.25, 0.5, 0.75], [0.5, 0.25, 0.125]
    yield _renamed(
        base, "timm_flags", base.state,
        options={"mean": mean, "std": std, "crop_pct": 0.8, "crop_mode": "border",
                 "interpolation": "bilinear"},
        preprocess=of_timm(base.config["pretrained_cfg"], base.size, mean=mean, std=std,
                           crop_pct=0.8, crop_mode="border", interpolation="bilinear"))


def _torchvision() -> Case:
    from torchvision.models import VisionTransformer

    model = randomise(VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16,
        num_classes=5))
    layer = model.encoder.layers[0]
    facts = {"architecture": "custom", "heads": layer.num_heads, "activation": "gelu",
             "epsilon": layer.ln_1.eps}
    return Case("torchvision", state_of(model), None, facts, (16, 16), Logits(model),
                preprocess=of_torchvision(16), options={"heads": 2},
                assumptions=(*_TRANSFORM, "activation", "epsilon", "image_size"))


_CLIP: dict[str, Any] = {"image_size": 16, "layers": 2, "width": 8, "head_width": 4,
                         "patch_size": 4, "mlp_ratio": 2.0}
_CLIP_TEXT = {"context_length": 4, "vocab_size": 9, "width": 8, "heads": 2, "layers": 1}


def _clip(quick_gelu: bool, **vision: Any) -> nn.Module:
    """open_clip's model of both towers."""
    from open_clip.model import CLIP

    return randomise(CLIP(6, _CLIP | vision, _CLIP_TEXT, quick_gelu=quick_gelu))


class _Image(nn.Module):
    """The features of an image."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.model.encode_image(pixels)


def _open_clip(quick_gelu: bool) -> Case:
    model = _clip(quick_gelu)
    word = "quick_gelu" if quick_gelu else "gelu"
    facts = {"architecture": "custom", "heads": 2, "epsilon": 1e-5,
             "activation": "quickGelu" if quick_gelu else "gelu",
             "text_comparison": [model.logit_scale.exp().item(), None]}
    return Case(f"features_open_clip_{word}", state_of(model), None, facts, (16, 16),
                Logits(_Image(model)), options={"heads": 2, "activation": word},
                assumptions=(*_TRANSFORM, "epsilon", "image_size", "pooling"))


def _big_vision(*, is_stacked: bool) -> Case:
    """The vision tower of a SigLIP as big_vision names and stores it, read by timm."""
    model = create("vit_base_patch16_siglip_224", **(_MICRO | {"num_classes": 0, "act_layer": "gelu_tanh"}))
    arrays = {name: noise(name, torch.Size(shape)) for name, shape in _big_vision_shapes().items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "siglip.npz"
        np.savez(path, **{name: array.numpy() for name, array in arrays.items()})
        model.load_pretrained(str(path))
    state = {name: array.clone() for name, array in arrays.items()}
    if not is_stacked:
        stack = "Transformer/encoderblock/"
        for name in [name for name in state if stack in name]:
            for block, part in enumerate(state.pop(name)):
                state[name.replace(stack, f"Transformer/encoderblock_{block}/")] = part.clone()
    state |= {"params/t": torch.tensor(2.5), "params/b": torch.tensor([-9.0]),
              "params/txt/Embed_0/embedding": torch.zeros(3, 2)}
    facts = {"architecture": "custom", "heads": 2, "epsilon": 1e-6, "activation": "geluTanh",
             "text_comparison": [math.exp(2.5), -9.0]}
    return Case(f"features_big_vision_{'stacked' if is_stacked else 'blocks'}", state, None, facts,
                (16, 16), Logits(model), options={"activation": "gelu_tanh", "epsilon": 1e-6},
                assumptions=(*_TRANSFORM, "image_size"))


def _big_vision_shapes() -> dict[str, tuple[int, ...]]:
    width, heads, depth, hidden = 8, 2, 2, 16

    def layers(place: str, *front: int) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for part in ("query", "key", "value"):
            at = f"{place}MultiHeadDotProductAttention_0/{part}"
            shapes[f"{at}/kernel"] = (*front, width, heads, width // heads)
            shapes[f"{at}/bias"] = (*front, heads, width // heads)
        at = f"{place}MultiHeadDotProductAttention_0/out"
        shapes[f"{at}/kernel"] = (*front, heads, width // heads, width)
        shapes[f"{at}/bias"] = (*front, width)
        for number, (inputs, outputs) in enumerate(((width, hidden), (hidden, width))):
            shapes[f"{place}MlpBlock_0/Dense_{number}/kernel"] = (*front, inputs, outputs)
            shapes[f"{place}MlpBlock_0/Dense_{number}/bias"] = (*front, outputs)
        for norm in range(2 if front else 1):
            for part in ("scale", "bias"):
                shapes[f"{place}LayerNorm_{norm}/{part}"] = (*front, width)
        return shapes

    inside = {
        "embedding/kernel": (4, 4, 3, width), "embedding/bias": (width,),
        "pos_embedding": (1, 16, width), "Transformer/encoder_norm/scale": (width,),
        "Transformer/encoder_norm/bias": (width,), "MAPHead_0/probe": (1, 1, width),
        **layers("Transformer/encoderblock/", depth), **layers("MAPHead_0/")}
    return {f"params/img/{name}": shape for name, shape in inside.items()}


# With an open_clip_config.json: of the vision tower, and of its images.
_OPEN_CLIP: dict[str, tuple[bool, Config, Config]] = {
    "plain": (False, {}, {}),
    "quick_gelu_squash": (True, {}, {
        "resize_mode": "squash", "interpolation": "bilinear", "mean": 0.5, "std": [0.25, 0.5, 0.75]}),
    "16x24": (False, {"image_size": [16, 24]}, {"interpolation": "bilinear", "size": 7}),
    "norm_behind_mean": (False, {
        "no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True}, {
        "interpolation": "random", "fill_color": 3}),
    "norm_before_mean": (False, {"pool_type": "avg", "ls_init_value": 1e-4}, {}),
    "norm_behind_token": (False, {"final_ln_after_pool": True}, {}),
    "norms": (True, {"qk_norm": True, "scale_attn_inner": True, "scale_fc": True}, {}),
}


def _open_clip_folder(name: str) -> Case:
    quick_gelu, vision, images = _OPEN_CLIP[name]
    model = _clip(quick_gelu, **vision)
    config = {"model_cfg": {"embed_dim": 6, "vision_cfg": _CLIP | vision, "text_cfg": _CLIP_TEXT},
              "preprocess_cfg": images}
    if quick_gelu:
        config["model_cfg"]["quick_gelu"] = True
    size = vision.get("image_size", 16)
    size = tuple(size) if isinstance(size, list) else (size, size)
    facts = {"architecture": "custom", "heads": 2, "epsilon": 1e-5,
             "activation": "quickGelu" if quick_gelu else "gelu",
             "text_comparison": [model.logit_scale.exp().item(), None]}
    return Case(f"features_open_clip_folder_{name}", state_of(model), config, facts, size,
                Logits(_Image(model)), preprocess=of_open_clip(images, size),
                config_name="open_clip_config.json")


# What such a file says, and words of the error.
_REFUSED_OPEN_CLIP: dict[str, tuple[Config, tuple[str, ...]]] = {
    "heads": ({"model_cfg__vision_cfg__head_width": 3}, ("model_cfg.vision_cfg.head_width", "3")),
    "layers": ({"model_cfg__vision_cfg__layers": 3}, ("model_cfg.vision_cfg.layers",)),
    "resnet": ({"model_cfg__vision_cfg__layers": [3, 4, 6, 3]}, ("layers", "ResNet")),
    "width": ({"model_cfg__embed_dim": 7}, ("model_cfg.embed_dim", "6")),
    "norm": ({"model_cfg__vision_cfg__no_ln_pre": True}, ("model_cfg.vision_cfg.no_ln_pre",)),
    "key": ({"model_cfg__vision_cfg__mystery": 1}, ("model_cfg.vision_cfg.mystery",)),
    "outer_key": ({"model_cfg__mystery": 1}, ("model_cfg.mystery",)),
    "cosine": ({"model_cfg__vision_cfg__scaled_cosine_attn": True}, ("scaled_cosine_attn",)),
    "pooling": ({"model_cfg__vision_cfg__attentional_pool": True}, ("attentional_pool",)),
    "longest": ({"preprocess_cfg__resize_mode": "longest"}, ("resize_mode", "longest")),
    "filter": ({"preprocess_cfg__interpolation": "lanczos"}, ("preprocess_cfg.interpolation",)),
    "image_key": ({"preprocess_cfg__mystery": 1}, ("preprocess_cfg.mystery",)),
    "mean": ({"preprocess_cfg__mean": [0.5, 0.5]}, ("mean",)),
    "projection": ({"model_cfg__vision_cfg__timm_model_name": "vit_tiny_patch16_224",
                    "model_cfg__vision_cfg__timm_proj": "mlp"}, ("timm_proj", "mlp")),
}


def _open_clip_refusals() -> Iterator[Refusal]:
    sound = _open_clip_folder("plain")
    for name, (changes, words) in _REFUSED_OPEN_CLIP.items():
        yield Refusal(f"open_clip_{name}", sound.state, changed(sound.config, **changes), words,
                      config_name="open_clip_config.json")


# An argument, and words of the error.
_REFUSED_ARGUMENTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "timm_mish": ({"act_layer": "mish"}, ("act_layer", "\"mish\"")),
    "timm_prr": ({"global_pool": "prr"}, ("global_pool", "PiT-RR pooling")),
    "timm_rmsnorm": ({"norm_layer": "rmsnorm"}, ("norm_layer", "rmsnorm")),
    "timm_padded": ({"dynamic_img_pad": True, "img_size": 18}, ("dynamic_img_pad",)),
}
_REFUSED_CHANGES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "timm_unknown_argument": (
        {"model_args__mystery_gate": True}, ("model_args.mystery_gate", "true")),
    "timm_unknown_key": ({"mystery_gate": 1}, ("mystery_gate",)),
    "timm_unknown_pretrained_key": (
        {"pretrained_cfg__mystery": [1, 2]}, ("pretrained_cfg.mystery", "[1, 2]")),
    "timm_unknown_architecture": (
        {"architecture": "vit_of_tomorrow"}, ("architecture", "vit_of_tomorrow")),
    "timm_crop_mode_zoom": (
        {"pretrained_cfg__crop_mode": "zoom"}, ("crop_mode", "squash", "'zoom'")),
    "timm_filter_random": (
        {"pretrained_cfg__interpolation": "random"}, ("interpolation", "'random'")),
    "timm_without_classifier": ({"num_classes": 0}, ("num_classes", "expected 5", "found 0")),
    "timm_num_classes": ({"num_classes": 6}, ("num_classes", "expected 5", "found 6")),
    "timm_num_classes_argument": (
        {"model_args__num_classes": 6}, ("num_classes", "expected 6", "found 5")),
    "timm_heads_of_5": ({"model_args__num_heads": 5}, ("heads", "a divisor of the width 8", "5")),
    "timm_depth_3": ({"model_args__depth": 3}, ("depth", "expected 2", "found 3")),
    "timm_input_size_32": (
        {"pretrained_cfg__input_size": [3, 32, 32], "pretrained_cfg__fixed_input_size": False},
        ("input_size", "16 x 16", "32 x 32")),
    "timm_std_0": ({"pretrained_cfg__std": [0.5, 0, 0.5]}, ("std", "positive")),
    "timm_label_names_short": ({"label_names": ["a", "b"]}, ("label_names", "5 names", "found 2")),
    "timm_label_offset": (
        {"pretrained_cfg__label_offset": 1}, ("label_offset", "classes that are left out")),
    "timm_skipped_bias": ({"model_args__qkv_bias": False}, ("qkv_bias", "true")),
}


def refusals() -> Iterator[Refusal]:
    model, config = made()
    state = state_of(model)
    for name, (arguments, words) in _REFUSED_ARGUMENTS.items():
        other_config = made(**arguments)[1]
        # They are refused by their configuration, whatever the tensors are.
        yield Refusal(name, state, other_config, words)
    for name, (changes, words) in _REFUSED_CHANGES.items():
        yield Refusal(name, state, changed(config, **changes), words)
    rope, rope_config = made("vit_small_patch16_rope_mixed_224")
    frequencies = state_of(rope)["rope.freqs"]
    yield Refusal("timm_frequencies_of_other_heads", state_of(rope) | {
        "rope.freqs": frequencies.flatten(2)[:, :, None]}, rope_config, ("heads", "2"))
    yield from _relative_refusals()
    yield Refusal("timm_rope_type", state_of(rope), changed(
        rope_config, model_args__rope_type="mrope"), ("rope_type", "mrope"))
    yield Refusal("timm_rope_of_a_vit", state, changed(
        config, model_args__use_rot_pos_emb=True), ("use_rot_pos_emb", "EVA"))
    for key in ("qk_norm", "scale_attn_norm", "scale_mlp_norm"):
        yield Refusal(f"timm_said_{key}", state, changed(config, **{f"model_args__{key}": True}),
                      (key,))
    few = {name: value for name, value in state.items() if not name.startswith("blocks.1.")}
    yield Refusal("timm_student_and_teacher",
                  _prefixed("student.", few)
                  | {f"teacher.{name}": value + 1 for name, value in few.items()}, config,
                  ("copies", "student.", "teacher."))
    yield Refusal("timm_unknown_tensor",
                  state | {"blocks.0.attn.mystery": noise("mystery", torch.Size((8,)))}, config,
                  ("blocks.0.attn.mystery", "unexpected"))
    yield Refusal("timm_unknown_tensor_outside", _prefixed("model.", state) | {
        "mystery.weight": noise("mystery", torch.Size((8,)))}, config, ("mystery.weight",))
    headless = {name: value for name, value in state.items() if not name.startswith("head.")}
    yield Refusal("timm_headless", headless, config, ("num_classes", "expected 0", "found 5"))
    yield Refusal("timm_all_tokens", state, changed(config, global_pool="", model_args__global_pool=""),
                  ("global_pool", "an output without pooling"))
    yield Refusal("timm_bare", state, None, ("heads", "a number from heads or from a config.json"))
    yield Refusal("timm_bare_pooling", state, None, ("pooling: map", "attn_pool"),
                  options={"heads": 2, "pooling": "map"})
    yield Refusal("timm_bare_pooling_of_tomorrow", state, None, ("pooling: mean", "avgmax"),
                  options={"heads": 2, "pooling": "mean"})
    for key, value in (("class_token", False), ("reg_tokens", 4), ("pre_norm", True),
                       ("final_norm", False), ("fc_norm", True)):
        yield Refusal(f"timm_said_{key}", state, changed(config, **{f"model_args__{key}": value}),
                      (key,))
    patches = made(class_token=False, global_pool="avg", fc_norm=False)
    yield Refusal("timm_bare_without_pooling", state_of(patches[0]), None, ("pooling", "avgmax"),
                  options={"heads": 2})
    yield from _open_clip_refusals()
    yield Refusal("open_clip_activation", state_of(_clip(True)), None, ("activation", "none"),
                  options={"heads": 2})
    yield Refusal("timm_image_size_18", state, config, ("imageSize", "patch size 4", "18"),
                  options={"image_size": 18})
    yield Refusal("timm_other_arch", state, None, ("architecture deit_tiny_patch16_224", "width 8"),
                  options={"architecture": "deit_tiny_patch16_224"})
