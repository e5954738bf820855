"""The paper's recipe: schedules of learning rate and keep rate, and distillation."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor
from torch.nn import functional as F

from vit_reference import Reduction


def learning_rate(step: int, steps: int, peak: float, warmup: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def easing(step: int, steps: int, share: float) -> float:
    """1 at the start, 0 from `share` of the training on, a cosine between them."""
    done = min(1.0, step / max(1.0, share * steps))
    return 0.5 * (1 + math.cos(math.pi * done))


def eased(plan: Reduction, left: float) -> Reduction:
    """The plan with its keep rates still `left` of the way from 1 to their targets, its numbers of removed
    tokens from 0 to theirs."""
    if plan.remove:
        return replace(plan, remove=tuple(round(count * (1 - left)) for count in plan.remove))
    return replace(plan, keep=tuple(rate + (1 - rate) * left for rate in plan.keep))


def loss(logits: Tensor, labels: Tensor, teacher: Tensor | None, weight: float) -> Tensor:
    """Cross-entropy, and `weight` times the divergence from the teacher's distribution."""
    value = F.cross_entropy(logits, labels, label_smoothing=0.05)
    if teacher is None:
        return value
    divergence = F.kl_div(
        logits.log_softmax(dim=1), teacher.log_softmax(dim=1), reduction="batchmean",
        log_target=True,
    )
    return value + weight * divergence


def token_loss(
    logits: Tensor, masks: Tensor, labels: Tensor, covers: Tensor, is_one_object: bool
) -> Tensor:
    """The class token's cross-entropy, that of every patch's guess of the objects' masks, and, where one
    object decides the class, the mean one of the patches on it. Logits [B, 1 + M, classes]; masks
    (logits) and covers (in [0, 1]) [B, M, kinds * cells]."""
    value = F.cross_entropy(logits[:, 0], labels, label_smoothing=0.05)
    if is_one_object:
        on_object = covers.amax(dim=2) > 0
        repeated = labels[:, None].expand_as(on_object)
        value = value + F.cross_entropy(
            logits[:, 1:][on_object], repeated[on_object], label_smoothing=0.05
        )
    return value + 2 * F.binary_cross_entropy_with_logits(masks, covers)
