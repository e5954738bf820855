"""Which tokens the strategy `weighted` joins: a greedy choice of pairs, by cost."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_DISTANCE = 1e-6


@torch.no_grad()
def pairs(rows: Tensor, importance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Sources and targets, each [B, count], of `rows` [B, N, D], sources ascending. See `choose`."""
    directions = F.normalize(rows, dim=-1)
    return choose(directions @ directions.mT, importance, count)


@torch.no_grad()
def choose(similarity: Tensor, importance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Sources and targets, each [B, count], by `similarity` [B, N, N], whose diagonal does not matter, and
    `importance` [B, N]; sources ascend.

    `cost(i) = sqrt(importance(i)) * max(1 - similarity to the nearest other, 1e-6)`. Tokens are taken by
    ascending cost, ties by index; a token that is a source or a target already, or whose nearest is a
    source, is skipped. Where too few are found, those that are neither look again among tokens that are
    no sources.
    """
    tokens = similarity.shape[1]
    if count > tokens // 2:
        raise ValueError(f"weighted merges at most {tokens // 2} of {tokens} tokens")
    similarity = similarity.clone()
    similarity.diagonal(dim1=1, dim2=2).fill_(-torch.inf)
    weight = importance.sqrt()
    order, nearest = _by_cost(similarity, weight)
    found = []
    for image, candidates in enumerate(zip(order.tolist(), nearest.tolist(), strict=True)):
        targets: dict[int, int] = {}
        joined: set[int] = set()
        _accept(zip(*candidates, strict=True), count, targets, joined)
        while len(targets) < count:
            free = [i for i in range(tokens) if i not in targets and i not in joined]
            again = torch.tensor(free, device=similarity.device)
            allowed = similarity[image, again]
            allowed[:, list(targets)] = -torch.inf
            order, nearest = _by_cost(allowed, weight[image, again])
            _accept(zip(again[order].tolist(), nearest.tolist(), strict=True), count, targets, joined)
        found.append(sorted(targets.items()))
    both = torch.tensor(found, device=similarity.device).reshape(len(found), count, 2)
    return both[..., 0], both[..., 1]


def _by_cost(similarity: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the rows of `similarity` [..., M, N] come first, [..., M], and the nearest of each in that
    order."""
    nearest = similarity.max(dim=-1)
    cost = weight * (1 - nearest.values).clamp(min=SMALLEST_DISTANCE)
    order = torch.sort(cost, dim=-1, stable=True).indices
    return order, nearest.indices.gather(-1, order)


def _accept(
    candidates: Iterable[tuple[int, int]], count: int, targets: dict[int, int], joined: set[int]
) -> None:
    """Adds to `targets` by source, and to those that are `joined`, until there are `count`."""
    for source, target in candidates:
        if len(targets) == count:
            return
        if source in targets or source in joined or target in targets:
            continue
        targets[source] = target
        joined.add(target)
