"""The hash behind the `random` similarity."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_MASK = (1 << 64) - 1


def splitmix64(key: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64, on uint64."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def random_target(seed: int, block: int, patch: Tensor, kept: int) -> Tensor:
    """Which of `kept` tokens, in their order, each unimportant token joins.

    `patch` holds original patch indices, `block` counts from 0. Modulo 2^64,

        key    = seed * 0x9E3779B97F4A7C15 + block * 0xBF58476D1CE4E5B9
                 + (patch + 1) * 0x94D049BB133111EB
        target = splitmix64 finaliser of key, modulo kept
    """
    start = (seed * 0x9E3779B97F4A7C15 + block * 0xBF58476D1CE4E5B9) & _MASK
    index = (patch.cpu().numpy() + 1).astype(np.uint64)
    with np.errstate(over="ignore"):
        key = np.uint64(start) + index * np.uint64(0x94D049BB133111EB)
        target = splitmix64(key) % np.uint64(kept)
    return torch.from_numpy(target.astype(np.int64)).to(patch.device)
