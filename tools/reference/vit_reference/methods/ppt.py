"""PPT: "Token Pruning and Pooling for Efficient Vision Transformers" (Wu et al., 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..config import Reduction, ViTConfig
from ..reduction import Tokens, keep_tokens, reduce_tokens
from .method import KeptTokens, ReducedViT, value_scores


class PPT(ReducedViT):
    """Between attention and FFN of each of `blocks`, `remove` tokens leave, at most half of all: pooled as by
    ToMe where ATS's scores vary less than `threshold`, dropped where they vary more. With `size_aware`, logits
    gain log(size[key]) in every block."""

    # What was dropped is in another order behind it, on which the next pooling depends.
    each_alone = True

    def __init__(
        self, config: ViTConfig, blocks: Sequence[int], remove: int, threshold: float,
        size_aware: bool = True,
    ) -> None:
        super().__init__(config)
        self.stages = tuple(blocks)
        self.remove, self.threshold, self.size_aware = remove, threshold, size_aware

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens = self.start(images)
        tokens.sizes = tokens.rows.new_ones(tokens.rows.shape[:2])
        pooled = []
        for index, block in enumerate(self.blocks):
            sizes = tokens.sizes if self.size_aware else None
            tokens.rows, facts = block.attend(tokens.rows, sizes, "importance")
            if index in self.stages:
                scores = value_scores(facts)
                # Unbiased: divided by N - 1.
                pooled.append(bool(scores.var(dim=1) < self.threshold))
                removed = min(self.remove, (tokens.rows.shape[1] - 1) // 2)
                if pooled[-1]:
                    tokens = reduce_tokens(tokens, facts, Reduction(strategy="tome", remove=(removed,)), 0, None)
                else:
                    tokens = drop(tokens, scores, removed)
                trace.add_block(index, tokens.origin)
            tokens.rows = block.feed_forward(tokens.rows)
        trace.add("policy", torch.tensor([pooled]))
        return self.classify(tokens)


def drop(tokens: Tokens, scores: Tensor, removed: int) -> Tokens:
    """Without the `removed` tokens of least score; the others by falling score, as upstream leaves them."""
    order = torch.sort(scores, dim=1, descending=True, stable=True).indices
    return keep_tokens(tokens, order[:, : tokens.patches - removed])
