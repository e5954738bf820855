"""DynamicViT: "Efficient Vision Transformers with Dynamic Token Sparsification" (Rao et al., NeurIPS 2021)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..config import ViTConfig
from ..reduction import Tokens, keep_tokens, select
from .method import KeptTokens, ReducedViT
from .predictor import TokenPredictor


class DynamicViT(ReducedViT):
    """Before each of `blocks`, a predictor scores the patch tokens. The j-th, from 1, leaves
    int(N0 * keep rate^j): a share of all patches, not of those that are left."""

    families = ("deit", "lvvit")

    def __init__(self, config: ViTConfig, blocks: Sequence[int], keep_rate: float) -> None:
        super().__init__(config)
        self.stages = tuple(blocks)
        self.counts = [int(self.patches * keep_rate ** (j + 1)) for j in range(len(blocks))]
        if not 0 < keep_rate <= 1 or min(self.counts) < 1:
            raise ValueError(f"keep rate {keep_rate} of {self.patches} patches leaves {self.counts} tokens")
        self.score_predictor = nn.ModuleList(TokenPredictor(config.embed_dim) for _ in blocks)

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens = self.start(images)
        for index, block in enumerate(self.blocks):
            if index in self.stages:
                tokens = self.prune(tokens, self.stages.index(index))
                trace.add_block(index, tokens.origin)
            tokens.rows = block(tokens.rows)
        return self.classify(tokens)

    def prune(self, tokens: Tokens, stage: int) -> Tokens:
        logits = self.score_predictor[stage](tokens.rows[:, tokens.prefix :])
        kept, _ = select(logits.log_softmax(dim=-1)[..., 0], self.counts[stage])
        return keep_tokens(tokens, kept)
