"""What a model is (`ViTConfig`) and how its tokens are reduced (`Reduction`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Family = Literal[
    "deit", "deit_distilled", "deit3", "vit", "lvvit", "dinov2", "clip", "siglip", "vit_avg",
    "qk_norm", "eva02", "dinov3", "rope", "rope_mixed", "beit", "aimv2",
]
Strategy = Literal["merge", "fuse", "drop", "tome", "weighted"]
Similarity = Literal["cosine", "l1", "l2", "attention", "random"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
SIMILARITIES: tuple[Similarity, ...] = get_args(Similarity)


@dataclass(frozen=True)
class Rotary:
    """Which angles a place in the grid has. `kind`: "cat" (places times frequencies), "dinov3" (of places from -1 to
    1) or "mixed" (frequencies are weights); `reference`: the grid that places are scaled to; `halves`: elements i and
    i + d / 2 of a head are turned together, else 2 i and 2 i + 1."""

    kind: Literal["cat", "dinov3", "mixed"]
    temperature: float
    x_first: bool = False
    halves: bool = False
    reference: int | None = None


ROTARY: dict[Family, Rotary] = {
    "eva02": Rotary("cat", 10000, reference=16),
    "dinov3": Rotary("dinov3", 100, halves=True),
    "rope": Rotary("cat", 100, x_first=True),
    "rope_mixed": Rotary("mixed", 10, x_first=True),
}


@dataclass(frozen=True)
class ViTConfig:
    """Shapes and constants of a Vision Transformer on square pictures; `classes` is 0 without a head."""

    family: Family = "deit"
    image_size: int = 224
    patch_size: int = 16
    embed_dim: int = 192
    depth: int = 12
    heads: int = 3
    classes: int = 1000
    mlp_ratio: float = 4.0
    skip_lam: float = 1.0
    stem_width: int = 64
    registers: int = 0

    @property
    def grid(self) -> int:
        """Patches along one side."""
        return self.image_size // self.patch_size

    @property
    def prefix(self) -> int:
        """Tokens in front of the patch tokens: class token, DeiT's distillation token, registers."""
        return self.class_token + (self.family == "deit_distilled") + self.registers

    @property
    def class_token(self) -> bool:
        return self.family not in ("siglip", "aimv2")

    @property
    def pooling(self) -> str:
        """What is read of the tokens behind the blocks: "token", "avg" of the patches, or "map", by
        attention of a learnt query."""
        return {"siglip": "map", "vit_avg": "avg", "eva02": "avg", "beit": "avg", "aimv2": "avg"}.get(
            self.family, "token")

    @property
    def pools_normed(self) -> bool:
        """The last norm is before the mean of the patches, and not behind it."""
        return self.family == "aimv2"

    @property
    def rotary(self) -> Rotary | None:
        return ROTARY.get(self.family)

    @property
    def has_positions(self) -> bool:
        """Whether a table of positions is added to the tokens."""
        return self.family not in ("dinov3", "rope", "rope_mixed", "beit")

    @property
    def relative(self) -> bool:
        """Whether scores of attention have a relative position bias."""
        return self.family == "beit"

    @property
    def rms_norm(self) -> bool:
        """RMSNorm in the place of LayerNorm, one of the patch embedding, and linear layers without biases."""
        return self.family == "aimv2"

    @property
    def gated(self) -> bool:
        """SwiGLU: `fc2(silu(gate) * value)` of `fc1`'s halves."""
        return self.family in ("eva02", "aimv2")

    @property
    def separate_biases(self) -> bool:
        """Queries and values have biases of their own, and keys none."""
        return self.family in ("eva02", "beit")

    @property
    def qk_norm(self) -> bool:
        return self.family == "qk_norm"

    @property
    def pre_norm(self) -> bool:
        """A norm before the blocks; the patch embedding then has no bias."""
        return self.family == "clip"

    @property
    def quick_gelu(self) -> bool:
        return self.family == "clip"

    @property
    def head_width(self) -> int:
        return self.embed_dim // self.heads

    @property
    def mlp_width(self) -> int:
        return int(self.embed_dim * self.mlp_ratio)

    @property
    def epsilon(self) -> float:
        """Of every LayerNorm."""
        return 1e-5 if self.family in ("lvvit", "clip", "dinov3", "aimv2") else 1e-6

    @property
    def qkv_bias(self) -> bool:
        return self.family not in ("lvvit", "dinov3", "aimv2")

    @property
    def layer_scale(self) -> bool:
        return self.family in ("deit3", "dinov2", "dinov3", "rope", "rope_mixed", "beit")

    @property
    def positions_cover_prefix(self) -> bool:
        """DeiT-III adds its position table before the class token is prepended, as does DINOv2 with
        registers."""
        return self.family != "deit3" and not self.registers

    @property
    def default_layers(self) -> tuple[int, ...]:
        """Blocks, from 0, that select tokens."""
        return (4, 8, 12) if self.family == "lvvit" else (3, 6, 9)


