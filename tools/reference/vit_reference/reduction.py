"""Token selection (section 3.2) and what becomes of the tokens that are not important (3.3).

A token set has `prefix` tokens that always stay, followed by N patch tokens. Indices are chosen
without gradient; values move by gather and scatter-add, so gradients reach tokens and importance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Reduction
from .hashing import random_target
from .trace import FUSED, Trace
from .weighted import pairs


@dataclass
class Tokens:
    """`rows` [B, P + N, D]; `origin` [B, N], original patch index; `sizes` [B, P + N], patches a
    token stands for, or None where they do not count."""

    rows: Tensor
    origin: Tensor
    prefix: int
    sizes: Tensor | None = None

    @property
    def patches(self) -> int:
        return self.origin.shape[1]


@dataclass
class AttentionFacts:
    """What a block's attention tells the reduction that follows it.

    `importance` [B, N]: mean over heads of what the class token attends to each patch token.
    `keys` and `values` [B, H, P + N, d]. `probabilities` [B, H, P + N, P + N], only where a similarity or a
    score needs it.
    """

    importance: Tensor
    keys: Tensor
    probabilities: Tensor | None = None
    values: Tensor | None = None


def take(values: Tensor, index: Tensor) -> Tensor:
    """Rows `index` [B, M] of `values` [B, T] or [B, T, D]."""
    if values.dim() == 2:
        return values.gather(1, index)
    return values.gather(1, index.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def select(importance: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """The `keep` most important tokens and the others, both in ascending order; ties go to the
    lower index."""
    order = torch.sort(importance.detach(), dim=1, descending=True, stable=True).indices
    return order[:, :keep].sort(dim=1).values, order[:, keep:].sort(dim=1).values


def reduce_tokens(
    tokens: Tokens, facts: AttentionFacts, plan: Reduction, block: int, trace: Trace | None
) -> Tokens:
    """Applies the plan's strategy after the attention residual of `block`."""
    keep = plan.kept(block, tokens.patches)
    if keep == tokens.patches:
        return tokens
    if not 0 < keep < tokens.patches:
        raise ValueError(f"block {block} cannot keep {keep} of {tokens.patches} tokens")
    if plan.strategy == "weighted":
        return _weighted(tokens, facts, keep, block, trace)
    if plan.strategy == "tome":
        return _tome(tokens, facts, keep, block, trace)
    kept, rest = select(facts.importance, keep)
    if plan.strategy == "merge":
        return _merge(tokens, facts, plan, kept, rest, block, trace)
    if trace is not None:
        trace.record(block, take(tokens.origin, kept))
    survivors = keep_tokens(tokens, kept)
    if plan.strategy == "drop":
        return survivors
    return _fuse(tokens, survivors, facts.importance, rest)


def keep_tokens(tokens: Tokens, kept: Tensor) -> Tokens:
    """Prefix tokens, then the patch tokens `kept` [B, K] in the order given."""
    prefix = tokens.prefix

    def rows_of(values: Tensor) -> Tensor:
        return torch.cat([values[:, :prefix], take(values[:, prefix:], kept)], dim=1)

    return replace(
        tokens,
        rows=rows_of(tokens.rows),
        origin=take(tokens.origin, kept),
        sizes=None if tokens.sizes is None else rows_of(tokens.sizes),
    )


def _fuse(tokens: Tokens, survivors: Tokens, importance: Tensor, rest: Tensor) -> Tokens:
    """EViT: all others become one more token, their sum weighted by importance, appended last."""
    weights = take(importance, rest).unsqueeze(-1)
    fused = (weights * take(tokens.rows[:, tokens.prefix :], rest)).sum(dim=1, keepdim=True)
    marker = torch.full_like(survivors.origin[:, :1], FUSED)
    return replace(
        survivors,
        rows=torch.cat([survivors.rows, fused], dim=1),
        origin=torch.cat([survivors.origin, marker], dim=1),
    )


def _merge(
    tokens: Tokens,
    facts: AttentionFacts,
    plan: Reduction,
    kept: Tensor,
    rest: Tensor,
    block: int,
    trace: Trace | None,
) -> Tokens:
    """Eq. 4: each unimportant token joins its most similar important one, a weighted mean."""
    prefix = tokens.prefix
    patch_rows = tokens.rows[:, prefix:]
    important, unimportant = take(patch_rows, kept), take(patch_rows, rest)
    into = _most_similar(tokens, facts, plan, important, unimportant, kept, rest, block)
    if trace is not None:
        names = take(tokens.origin, kept)
        trace.record(block, names, take(tokens.origin, rest), take(names, into))
    sizes = None if tokens.sizes is None else tokens.sizes[:, prefix:]
    weights = facts.importance if sizes is None else sizes
    merged, total = _weighted_mean(
        important, take(weights, kept), unimportant, take(weights, rest), into
    )
    if tokens.sizes is not None:
        total = torch.cat([tokens.sizes[:, :prefix], total], dim=1)
    return replace(
        tokens,
        rows=torch.cat([tokens.rows[:, :prefix], merged], dim=1),
        origin=take(tokens.origin, kept),
        sizes=total if tokens.sizes is not None else None,
    )


