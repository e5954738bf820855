"""What models of timm and transformers say of themselves, without either of them being imported."""

from __future__ import annotations

import copy
import functools
import json
import sys
from typing import Any, Dict, Mapping, Tuple

from ._errors import argument
from ._timm import timm_options
from ._twins import check, title, unsupported

#: transformers' ways to compute attention that differ in speed alone.
_ATTENTION = {"eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"}


def describe(model: Any) -> Tuple[str, Mapping[str, Any], Dict[str, Any]]:
    """A model's name, its state dict, and options of ``convert`` that it decides."""
    if not hasattr(model, "state_dict"):
        raise argument(
            "source", "a path, a state dict, or a model of timm or transformers", type(model).__name__)
    homes = {kind.__module__.split(".")[0] for kind in type(model).__mro__}
    name = type(model).__name__
    if "transformers" in homes:
        return name, model.state_dict(), {"config": _transformers_config(model)}
    if "timm" in homes:
        return name, model.state_dict(), timm_options(model)
    raise argument("source", "a model of timm or transformers, or a state dict with its config", name)


def _transformers_config(model: Any) -> Dict[str, Any]:
    """What ``save_pretrained`` writes as config.json, which is all that the model computes."""
    name = type(model).__name__
    if type(model).__module__.split(".")[0] != "transformers":
        raise unsupported(name, "class", "one of transformers itself", title(type(model)))
    attention = getattr(model.config, "_attn_implementation", None)
    if attention is not None and attention not in _ATTENTION:
        raise unsupported(name, "attn_implementation", ", ".join(sorted(_ATTENTION)), str(attention))
    try:
        config = json.loads(model.config.to_json_string(use_diff=True))
    except TypeError as error:
        raise unsupported(name, "config", "values that JSON has", str(error)) from error
    check(name, model, functools.partial(_build, model))
    config["architectures"] = [name]
    return config


def _build(model: Any) -> Any:
    """A model without values, of the same configuration."""
    with sys.modules["torch"].device("meta"):
        return type(model)(copy.deepcopy(model.config))
