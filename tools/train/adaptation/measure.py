"""How far a pruned model is from its dense one."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vit_reference import Reduction, VisionTransformer

BATCH = 25


class Measure(NamedTuple):
    """Over some images: the mean divergence from the dense model, and the share of them of which both have
    the same first class (None without classes)."""

    divergence: float
    agreement: float | None

    def __str__(self) -> str:
        if self.agreement is None:
            return f"1 - cosine {self.divergence:.4f}"
        return f"KL {self.divergence:.4f}, agreement {100 * self.agreement:.1f} %"


def divergence(student: Tensor, teacher: Tensor, has_classes: bool) -> Tensor:
    """Of each image, [B]: KL(teacher || student) of the softmax, or 1 - cosine of features."""
    if not has_classes:
        return 1 - F.cosine_similarity(student, teacher, dim=1)
    student, teacher = student.log_softmax(dim=1), teacher.log_softmax(dim=1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)


@torch.no_grad()
def outputs(
    model: VisionTransformer, images: Tensor, reduction: Reduction | None, device: str
) -> Tensor:
    """Logits, or features, of images [n, 3, S, S]."""
    return torch.cat([model(part.to(device), reduction) for part in images.split(BATCH)])


def measured(found: Tensor, expected: Tensor, has_classes: bool) -> Measure:
    """Of what the pruned and the dense model say of the same images."""
    mean = divergence(found.double(), expected.double(), has_classes).mean().item()
    if not has_classes:
        return Measure(mean, None)
    same = found.argmax(dim=1) == expected.argmax(dim=1)
    return Measure(mean, same.double().mean().item())
