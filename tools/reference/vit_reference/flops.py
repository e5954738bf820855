"""Multiply-adds and parameters, as every ViT paper counts them.

Counted: convolutions, linear layers, QK^T, AV, the merge's similarity product and the multi-scale
convolutions. Not counted: norms, activations, softmax, LV-ViT's auxiliary head.
"""

from __future__ import annotations

from .config import Reduction, ViTConfig


def parameters(model: object) -> int:
    """Trainable values of a torch module."""
    return sum(p.numel() for p in model.parameters())  # type: ignore[attr-defined]


def multiply_adds(config: ViTConfig, plan: Reduction | None = None) -> int:
    """Of one picture."""
    grid, prefix, width = config.grid, config.prefix, config.embed_dim
    total = _embedding(config, config.image_size)
    patches, first = grid * grid, 0
    if plan is not None and plan.multi_scale:
        first = plan.layers[0]
        low = 1 + patches // 4
        coarse = prefix + patches // 4
        total += _embedding(config, config.image_size // 2)
        block = _attention(config, coarse) + _feed_forward(config, prefix + patches)
        total += first * (block + _attention(config, low) + _feed_forward(config, low))
        total += patches * width * (25 + 49 + width + 9)
    for index in range(first, config.depth):
        total += _attention(config, prefix + patches)
        if plan is not None and plan.selects(index):
            keep = plan.kept(index, patches)
            left = patches - keep
            if plan.strategy == "weighted":
                total += (left > 0) * patches * patches * width // 2
            elif plan.strategy == "tome":
                total += (left > 0) * (patches // 2) * (patches - patches // 2) * config.head_width
            elif plan.strategy == "merge" and plan.similarity in ("cosine", "l1", "l2"):
                total += left * keep * width
            patches = keep + (plan.strategy == "fuse" and left > 0)
        total += _feed_forward(config, prefix + patches)
    heads = 2 if config.family == "deit_distilled" else 1
    return total + heads * width * config.classes


def _embedding(config: ViTConfig, size: int) -> int:
    grid = size // config.patch_size
    if config.family != "lvvit":
        return grid * grid * 3 * config.patch_size**2 * config.embed_dim
    stem, half = config.stem_width, (size // 2) ** 2
    inner = config.patch_size // 2
    convolutions = half * stem * (3 * 49 + 2 * 9 * stem)
    return convolutions + grid * grid * stem * inner**2 * config.embed_dim


def _attention(config: ViTConfig, tokens: int) -> int:
    return 4 * tokens * config.embed_dim**2 + 2 * tokens * tokens * config.embed_dim


def _feed_forward(config: ViTConfig, tokens: int) -> int:
    return 2 * tokens * config.embed_dim * config.mlp_width
