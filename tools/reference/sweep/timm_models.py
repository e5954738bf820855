"""Every isotropic architecture of timm, with its configuration and without one.

The 18 modules of `MODULES` hold the 387 architectures (603 released weights) of timm 1.0.31. Each
one is built: nearly all differ in shapes or in constructor arguments, and the name decides for the
rest. A model of at most `--parameters` million parameters keeps its depth and is measured three
times: with what `save_for_hf` writes (timm-config), without its `model_args`, as in the files that
older versions released (timm-hub), and without any configuration (timm-bare). A larger one gets two
blocks, which `model_args` records; its bare form, recognised by its depth, is first written without
values, as a sparse file: most are refused by their tensors, and only the others are built whole. Heads,
widths, image size and classes are never changed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from timm.models import save_for_hf
from torch import nn

from .jobs import Job, NotMeasured
from .outcome import Result, Truth
from .run import Logits, Tools, convert
from .weights import noise, randomise, without_initialisation

MODULES = (
    "vision_transformer", "deit", "eva", "beit", "naflexvit", "vision_transformer_hybrid",
    "vision_transformer_relpos", "vision_transformer_sam", "cait", "xcit", "volo", "crossvit",
    "convit", "tnt", "pit", "gemma4_vit", "qwen3_vit", "deepseek_vit",
)
SUITES = ("timm-config", "timm-hub", "timm-bare")
# What is built at most where an architecture has no `depth` to reduce, in millions.
LARGEST = 450
# Two blocks of an architecture, by the names that its module has for depth.
_SHALLOW: dict[str, dict] = {
    "vision_transformer_sam": {"depth": 2, "global_attn_indexes": (1,)},
    "volo": {"layers": (1, 1, 1, 1)},
    "crossvit": {"depth": ((1, 1, 0), (1, 1, 0), (1, 1, 0))},
    "convit": {"depth": 2, "local_up_to_layer": 1},
    "pit": {"depth": (1, 1, 1)},
}
_SHALLOW_OF: dict[str, dict] = {
    f"vit_{size}_patch16_sapiens2": {"depth": 2, "num_kv_heads": heads}
    for size, heads in (
        ("large", (16, 8)), ("huge", (16, 8)), ("giant", (24, 12)), ("5b", (32, 16)))
}
_ACTIVATIONS = {"gelu": "gelu", "gelutanh": "gelu_tanh",
                "quickgelu": "quick_gelu", "silu": "silu", "swish": "silu", "relu": "relu"}


def architectures() -> list[tuple[str, str]]:
    """Pairs of module and architecture."""
    return [(module, name) for module in MODULES for name in timm.list_models(module=module)]


def jobs(parameters: int) -> list[Job]:
    """One job an architecture; `parameters` is the limit in millions for the true depth."""
    return [
        Job(tuple((suite, name) for suite in SUITES), partial(_samples, module, name, parameters))
        for module, name in architectures()
    ]


def create(name: str, **arguments: object) -> nn.Module:
    """A random model in evaluation mode that returns its logits as one tensor."""
    logging.disable(logging.WARNING)
    with without_initialisation():
        model = timm.create_model(name, **arguments)
    if hasattr(model, "set_distilled_training"):
        model.set_distilled_training(False)
    return randomise(model)


def parameters_of(name: str) -> int:
    """How many parameters an architecture has, without making them."""
    logging.disable(logging.WARNING)
    try:
        with torch.device("meta"), without_initialisation():
            model = timm.create_model(name)
    except Exception as error:
        raise NotMeasured(f"its size is unknown: {type(error).__name__}") from None
    return sum(parameter.numel() for parameter in model.parameters())


def input_for(folder: Path) -> np.ndarray:
    """One random image of the size that the configuration in a folder names."""
    config = json.loads((folder / "config.json").read_text())
    channels, *size = config["pretrained_cfg"]["input_size"]
    size = config.get("model_args", {}).get("img_size") or size
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return noise("pixels", torch.Size((1, channels, height, width))).numpy()


def output_of(model: nn.Module, pixels: np.ndarray) -> dict[str, np.ndarray]:
    with torch.no_grad():
        output = model(torch.from_numpy(pixels.copy()))
    if isinstance(output, dict | tuple | list):
        raise NotMeasured(f"the model returns a {type(output).__name__}")
    return {"logits": output.numpy()}


def truth_of(name: str, model: nn.Module) -> Truth:
    """What the model computes with, in the words of vitc's flags."""
    values: dict[str, str] = {}
    for path, module in model.named_modules():
        if isinstance(heads := getattr(module, "num_heads", None), int):
            values.setdefault("heads", str(heads))
        if isinstance(module, nn.LayerNorm):
            values.setdefault("eps", str(module.eps))
        if "mlp" in path and (activation := getattr(module, "act", None)) is not None:
            kind = type(activation).__name__.lower()
            if kind == "gelu" and getattr(activation, "approximate", "none") == "tanh":
                kind = "gelutanh"
            values.setdefault("activation", _ACTIVATIONS.get(kind, kind))
    pooling = getattr(model, "global_pool", None)
    if isinstance(pooling, str):
        values["pooling"] = pooling or "none"
    has_rope = getattr(model, "rope", None) is not None or "rope" in name
    return Truth(name.lower(), values, has_rope)


