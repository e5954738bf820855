"""AS-ViT: "Adaptive Sparse ViT" (Liu et al., IJCAI 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..config import ViTConfig
from ..reduction import AttentionFacts, keep_tokens
from .method import KeptTokens, ReducedViT


class KeepThreshold(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keep_threshold = nn.Parameter(torch.zeros(()))


class ASViT(ReducedViT):
    """Before each of `blocks`, the patch tokens whose score in the block before lies above a learnt threshold
    stay. In the authors' batches an image keeps as many tokens as the batch does on average; here each image
    is judged by itself, as theirs are one at a time."""

    families = ("deit", "lvvit")
    each_alone = True

    def __init__(self, config: ViTConfig, blocks: Sequence[int]) -> None:
        super().__init__(config)
        if 0 in blocks:
            raise ValueError("there are no scores before block 0")
        self.stages = tuple(blocks)
        self.score_predictor = nn.ModuleList(KeepThreshold() for _ in blocks)

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens, scores = self.start(images), torch.empty(1, 0)
        for index, block in enumerate(self.blocks):
            if index in self.stages:
                threshold = self.score_predictor[self.stages.index(index)].keep_threshold
                tokens = keep_tokens(tokens, (scores > threshold).nonzero()[None, :, 1])
                trace.add_block(index, tokens.origin)
            tokens.rows, facts = block.attend(tokens.rows, None, "all")
            scores = head_weighted_attention(facts)[:, tokens.prefix :]
            tokens.rows = block.feed_forward(tokens.rows)
        return self.classify(tokens)


def head_weighted_attention(facts: AttentionFacts) -> Tensor:
    """What the class token attends to each token, [B, T]; each head counts by its share of the token's own
    output."""
    norms = (facts.probabilities @ facts.values).norm(dim=-1)
    share = norms / (norms.sum(dim=1, keepdim=True) + 1e-8)
    return (facts.probabilities[:, :, 0] * share).sum(dim=1)