def _weighted_mean(
    target: Tensor, target_weight: Tensor, source: Tensor, source_weight: Tensor, into: Tensor
) -> tuple[Tensor, Tensor]:
    """Means of targets [B, K, D] with the sources [B, U, D] that join them; the weights' sums."""
    width = target.shape[-1]
    total = target_weight.scatter_add(1, into, source_weight)
    summed = (target * target_weight.unsqueeze(-1)).scatter_add(
        1, into.unsqueeze(-1).expand(-1, -1, width), source * source_weight.unsqueeze(-1)
    )
    return summed / total.unsqueeze(-1), total


@torch.no_grad()
def _most_similar(
    tokens: Tokens,
    facts: AttentionFacts,
    plan: Reduction,
    important: Tensor,
    unimportant: Tensor,
    kept: Tensor,
    rest: Tensor,
    block: int,
) -> Tensor:
    """Position among the kept tokens, [B, U]; ties go to the lower."""
    match plan.similarity:
        case "random":
            return random_target(plan.seed, block, take(tokens.origin, rest), kept.shape[1])
        case "cosine":
            score = F.normalize(unimportant, dim=-1) @ F.normalize(important, dim=-1).mT
        case "l1":
            score = -torch.cdist(unimportant, important, p=1)
        case "l2":
            score = -torch.cdist(
                unimportant, important, p=2, compute_mode="donot_use_mm_for_euclid_dist"
            )
        case "attention":
            assert facts.probabilities is not None
            mean = facts.probabilities.mean(dim=1)[:, tokens.prefix :, tokens.prefix :]
            rows = take(mean, rest)
            score = rows.gather(2, kept.unsqueeze(1).expand(-1, rows.shape[1], -1))
    return score.argmax(dim=-1)


def _tome(
    tokens: Tokens, facts: AttentionFacts, keep: int, block: int, trace: Trace | None
) -> Tokens:
    """ToMe's bipartite soft matching, sizes weigh the mean.

    Tokens at even positions join those at odd ones, counted as ToMe's code does with the prefix tokens.
    """
    assert tokens.sizes is not None
    prefix, count = tokens.prefix, tokens.patches
    position = torch.arange(count, device=tokens.rows.device)
    source = prefix % 2
    joiners, hosts = position[source::2], position[1 - source :: 2]
    joining = count - keep
    if joining > len(joiners):
        raise ValueError(f"tome merges at most {len(joiners)} of {count} tokens, not {joining}")
    with torch.no_grad():
        metric = F.normalize(facts.keys.mean(dim=1)[:, prefix:], dim=-1)
        edge, match = (metric[:, joiners] @ metric[:, hosts].mT).max(dim=-1)
        leaving, staying = select(edge, joining)
        into = take(match, leaving)
    rows, sizes = tokens.rows[:, prefix:], tokens.sizes[:, prefix:]
    merged, total = _weighted_mean(
        rows[:, hosts],
        sizes[:, hosts],
        take(rows[:, joiners], leaving),
        take(sizes[:, joiners], leaving),
        into,
    )
    joining_names, host_names = tokens.origin[:, joiners], tokens.origin[:, hosts]
    origin = torch.cat([take(joining_names, staying), host_names], dim=1)
    if trace is not None:
        trace.record(block, origin, take(joining_names, leaving), take(host_names, into))
    return replace(
        tokens,
        rows=torch.cat([tokens.rows[:, :prefix], take(rows[:, joiners], staying), merged], dim=1),
        origin=origin,
        sizes=torch.cat(
            [tokens.sizes[:, :prefix], take(sizes[:, joiners], staying), total], dim=1
        ),
    )


def _weighted(
    tokens: Tokens, facts: AttentionFacts, keep: int, block: int, trace: Trace | None
) -> Tokens:
    """Pairs of little cost become one: their mean, weighted by importance and size."""
    assert tokens.sizes is not None
    prefix, count = tokens.prefix, tokens.patches
    rows, sizes = tokens.rows[:, prefix:], tokens.sizes[:, prefix:]
    importance = count * facts.importance
    sources, targets = pairs(rows, importance, count - keep)
    is_kept = torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
    is_kept.scatter_(1, sources, False)
    kept = is_kept.nonzero()[:, 1].reshape(-1, keep)
    # The place of each token that stays among those that do.
    place = is_kept.long().cumsum(dim=1) - 1
    into = place.gather(1, targets)
    # An importance may be rounded to 0, where a square root has no gradient and two zeros no mean.
    weights = (sizes * importance).clamp(min=torch.finfo(rows.dtype).tiny).sqrt()
    merged, _ = _weighted_mean(
        take(rows, kept), take(weights, kept), take(rows, sources), take(weights, sources), into
    )
    # A token that nothing joins stays as it is, to the bit.
    is_joined = torch.zeros_like(kept, dtype=torch.bool).scatter_(1, into, True)
    merged = torch.where(is_joined.unsqueeze(-1), merged, take(rows, kept))
    total = take(sizes, kept).scatter_add(1, into, take(sizes, sources))
    origin = take(tokens.origin, kept)
    if trace is not None:
        trace.record(
            block, origin, take(tokens.origin, sources), take(tokens.origin, targets)
        )
    return replace(
        tokens,
        rows=torch.cat([tokens.rows[:, :prefix], merged], dim=1),
        origin=origin,
        sizes=torch.cat([tokens.sizes[:, :prefix], total], dim=1),
    )
