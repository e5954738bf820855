"""What a fixture is made of."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from variants import onnx_files

logging.disable(logging.CRITICAL)
EXPORTERS = {"torchscript": False, "dynamo": True}


@dataclass
class Case:
    """A file, how it is imported, and what must come of it."""

    name: str
    write: Callable[[Path], None]
    logits: Callable[[Tensor], Tensor]  # of what the file takes, but for its batch and axes
    inputs: Tensor
    size: tuple[int, int]
    ending: str = "none"  # what the file does with logits
    batch: int = 1
    channels_last: bool = False
    configs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class Refusal:
    """A file that must not be imported, and words of the error."""

    name: str
    write: Callable[[Path], None]
    words: tuple[str, ...]
    configs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


class Around(nn.Module):
    """A model with something in front of it and something behind it."""

    def __init__(
        self, model: nn.Module, before: nn.Module | None = None,
        behind: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        super().__init__()
        self.model, self.before, self.behind = model, before or nn.Identity(), behind

    def forward(self, picture: Tensor) -> Tensor:
        logits = self.model(self.before(picture))
        return self.behind(logits) if self.behind else logits


def export(
    model: nn.Module, picture: Tensor, path: Path, *, dynamo: bool, opset: int | None = None,
    after: Callable[[Path, Path], Path] | None = None, output: str = "logits", **options: Any
) -> None:
    """One of PyTorch's exporters, and what people do to its file afterwards."""
    if dynamo:
        options["external_data"] = False
    opset = opset or (18 if dynamo else 17)
    target = path.with_suffix(".exported") if after else path
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
            contextlib.redirect_stderr(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), (picture,), str(target), opset_version=opset, dynamo=dynamo,
            input_names=["input"], output_names=[output], **options)
        if after:
            after(target, path)
            target.unlink()
    onnx_files.strip(path)
    _shorten(path)


def _shorten(path: Path) -> None:
    """Numbers instead of the names of values, which importers do not look at; nodes keep theirs."""
    model = onnx.load(path)
    graph = model.graph
    kept = {value.name for value in (*graph.input, *graph.output)} | {""}
    made = [tensor.name for tensor in graph.initializer]
    made += [name for node in graph.node for name in node.output]
    names = {name: f"{index}" for index, name in enumerate(made) if name not in kept}
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    _rename(graph, names)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Names values in nodes, and in those of their branches, which see them too."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename(attribute.g, names)


def edited(change: Callable[[onnx.ModelProto], None]) -> Callable[[Path, Path], Path]:
    """An editor of a file, for `after`."""
    def edit(source: Path, path: Path) -> Path:
        model = onnx.load(source)
        change(model)
        onnx.save(model, path)
        return path
    return edit
