"""EViT: "Not All Patches are What You Need" (Liang et al., ICLR 2022)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..config import Reduction, ViTConfig
from ..reduction import reduce_tokens
from ..trace import FUSED
from .method import KeptTokens, ReducedViT


class EViT(ReducedViT):
    """Between attention and FFN, ceil(keep rate * N) tokens with the largest class attention stay; with
    `fuse`, the others become one more token, which is an ordinary one from there on."""

    def __init__(
        self, config: ViTConfig, blocks: Sequence[int], keep_rate: float, fuse: bool = False
    ) -> None:
        super().__init__(config)
        self.plan = Reduction(tuple(blocks), (keep_rate,) * len(blocks), "fuse" if fuse else "drop")

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens = self.start(images)
        fused = self.patches
        for index, block in enumerate(self.blocks):
            reducing = self.plan.selects(index)
            tokens.rows, facts = block.attend(tokens.rows, None, "importance" if reducing else "none")
            if reducing:
                tokens = reduce_tokens(tokens, facts, self.plan, index, None)
                made = tokens.origin == FUSED
                tokens.origin = tokens.origin.masked_fill(made, fused)
                fused += bool(made.any())
                trace.add_block(index, tokens.origin)
            tokens.rows = block.feed_forward(tokens.rows)
        return self.classify(tokens)