def _samples(module: str, name: str, limit: int, folder: Path) -> Iterator[Logits]:
    count = parameters_of(name) / 1e6
    is_whole = count <= limit
    arguments = {} if is_whole else (
        _SHALLOW_OF.get(name) or _SHALLOW.get(module, {"depth": 2}))
    try:
        model = create(name, **arguments)
    except (TypeError, ValueError, AttributeError, AssertionError):
        if is_whole or count > LARGEST:
            raise
        model = create(name)
        is_whole = True
    folder = folder / "model"
    save_for_hf(model, folder, safe_serialization=True)
    pixels = input_for(folder)
    answers: dict[str, np.ndarray] = {}

    def expected() -> dict[str, np.ndarray]:
        if not answers:
            answers.update(output_of(model, pixels))
        return answers

    truth = truth_of(name, model)
    yield Logits("timm-config", name, folder, pixels, expected, truth)
    config = json.loads((folder / "config.json").read_text())
    config["model_args"] = json.loads(json.dumps(arguments))
    if not arguments:
        del config["model_args"]
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    yield Logits("timm-hub", name, folder, pixels, expected, truth)
    (folder / "config.json").unlink()
    bare = folder / "model.safetensors"
    if is_whole:
        yield Logits("timm-bare", name, bare, pixels, expected, truth)
        return
    del model
    bare.unlink()
    write_sparse(name, bare)
    yield BareGiant("timm-bare", name, bare, pixels, expected, truth)


def write_sparse(name: str, path: Path) -> None:
    """A checkpoint of an architecture's names and shapes whose values are a hole in the file."""
    with torch.device("meta"), without_initialisation():
        state = timm.create_model(name).state_dict()
    header, offset = {}, 0
    for key, value in state.items():
        size = 4 * value.numel()
        header[key] = {"dtype": "F32", "shape": list(value.shape),
                       "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + offset)


class BareGiant(Logits):
    """A large model without a configuration; its values are made only if its tensors are accepted."""

    def measure(self, tools: Tools, scratch: Path) -> Result:
        converted = convert(tools, self.checkpoint, scratch, self.options)
        if isinstance(converted, Result):
            return self._named(converted)
        (scratch / "plan").unlink()
        model = create(self.name)
        self.checkpoint.unlink()
        save_file(model.state_dict(), self.checkpoint)
        whole = replace(
            self, expected=lambda: output_of(model, self.pixels), truth=truth_of(self.name, model))
        return Logits.measure(whole, tools, scratch)
