"""The multi-scale stage (section 3.4): large-kernel attention and the positional convolution that
join the low scale to the high one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import ViTConfig


class LargeKernelAttention(nn.Module):
    """LKA(u) = u * pointwise(depthwise 7x7, dilation 3(depthwise 5x5(u))), on [B, D, g, g]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.conv_spatial = nn.Conv2d(width, width, 7, padding=9, dilation=3, groups=width)
        self.conv1 = nn.Conv2d(width, width, 1)

    def forward(self, u: Tensor) -> Tensor:
        return u * self.conv1(self.conv_spatial(self.conv0(u)))


class MultiScale(nn.Module):
    """The low scale's class token and positions, and eq. 5.

    `low_class_gain` scales what the low class token adds to the high one: 1 in the method; a
    trainer that starts from a single-scale model may raise it from 0.
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        grid, width = config.grid, config.embed_dim
        if grid % 2:
            raise ValueError(f"two scales need an even grid, not {grid} x {grid}")
        self.grid = grid
        self.prefix = config.prefix
        self.low_class_gain = 1.0
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + grid * grid // 4, width))
        self.lka = LargeKernelAttention(width)
        self.peg = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def low_tokens(self, patches: Tensor) -> Tensor:
        """Low-scale patch embeddings [B, g*g/4, D] with class token and positions."""
        cls = self.cls_token.expand(patches.shape[0], -1, -1)
        return torch.cat([cls, patches], dim=1) + self.pos_embed

    def down(self, rows: Tensor) -> Tensor:
        """Mean over 2x2 patches; prefix tokens pass through."""
        patches = F.avg_pool2d(_to_map(rows[:, self.prefix :], self.grid), 2)
        return torch.cat([rows[:, : self.prefix], _to_rows(patches)], dim=1)

    def up(self, rows: Tensor) -> Tensor:
        """Nearest neighbour, twice the grid; prefix tokens pass through."""
        return torch.cat([rows[:, : self.prefix], self._up_patches(rows[:, self.prefix :])], dim=1)

    def fuse(self, high: Tensor, low: Tensor) -> Tensor:
        """Eq. 5, then PEG: f = high + LKA(UP(low)); f += peg(f). Class tokens add up."""
        f = _to_map(high[:, self.prefix :], self.grid)
        f = f + self.lka(_to_map(self._up_patches(low[:, 1:]), self.grid))
        f = f + self.peg(f)
        cls = high[:, :1] + self.low_class_gain * low[:, :1]
        return torch.cat([cls, high[:, 1 : self.prefix], _to_rows(f)], dim=1)

    def _up_patches(self, patches: Tensor) -> Tensor:
        low = _to_map(patches, self.grid // 2)
        return _to_rows(low.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))

    @torch.no_grad()
    def initialise_from(self, cls_token: Tensor, pos_embed: Tensor, covers_prefix: bool) -> None:
        """The start for fine-tuning: nothing flows from the low scale's grid yet, and the low scale
        begins as the model's own tokens seen at half the resolution."""
        nn.init.zeros_(self.lka.conv1.weight)
        nn.init.zeros_(self.lka.conv1.bias)
        nn.init.zeros_(self.peg.weight)
        nn.init.zeros_(self.peg.bias)
        skip = self.prefix if covers_prefix else 0
        patches = F.avg_pool2d(_to_map(pos_embed[:, skip:], self.grid), 2)
        first = pos_embed[:, :1] if covers_prefix else torch.zeros_like(cls_token)
        self.cls_token.copy_(cls_token)
        self.pos_embed.copy_(torch.cat([first, _to_rows(patches)], dim=1))


def _to_map(rows: Tensor, grid: int) -> Tensor:
    """[B, g*g, D] -> [B, D, g, g]."""
    return rows.mT.reshape(rows.shape[0], rows.shape[2], grid, grid)


def _to_rows(picture: Tensor) -> Tensor:
    """[B, D, g, g] -> [B, g*g, D]."""
    return picture.flatten(2).mT
