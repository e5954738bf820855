"""ATS: "Adaptive Token Sampling for Efficient Vision Transformers" (Fayyaz et al., ECCV 2022)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..checkpoint import StateDict
from ..config import ViTConfig
from ..reduction import keep_tokens
from .method import KeptTokens, ReducedViT, value_scores


class ATS(ReducedViT):
    """In each of `blocks`, tokens are sampled where even steps meet the running sum of their scores. All tokens
    are keys in that block and the sampled ones alone are queries: as a query changes no other token's output,
    the others are left out behind the attention here."""

    each_alone = True

    def __init__(self, config: ViTConfig, blocks: Sequence[int]) -> None:
        super().__init__(config)
        self.stages = tuple(blocks)

    @classmethod
    def rename(cls, state: StateDict) -> StateDict:
        """Its authors' code saves a constant with each block."""
        for key, value in state.items():
            if key.endswith(".attn.out_zero_mask") and value.any():
                raise ValueError(f"{key}: expected zeros, found others")
        return {key: value for key, value in state.items() if not key.endswith(".attn.out_zero_mask")}

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens = self.start(images)
        for index, block in enumerate(self.blocks):
            tokens.rows, facts = block.attend(tokens.rows, None, "importance")
            if index in self.stages:
                if tokens.patches > 2:
                    sampled = sample(value_scores(facts)[0], self.patches)
                    tokens = keep_tokens(tokens, sampled[None])
                trace.add_block(index, tokens.origin)
            tokens.rows = block.feed_forward(tokens.rows)
        return self.classify(tokens)


def sample(scores: Tensor, steps: int) -> Tensor:
    """The tokens that are sampled, ascending, of one image's scores [N]. Each of `steps` even steps takes the
    token whose running sum is nearest, the lower on a tie; the token of the least score is never taken."""
    order = torch.sort(scores, stable=True).indices
    running = scores[order].cumsum(dim=0)
    running = (running - running.min()) / (running.max() - running.min())
    lowest = running[running > 0].min()
    targets = lowest + (1 - lowest) * torch.arange(steps) / (steps - 1)
    nearest = (running - targets[:, None]).abs().argmin(dim=1)
    return order[nearest.unique()].sort().values
