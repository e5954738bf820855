"""Small models of every isotropic architecture of timm, written to ONNX by both of PyTorch's
exporters.

Each keeps what its name stands for (tokens, norms, gates, positions, pooling, heads) and gets two
blocks, heads of 16 elements and an image of 3 x 5 patches. What is not exact from safetensors is
not measured. Architectures whose small models are alike in every module and number share one
measurement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
from timm.models import save_for_hf
from torch import nn
from variants.onnx_files import export

from .jobs import Job, NotMeasured
from .onnx_models import OneInput
from .outcome import Outcome, Result, Truth
from .run import Logits, Tools
from .timm_models import architectures, create, output_of
from .weights import noise, without_initialisation

SUITES = ("onnx-torchscript", "onnx-dynamo")
_OPTIONS = ({"opset": 17}, {"opset": 18, "dynamo": True})
_HEAD_WIDTH, _ROWS, _COLUMNS, _CLASSES = 16, 3, 5, 7
_GOOD = (Outcome.exact, Outcome.assumed)
_PLAIN = (bool, int, float, str, tuple, list, type(None))


@dataclass(frozen=True)
class _Extents:
    """The part of the sizes that the exporter reads."""

    image: tuple[int, int]


def jobs() -> list[Job]:
    """One job an architecture."""
    return [Job(tuple((suite, name) for suite in SUITES), partial(_samples, name))
            for _, name in architectures()]


def small(name: str) -> tuple[nn.Module, tuple[int, int]]:
    """A random small model and the extents of its images."""
    try:
        with torch.device("meta"), without_initialisation():
            whole = timm.create_model(name)
        height, width = whole.patch_embed.patch_size
        heads = whole.blocks[0].attn.num_heads
        extents = (_ROWS * height, _COLUMNS * width)
        # A model without a classifier of its own has features.
        classes = _CLASSES if whole.num_classes > 0 else 0
        return create(name, exportable=True, depth=2, embed_dim=_HEAD_WIDTH * heads,
                      img_size=extents, num_classes=classes), extents
    except Exception as error:
        raise NotMeasured(f"no small model: {' '.join(str(error).split())[:120]}") from None


def _likeness(model: nn.Module, extents: tuple[int, int]) -> str:
    """A digest of every module's kind, numbers and words, and of its parameters' shapes."""
    lines = [str(extents)]
    for path, module in model.named_modules():
        values = {key: value for key, value in vars(module).items() if isinstance(value, _PLAIN)}
        values = {key: value for key, value in values.items() if key != "dropout_p"}
        shapes = {key: tuple(value.shape)
                  for key, value in (*module.named_parameters(recurse=False),
                                     *module.named_buffers(recurse=False))}
        lines.append(f"{path} {type(module).__name__} {sorted(values.items())} {shapes}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class _Exported(Logits):
    """A model that is written when it is measured, unless one that is alike has been."""

    known: Path = Path()
    model: nn.Module | None = None
    kept: Path = Path()

    def measure(self, tools: Tools, scratch: Path) -> Result:
        if self.kept.exists():
            row = json.loads(self.kept.read_text())
            return Result(self.suite, self.name, Outcome(row["outcome"]), row["detail"])
        result = self._measured(tools, scratch)
        self.kept.parent.mkdir(exist_ok=True)
        self.kept.write_text(json.dumps(
            {"outcome": str(result.outcome), "detail": f"{result.detail} (as {self.name})"}))
        return result

    def _measured(self, tools: Tools, scratch: Path) -> Result:
        own = Logits(self.suite, self.name, self.known, self.pixels, self.expected, self.truth)
        (scratch / "known").mkdir()
        known = own.measure(tools, scratch / "known")
        if known.outcome not in _GOOD:
            return self._row(
                Outcome.not_measured, f"from safetensors {known.outcome}: {known.detail}")
        extents = _Extents(self.pixels.shape[2:])
        options = _OPTIONS[SUITES.index(self.suite)]
        try:
            path = export(
                OneInput(self.model).eval(), scratch / "model.onnx", extents,
                output="logits" if self.model.num_classes else "features", **options)
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            return self._row(Outcome.not_measured, f"PyTorch's exporter: {words[:160]}")
        return Logits.measure(replace(own, checkpoint=path), tools, scratch)


def _samples(name: str, folder: Path) -> Iterator[Logits]:
    model, extents = small(name)
    save_for_hf(model, folder / "model", safe_serialization=True)
    path = folder / "model" / "config.json"
    config = json.loads(path.read_text())
    config["pretrained_cfg"]["input_size"] = [3, *extents]
    path.write_text(json.dumps(config))
    pixels = noise("pixels", torch.Size((1, 3, *extents))).numpy()
    answers: dict[str, np.ndarray] = {}

    def expected() -> dict[str, np.ndarray]:
        if not answers:
            answers.update(output_of(model, pixels))
        return answers

    likeness = _likeness(model, extents)
    for suite in SUITES:
        yield _Exported(
            suite, name, folder / "unwritten.onnx", pixels, expected, Truth(name.lower()),
            known=folder / "model", model=model,
            kept=folder.parent / "kept" / f"{suite}-{likeness}.json")
