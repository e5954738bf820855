"""What a fixture is made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

State = dict[str, Tensor]
Config = dict[str, Any]
REMOVED = ...  # a key that the written configuration lacks


@dataclass
class Case:
    """A checkpoint, how it is imported, and what must come of it."""

    name: str
    state: State
    config: Config | str | None
    facts: dict[str, Any]
    size: tuple[int, int]
    logits: nn.Module | None = None  # computes them; None where only facts are compared
    preprocessor: Config | None = None
    preprocess: dict[str, Any] | None = None  # None where the library has none
    options: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    channels: int = 3
    config_name: str = "config.json"


@dataclass
class Refusal:
    """A checkpoint that must not be imported, and words of the error."""

    name: str
    state: State
    config: Config | str | None
    words: tuple[str, ...]
    preprocessor: Config | None = None
    options: dict[str, Any] = field(default_factory=dict)
    config_name: str = "config.json"


class Logits(nn.Module):
    """A library's model in float64 that returns one tensor: its logits, or features, where it has no
    classifier: what `pooled` makes of its output."""

    def __init__(
        self, model: nn.Module, pooled: Callable[[Any], Tensor] | None = None, **arguments: Any
    ) -> None:
        super().__init__()
        self.model = model.double().eval()
        self.pooled, self.arguments = pooled, arguments

    def forward(self, pixels: Tensor) -> Tensor:
        output = self.model(pixels.double(), **self.arguments)
        if self.pooled is not None:
            return self.pooled(output).float()
        return (output if isinstance(output, Tensor) else output.logits).float()


def changed(config: Config, **changes: Any) -> Config:
    """Some keys replaced; `REMOVED` takes one out, `INNER__key` means a key of an inner object."""
    config = json.loads(json.dumps(config))
    for name, value in changes.items():
        place, (*outer, key) = config, name.split("__")
        for step in outer:
            place = place.setdefault(step, {})
        if value is REMOVED:
            place.pop(key, None)
        else:
            place[key] = value
    return config


def read(folder: Path, name: str = "config.json") -> Config:
    return json.loads((folder / name).read_text())


def state_of(model: nn.Module) -> State:
    with torch.no_grad():
        return {name: value.detach().clone().contiguous()
                for name, value in model.state_dict().items()}
