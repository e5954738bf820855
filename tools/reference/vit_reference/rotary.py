"""Rotary position embedding: queries and keys are turned by the positions of their tokens."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .config import ViTConfig
from .trace import FUSED


class RotaryPositions(nn.Module):
    """Angles [B, 1 or H, N, d / 2] of patch tokens, for a block."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.config, rotary = config, config.rotary
        if rotary.kind == "mixed":
            self.freqs = nn.Parameter(
                torch.zeros(2, config.depth, config.heads, config.head_width // 2))

    def forward(self, block: int, patches: Tensor | None) -> Tensor:
        """`patches` [B, N] are positions in the grid; a fused token has none, and is not turned."""
        config, rotary = self.config, self.config.rotary
        parameter = next(self.parameters(), torch.zeros(0, dtype=torch.float64))
        place = torch.arange(config.grid, dtype=parameter.dtype)
        if rotary.kind == "dinov3":
            place = 2 * math.pi * (2 * (place + 0.5) / config.grid - 1)
        elif rotary.reference is not None:
            place = place / config.grid * rotary.reference
        rows, columns = torch.meshgrid(place, place, indexing="ij")
        first, second = (columns, rows) if rotary.x_first else (rows, columns)
        places = [first.flatten()[None, :, None], second.flatten()[None, :, None]]
        if rotary.kind == "mixed":
            angles = sum(
                p * f for p, f in zip(places, self.freqs[:, block].unsqueeze(2), strict=True))
        else:
            count = config.head_width // 4
            bands = rotary.temperature ** -(torch.arange(count, dtype=place.dtype) / count)
            angles = torch.cat([p * bands for p in places], dim=-1)
        if patches is None:
            return angles[None]
        taken = angles[:, patches.clamp(min=0)].transpose(0, 1)
        return torch.where((patches == FUSED)[:, None, :, None], 0, taken)


def turned(x: Tensor, angles: Tensor, prefix: int, halves: bool) -> Tensor:
    """Queries or keys [B, H, P + N, d], those of patch tokens turned by angles [B, 1 or H, N, d / 2]."""
    angles = angles.to(x.dtype)
    cosine, sine = angles.cos(), angles.sin()
    patches = x[:, :, prefix:]
    if halves:
        a, b = patches.chunk(2, dim=-1)
        result = torch.cat([a * cosine - b * sine, b * cosine + a * sine], dim=-1)
    else:
        a, b = patches[..., ::2], patches[..., 1::2]
        result = torch.stack([a * cosine - b * sine, b * cosine + a * sine], dim=-1).flatten(-2)
    return torch.cat([x[:, :, :prefix], result], dim=2)
