"""What the methods share."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

import torch
from torch import Tensor

from ..checkpoint import StateDict
from ..config import Family, ViTConfig
from ..models import VisionTransformer
from ..reduction import AttentionFacts, Tokens


class KeptTokens:
    """What each block did to each image's tokens, by name: a row an image."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Tensor]] = defaultdict(list)

    def add(self, name: str, rows: Tensor) -> None:
        """`rows` [B, ...] of the images that come next."""
        self.rows[name] += rows.int().unbind()

    def add_block(self, block: int, origin: Tensor) -> None:
        """The tokens `origin` [B, K] that are there behind the reduction in a block."""
        self.add(f"block{block}.kept", origin.sort(dim=1).values)
        self.add(f"block{block}.count", torch.full(origin.shape[:1], origin.shape[1]))

    def tables(self) -> dict[str, Tensor]:
        """A table for each name, rows padded with -1 where they have different lengths."""
        return {
            name: torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
            if rows[0].dim() else torch.stack(rows)
            for name, rows in self.rows.items()
        }


class ReducedViT(VisionTransformer):
    """A Vision Transformer with a class token whose patch tokens a method reduces. Tokens that the method
    makes have names from N0, the number of patches, on."""

    families: ClassVar[tuple[Family, ...]] = ("deit",)
    each_alone: ClassVar[bool] = False
    """Whether images have counts of their own, or token orders that do not fit into one batch."""

    def __init__(self, config: ViTConfig) -> None:
        if config.family not in self.families:
            raise ValueError(
                f"{type(self).__name__} runs on {' or '.join(self.families)}, not on {config.family}")
        super().__init__(config)

    @classmethod
    def rename(cls, state: StateDict) -> StateDict:
        """A checkpoint's tensors by the names that this class gives them."""
        return state

    def forward(self, images: Tensor, trace: KeptTokens | None = None) -> Tensor:
        """Logits [B, classes] of normalised images [B, 3, S, S]."""
        trace = KeptTokens() if trace is None else trace
        batches = images.split(1) if self.each_alone else [images]
        return torch.cat([self.run(batch, trace) for batch in batches])

    def run(self, images: Tensor, trace: KeptTokens) -> Tensor:
        """Logits of one batch, of one image where `each_alone`."""
        raise NotImplementedError

    def start(self, images: Tensor) -> Tokens:
        """The tokens that enter the first block."""
        patches = torch.arange(self.patches).expand(images.shape[0], -1)
        return Tokens(self.embed(images), patches, self.config.prefix)

    def classify(self, tokens: Tokens) -> Tensor:
        """Logits; LV-ViT's auxiliary head has no part in them where no patch token is left."""
        x = self.norm(tokens.rows)
        return self._classify(x, None) if tokens.patches else self.head(x[:, 0])

    @property
    def patches(self) -> int:
        """N0, the number of patches."""
        return self.config.grid**2


def value_scores(facts: AttentionFacts) -> Tensor:
    """ATS's score of each patch token, [B, N]: what the class token attends to it, summed over heads, times
    the norm of its value over all heads; they add up to 1."""
    assert facts.values is not None
    patches = facts.importance.shape[1]
    norms = facts.values[:, :, -patches:].square().sum(dim=(1, 3)).sqrt()
    # The mean over heads in place of the sum is a factor, which the division takes out.
    scores = facts.importance * norms
    return scores / scores.sum(dim=1, keepdim=True)
