"""What happened to which patch, for tests and for pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

FUSED = -1
"""Stands for a fused token where an original patch index is expected."""


@dataclass
class Stage:
    """One selection; patches are named by original index. `merged` and `into` are None unless
    tokens were merged."""

    block: int
    kept: Tensor
    merged: Tensor | None = None
    into: Tensor | None = None


@dataclass
class Trace:
    """Filled by `VisionTransformer.forward`. `owner` [B, N] names, for each original patch, the patch
    whose token holds it now. `rows` are the tokens behind each selection, `sizes` how many patches they
    stand for, where that counts."""

    stages: list[Stage] = field(default_factory=list)
    rows: list[Tensor] = field(default_factory=list)
    sizes: list[Tensor | None] = field(default_factory=list)
    owner: Tensor | None = None

    def start(self, origin: Tensor) -> None:
        self.stages.clear()
        self.rows.clear()
        self.sizes.clear()
        self.owner = origin.clone()

    def record(
        self, block: int, kept: Tensor, merged: Tensor | None = None, into: Tensor | None = None
    ) -> None:
        """`kept` [B, K], `merged` and `into` [B, N - K]."""
        self.stages.append(Stage(block, kept, merged, into))
        if merged is not None and into is not None and self.owner is not None:
            successor = torch.arange(self.owner.shape[1]).expand_as(self.owner).clone()
            successor.scatter_(1, merged, into)
            self.owner = successor.gather(1, self.owner)
