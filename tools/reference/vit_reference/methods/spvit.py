"""SP-ViT: "Enabling Faster Vision Transformers via Soft Token Pruning" (Kong et al., ECCV 2022)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..checkpoint import StateDict
from ..config import ViTConfig
from ..reduction import Tokens, keep_tokens
from .method import KeptTokens, ReducedViT
from .predictor import input_layers, output_layers, predict


class HeadwisePredictor(nn.Module):
    """DynamicViT's predictor on each head's channels, the same one for all heads, and how much each head
    counts."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.senet = nn.Sequential(
            nn.Linear(config.heads, config.heads // 2), nn.GELU(), nn.Linear(config.heads // 2, config.heads))
        self.in_conv = nn.ModuleList([input_layers(config.head_width)])
        self.out_conv = nn.ModuleList([output_layers(config.head_width)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of tokens [B, N, D]: log-probabilities of keeping and dropping, averaged over heads, [B, N, 2], and
        the average probability of keeping, [B, N]."""
        heads = x.unflatten(-1, (self.heads, -1))
        weights = self.senet(heads.mean(dim=-1)).sigmoid().mT[..., None]
        weights = weights / weights.sum(dim=1, keepdim=True)
        logits = predict(self.in_conv[0], self.out_conv[0], heads.transpose(1, 2))
        log_probabilities = (weights * logits.log_softmax(dim=-1)).sum(dim=1)
        return log_probabilities, (weights * logits.softmax(dim=-1)).sum(dim=1)[..., 0]


class SPViT(ReducedViT):
    """Before each of `blocks`, the patch tokens that a predictor wants to keep stay; the others become one
    package token, their sum weighted by the probability of keeping, which is never dropped. The authors' code
    draws the choice at random, here the likelier one is made."""

    families = ("deit", "lvvit")
    each_alone = True

    def __init__(self, config: ViTConfig, blocks: Sequence[int]) -> None:
        super().__init__(config)
        self.stages = tuple(blocks)
        self.score_predictor = nn.ModuleList(HeadwisePredictor(config) for _ in blocks)

    @classmethod
    def rename(cls, state: StateDict) -> StateDict:
        """Its authors save the one predictor of all heads under each head's number; one copy is read, which
        the others must equal."""
        renamed: StateDict = {}
        for key, value in state.items():
            name = re.sub(r"^(score_predictor\.\d+\.(?:in|out)_conv)\.\d+\.", r"\1.0.", key)
            if not torch.equal(renamed.setdefault(name, value), value):
                raise ValueError(f"{key}: expected the values of the other heads, found others")
        return renamed

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        tokens = self.start(images)
        for index, block in enumerate(self.blocks):
            if index in self.stages:
                tokens = self.package(tokens, self.stages.index(index))
                trace.add_block(index, tokens.origin)
            tokens.rows = block(tokens.rows)
        # LV-ViT's auxiliary head reads patch tokens alone.
        return self.classify(keep_tokens(tokens, self.is_patch(tokens).nonzero()[None, :, 1]))

    def package(self, tokens: Tokens, stage: int) -> Tokens:
        rows = tokens.rows[:, tokens.prefix :]
        log_probabilities, keeping = self.score_predictor[stage](rows)
        dropped = (log_probabilities[..., 0] < log_probabilities[..., 1]) & self.is_patch(tokens)
        package = ((dropped * keeping)[..., None] * rows).sum(dim=1, keepdim=True)
        kept = keep_tokens(tokens, (~dropped).nonzero()[None, :, 1])
        name = torch.full_like(package[..., 0], self.patches + stage, dtype=kept.origin.dtype)
        return replace(
            kept,
            rows=torch.cat([kept.rows, package], dim=1),
            origin=torch.cat([kept.origin, name], dim=1),
        )

    def is_patch(self, tokens: Tokens) -> Tensor:
        """Which tokens are no packages, [B, N]."""
        return tokens.origin < self.patches
