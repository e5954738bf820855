"""The methods that the paper compares with, as their authors' code computes at inference.

One class a method, on the weights that its authors release. `load_method` makes one of a checkpoint and of
a configuration whose `token_reduction` says what the weights do not: `method`, and the arguments of that
class. Blocks are counted from 0. Of equal scores the token of the lower index comes first.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..checkpoint import config_of, read_state
from .asvit import ASViT
from .ats import ATS
from .avit import AViT
from .dynamicvit import DynamicViT
from .evit import EViT
from .evovit import EvoViT
from .method import KeptTokens, ReducedViT
from .ppt import PPT
from .spvit import SPViT

METHODS: dict[str, type[ReducedViT]] = {
    "evit": EViT,
    "dynamicvit": DynamicViT,
    "evovit": EvoViT,
    "ppt": PPT,
    "avit": AViT,
    "asvit": ASViT,
    "spvit": SPViT,
    "ats": ATS,
}


def load_method(path: Path, description: Path) -> ReducedViT:
    """A model in evaluation mode; every tensor of the checkpoint must be the model's, and the other way
    around."""
    parsed = json.loads(description.read_text())
    settings = dict(parsed["token_reduction"])
    method = METHODS[settings.pop("method")]
    state = method.rename(read_state(path))
    model = method(config_of(state, parsed), **settings)
    model.load_state_dict(state)
    return model.eval()


__all__ = ["METHODS", "KeptTokens", "ReducedViT", "load_method"]