@dataclass(frozen=True)
class Reduction:
    """How a forward pass reduces tokens.

    `layers` are blocks counted from 0, ascending; `keep` has one rate for each. In their place `remove`
    has the number of tokens that are lost in each block, from the first on. `multi_scale` runs
    both scales in all blocks before `layers[0]`. A keep rate of 1 everywhere is the multi-scale
    stage alone, or nothing.
    """

    layers: tuple[int, ...] = ()
    keep: tuple[float, ...] = ()
    strategy: Strategy = "merge"
    similarity: Similarity = "cosine"
    size_aware: bool = False
    multi_scale: bool = False
    seed: int = 0
    remove: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.size_aware and self.strategy in ("fuse", "drop"):
            raise ValueError(f"{self.strategy} leaves no tokens whose sizes could count")
        if self.remove:
            if self.layers or self.keep or self.multi_scale:
                raise ValueError("tokens are removed by number or by keep rate")
            if min(self.remove) < 0:
                raise ValueError(f"no numbers of tokens to remove: {self.remove}")
            return
        if len(self.layers) != len(self.keep) or not self.layers:
            raise ValueError("one keep rate is needed for each layer")
        if list(self.layers) != sorted(set(self.layers)) or self.layers[0] < 0:
            raise ValueError(f"layers must ascend: {self.layers}")
        if not all(0 < rate <= 1 for rate in self.keep):
            raise ValueError(f"keep rates lie in (0, 1]: {self.keep}")

    @classmethod
    def uniform(cls, config: ViTConfig, keep: float, **options: object) -> Reduction:
        """One rate at the family's default layers."""
        layers = config.default_layers
        return cls(layers=layers, keep=(keep,) * len(layers), **options)  # type: ignore[arg-type]

    @property
    def carries_sizes(self) -> bool:
        """Whether tokens carry the number of patches that they stand for."""
        return self.size_aware or self.strategy in ("tome", "weighted")

    def selects(self, block: int) -> bool:
        """Whether tokens are selected in a block."""
        return block in self.layers or any(self.remove[block : block + 1])

    def tokens_behind(self, config: ViTConfig) -> list[int]:
        """How many patch tokens there are behind each block. Throws where there cannot be as many."""
        remaining, counts = config.grid**2, []
        last = max((*self.layers, *(i for i, count in enumerate(self.remove) if count)), default=-1)
        if last >= config.depth:
            raise ValueError(f"block {last + 1}: expected at most {config.depth}, the model's last")
        for block in range(config.depth):
            keep = self.kept(block, remaining)
            lost = remaining - keep
            if keep < 1:
                raise ValueError(f"block {block + 1}: expected to lose fewer than {remaining} tokens")
            most = {"tome": (remaining + 1 - config.prefix % 2) // 2, "weighted": remaining // 2}
            if lost > most.get(self.strategy, lost):
                raise ValueError(
                    f"block {block + 1}: {self.strategy} merges at most {most[self.strategy]} of "
                    f"{remaining} tokens, found {lost}"
                )
            remaining = keep + (self.strategy == "fuse" and lost > 0)
            counts.append(remaining)
        return counts

    def kept(self, block: int, patches: int) -> int:
        """How many of `patches` tokens a block keeps; of `fuse`, without the token that it adds."""
        if self.remove:
            removed = self.remove[block] if block < len(self.remove) else 0
            return patches - removed - (self.strategy == "fuse" and removed > 0)
        if block not in self.layers:
            return patches
        return kept_count(self.keep[self.layers.index(block)], patches)


def kept_count(rate: float, tokens: int) -> int:
    """K = ceil(keep * N), in double precision."""
    return min(tokens, math.ceil(rate * tokens))
