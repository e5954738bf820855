"""Evo-ViT: "Slow-Fast Token Evolution for Dynamic Vision Transformer" (Xu et al., AAAI 2022), for DeiT."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..checkpoint import StateDict
from ..config import ViTConfig
from ..reduction import Tokens, keep_tokens, select
from .method import KeptTokens, ReducedViT

SPLITS = (4, 8)
"""Blocks before which half of the tokens are put aside; they come back before the next of these blocks, or
behind the last block."""
KEEP_RATE = 0.5
DEPTH = 12


def share_of_block(block: int) -> float:
    """How much of the running class attention is the block's own."""
    return 1.0 if block < 4 else 0.5


class EvoViT(ReducedViT):
    """The patch tokens with the largest running class attention go through a block, the others wait as they
    are. The head reads the mean of all patch tokens, which is taken before the last norm. The representative
    token of the paper is in its LeViT alone."""

    def __init__(self, config: ViTConfig) -> None:
        if config.depth != DEPTH:
            raise ValueError(f"Evo-ViT has {DEPTH} blocks, not {config.depth}")
        super().__init__(config)

    @classmethod
    def rename(cls, state: StateDict) -> StateDict:
        """Out of Evo-ViT's own names into DeiT's: queries, keys and values stacked, and the head that only
        training reads left out."""
        state = {key: value for key, value in state.items() if not key.startswith(("norm_cls.", "head_cls."))}
        for block in range(DEPTH):
            for end in ("weight", "bias"):
                parts = state.pop(f"qks.{block}.qk.{end}"), state.pop(f"vs.{block}.v.{end}")
                state[f"blocks.{block}.attn.qkv.{end}"] = torch.cat(parts)
                state[f"blocks.{block}.attn.proj.{end}"] = state.pop(f"projs.{block}.{end}")
                state[f"blocks.{block}.norm1.{end}"] = state.pop(f"norms.{block}.{end}")
        return state

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens, waiting = self.start(images), None
        # Of all patch tokens, those that wait last. The mean over heads for upstream's sum ranks alike.
        attention = torch.zeros(tokens.origin.shape)
        for index, block in enumerate(self.blocks):
            if index in SPLITS:
                tokens = rejoined(tokens, waiting)
                kept, rest = select(attention, int(tokens.patches * KEEP_RATE))
                attention = attention.gather(1, torch.cat([kept, rest], dim=1))
                waiting, tokens = keep_tokens(tokens, rest), keep_tokens(tokens, kept)
                trace.add_block(index, tokens.origin)
            tokens.rows, facts = block.attend(tokens.rows, None, "importance")
            own, slow = share_of_block(index), tokens.patches
            attention[:, :slow] = (1 - own) * attention[:, :slow] + own * facts.importance
            tokens.rows = block.feed_forward(tokens.rows)
        tokens = rejoined(tokens, waiting)
        return self.head(self.norm(tokens.rows[:, tokens.prefix :].mean(dim=1)))


def rejoined(tokens: Tokens, waiting: Tokens | None) -> Tokens:
    """The tokens, then those that waited, whose prefix is out of date."""
    if waiting is None:
        return tokens
    return replace(
        tokens,
        rows=torch.cat([tokens.rows, waiting.rows[:, waiting.prefix :]], dim=1),
        origin=torch.cat([tokens.origin, waiting.origin], dim=1),
    )
