"""Which tokens the strategy `weighted` joins: a greedy choice of pairs, by cost."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_DISTANCE = 1e-6


@torch.no_grad()
def pairs(rows: Tensor, importance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Sources and targets, each [B, count], of `rows` [B, N, D], sources ascending.

    `cost(i) = sqrt(importance(i)) * max(1 - similarity to the nearest other, 1e-6)`. Tokens are taken by
    ascending cost, ties by index; a token that is a source or a target already, or whose nearest is a
    source, is skipped. Where too few are found, those that are neither look again among tokens that are
    no sources.
    """
    if count > rows.shape[1] // 2:
        raise ValueError(f"weighted merges at most {rows.shape[1] // 2} of {rows.shape[1]} tokens")
    directions = F.normalize(rows, dim=-1)
    similarity = directions @ directions.mT
    similarity.diagonal(dim1=1, dim2=2).fill_(-torch.inf)
    found = [
        sorted(_of_one(table, weight, count).items())
        for table, weight in zip(similarity, importance.sqrt(), strict=True)
    ]
    both = torch.tensor(found, device=rows.device).reshape(len(found), count, 2)
    return both[..., 0], both[..., 1]


def _of_one(similarity: Tensor, weight: Tensor, count: int) -> dict[int, int]:
    """Targets by source of one image; `similarity` is [N, N]."""
    targets: dict[int, int] = {}
    joined: set[int] = set()
    allowed = similarity.clone()
    free = torch.arange(len(weight), device=weight.device)
    while len(targets) < count:
        nearest = allowed[free].max(dim=1)
        cost = weight[free] * (1 - nearest.values).clamp(min=SMALLEST_DISTANCE)
        order = torch.sort(cost, stable=True).indices
        for source, target in zip(
            free[order].tolist(), nearest.indices[order].tolist(), strict=True
        ):
            if source in targets or source in joined or target in targets:
                continue
            targets[source] = target
            joined.add(target)
            if len(targets) == count:
                return targets
        allowed[:, list(targets)] = -torch.inf
        free = torch.tensor(
            [i for i in range(len(weight)) if i not in targets and i not in joined],
            device=weight.device,
        )
    return targets
