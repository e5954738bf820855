"""Writers of weights alone: safetensors, NumPy archives, Hugging Face folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from .models import TIMM, Sizes, hugging_face, state_of


def config_json(family: str, sizes: Sizes) -> dict:
    """timm's `config.json`."""
    arguments: dict = {"num_heads": sizes.heads}
    if family == "lvvit":
        arguments["skip_lam"] = 2.0
    description = {"model_args": arguments, "num_classes": sizes.classes}
    if family in ("beit", "aimv2"):
        # Their pooling and positions are no tensors.
        arguments |= {key: value for key, value in sizes.arguments.items() if key != "num_classes"}
        description["architecture"] = TIMM[family]
    return description


def safetensors(model: nn.Module, folder: Path) -> Path:
    save_file(state_of(model), folder / "model.safetensors")
    return folder / "model.safetensors"


def half_safetensors(model: nn.Module, folder: Path) -> Path:
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in state_of(model).items()
    }
    save_file(state, folder / "model.safetensors")
    return folder / "model.safetensors"


def sharded(model: nn.Module, folder: Path) -> Path:
    state = state_of(model)
    names = sorted(state)
    shards = {"model-00001-of-00002.safetensors": names[::2],
              "model-00002-of-00002.safetensors": names[1::2]}
    for file, held in shards.items():
        save_file({name: state[name] for name in held}, folder / file)
    index = {"metadata": {}, "weight_map": {n: f for f, held in shards.items() for n in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def wrapped(model: nn.Module, folder: Path) -> Path:
    """As training code saves it: the model, its optimiser's state and its moving average."""
    state = state_of(model)
    everything = {f"model_ema.module.{name}": value for name, value in state.items()}
    everything |= {f"model.module.{name}": value + 1 for name, value in state.items()}
    everything["optimizer.state.0.exp_avg"] = torch.zeros(3)
    save_file(everything, folder / "checkpoint.safetensors")
    return folder / "checkpoint.safetensors"


def npz_stored(model: nn.Module, folder: Path) -> Path:
    np.savez(folder / "model.npz", **{n: t.numpy() for n, t in state_of(model).items()})
    return folder / "model.npz"


def npz_deflated(model: nn.Module, folder: Path) -> Path:
    np.savez_compressed(folder / "model.npz", **{n: t.numpy() for n, t in state_of(model).items()})
    return folder / "model.npz"


def google(model: nn.Module, folder: Path, sizes: Sizes) -> Path:
    """Names, axes and head axes of Google's JAX checkpoints."""
    state = {name: tensor.numpy() for name, tensor in state_of(model).items()}
    heads, width = sizes.heads, sizes.width
    out = {
        "cls": state["cls_token"],
        "embedding/kernel": state["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": state["patch_embed.proj.bias"],
        "Transformer/posembed_input/pos_embedding": state["pos_embed"],
        "Transformer/encoder_norm/scale": state["norm.weight"],
        "Transformer/encoder_norm/bias": state["norm.bias"],
        "head/kernel": state["head.weight"].T,
        "head/bias": state["head.bias"],
    }
    for block in range(sizes.depth):
        place = f"Transformer/encoderblock_{block}"
        part = {n.removeprefix(f"blocks.{block}."): v for n, v in state.items()
                if n.startswith(f"blocks.{block}.")}
        for norm, name in (("LayerNorm_0", "norm1"), ("LayerNorm_2", "norm2")):
            out[f"{place}/{norm}/scale"] = part[f"{name}.weight"]
            out[f"{place}/{norm}/bias"] = part[f"{name}.bias"]
        for dense, name in (("Dense_0", "mlp.fc1"), ("Dense_1", "mlp.fc2")):
            out[f"{place}/MlpBlock_3/{dense}/kernel"] = part[f"{name}.weight"].T
            out[f"{place}/MlpBlock_3/{dense}/bias"] = part[f"{name}.bias"]
        attention = f"{place}/MultiHeadDotProductAttention_1"
        for index, name in enumerate(("query", "key", "value")):
            rows = slice(index * width, (index + 1) * width)
            kernel = part["attn.qkv.weight"][rows].T.reshape(width, heads, -1)
            out[f"{attention}/{name}/kernel"] = kernel
            out[f"{attention}/{name}/bias"] = part["attn.qkv.bias"][rows].reshape(heads, -1)
        out[f"{attention}/out/kernel"] = part["attn.proj.weight"].T.reshape(heads, -1, width)
        out[f"{attention}/out/bias"] = part["attn.proj.bias"]
    np.savez(folder / "model.npz", **{k: np.ascontiguousarray(v) for k, v in out.items()})
    return folder / "model.npz"


def hugging_face_folder(model: nn.Module, folder: Path, sizes: Sizes, kind: str = "vit") -> Path:
    """`save_pretrained`."""
    hugging_face(model, sizes, kind).save_pretrained(folder)
    return folder


def hugging_face_memory_names(model: nn.Module, folder: Path, sizes: Sizes) -> Path:
    """The spelling that version 5 of `transformers` has in memory."""
    twin = hugging_face(model, sizes)
    save_file({n: t.contiguous() for n, t in twin.state_dict().items()},
              folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(twin.config.to_dict(), default=str))
    return folder
