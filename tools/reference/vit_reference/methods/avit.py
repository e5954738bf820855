"""A-ViT: "Adaptive Tokens for Efficient Vision Transformer" (Yin et al., CVPR 2022)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..config import ViTConfig
from .method import KeptTokens, ReducedViT


class AViT(ReducedViT):
    """Each token, the class token among them, halts where its halting values add up to 1 - eps; a halting
    value is sigmoid(scale * channel 0 - center) behind a block, and 1 behind the last. The head reads the
    class token's values of all its blocks, weighted by its halting values."""

    each_alone = True

    def __init__(
        self, config: ViTConfig, gate_scale: float, gate_center: float, eps: float = 0.01
    ) -> None:
        super().__init__(config)
        self.scale, self.center, self.limit = gate_scale, gate_center, 1 - eps

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        x = self.embed(images)[0]
        alive = torch.arange(len(x))
        depth = torch.zeros(len(x))
        halted = torch.zeros(len(x))
        remainder = torch.ones(len(x))
        output = torch.zeros_like(x)
        for index, block in enumerate(self.blocks):
            trace.add_block(index, alive[None, alive > 0] - 1)
            if not len(alive):
                continue
            depth[alive] += 1
            x = block(x[None])[0]
            halting = (self.scale * x[:, 0] - self.center).sigmoid()
            if index == len(self.blocks) - 1:
                halting = torch.ones_like(halting)
            halted[alive] += halting
            halts, stays = halted[alive] > self.limit, halted[alive] < self.limit
            # Where the sum is the limit itself, a token halts without a last part.
            halting = halting * stays
            output[alive] += (halts * remainder[alive] + halting)[:, None] * x
            remainder[alive] -= halting
            x, alive = x[stays], alive[stays]
        trace.add("depth", depth[None])
        return self.head(self.norm(output[:1]))
