"""Relative position bias: scores of attention have something added for where two patches lie to each other."""

from __future__ import annotations

import torch
from torch import Tensor

from .trace import FUSED


def relative_index(grid: int, prefix: int) -> Tensor:
    """The table's entry of each query and key, [P + N, P + N], as BEiT counts them; `prefix` is 0 or 1."""
    place = torch.arange(grid)
    rows, columns = (axis.flatten() for axis in torch.meshgrid(place, place, indexing="ij"))
    down, right = (axis[:, None] - axis[None, :] + grid - 1 for axis in (rows, columns))
    index = torch.zeros((prefix + grid**2,) * 2, dtype=torch.long)
    index[prefix:, prefix:] = down * (2 * grid - 1) + right
    if prefix:
        last = (2 * grid - 1) ** 2
        index[0, 1:], index[1:, 0], index[0, 0] = last, last + 1, last + 2
    return index


def relative_bias(table: Tensor, grid: int, prefix: int, patches: Tensor | None) -> Tensor:
    """Of a table [entries, H] the bias [B or 1, H, P + N, P + N] of tokens that stand for `patches` [B, N], all of them
    in order without it. A fused token stands for none, and has no bias as query and as key."""
    index = relative_index(grid, prefix)
    if patches is None:
        return table[index].permute(2, 0, 1)[None]
    # One more token and one more entry, of 0, for tokens that stand for no patch.
    known = torch.full((index.shape[0] + 1,) * 2, table.shape[0])
    known[:-1, :-1] = index
    table = torch.cat([table, torch.zeros_like(table[:1])])
    tokens = torch.where(patches == FUSED, known.shape[0] - 1, patches + prefix)
    front = torch.arange(prefix).expand(patches.shape[0], -1)
    tokens = torch.cat([front, tokens], dim=1)
    return table[known[tokens[:, :, None], tokens[:, None, :]]].permute(0, 3, 1, 2)
