"""What a training checkpoint's `args` tell of a method.

The authors' scripts save their options beside the weights, and nowhere else the rates and blocks that a model
was trained for.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Mapping
from typing import Any


def token_reduction(arguments: Mapping[str, Any], names: Collection[str]) -> dict[str, Any] | None:
    """The key `token_reduction` of a configuration, as far as `arguments` tell it beside tensors of these
    names; None if they tell nothing. Blocks that no option chose are left out, as is a rate that no option
    has. Throws `ValueError` where a value is not what the method takes."""
    if any(name.startswith("score_predictor.0.") for name in names):
        # AS-ViT and SP-ViT have everything in their weights, though AS-ViT's script takes a rate.
        if "score_predictor.0.in_conv.0.weight" not in names or "base_rate" not in arguments:
            return None
        return {"method": "dynamicvit", "keep_rate": _rate(arguments, "base_rate")}
    if "gate_scale" in arguments:
        return {
            "method": "avit",
            "gate_scale": _number(arguments, "gate_scale"),
            "gate_center": _number(arguments, "gate_center"),
        }
    if "base_keep_rate" in arguments:
        return {
            "method": "evit",
            "blocks": _blocks(arguments, "drop_loc"),
            "keep_rate": _rate(arguments, "base_keep_rate"),
            "fuse": _switch(arguments, "fuse_token"),
        }
    if "pp_loc_list" in arguments:
        return {
            "method": "ppt",
            "blocks": _blocks(arguments, "pp_loc_list"),
            "remove": _count(arguments, "r_tokens"),
            "threshold": _number(arguments, "threshold"),
            "size_aware": _switch(arguments, "prop_attn"),
        }
    return None


def _refuse(name: str, expected: str, found: Any) -> ValueError:
    return ValueError(f"args.{name}: expected {expected}, found {found!r}")


def _number(arguments: Mapping[str, Any], name: str) -> float:
    value = arguments.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refuse(name, "a number", value)
    return float(value)


def _rate(arguments: Mapping[str, Any], name: str) -> float:
    value = _number(arguments, name)
    if not 0 < value <= 1:
        raise _refuse(name, "a rate in (0, 1]", value)
    return value


def _count(arguments: Mapping[str, Any], name: str) -> int:
    value = arguments.get(name)
    if type(value) is not int or value < 0:
        raise _refuse(name, "a number of tokens", value)
    return value


def _switch(arguments: Mapping[str, Any], name: str) -> bool:
    value = arguments.get(name)
    if not isinstance(value, bool):
        raise _refuse(name, "True or False", value)
    return value


def _blocks(arguments: Mapping[str, Any], name: str) -> list[int]:
    """Of a list, or of text like "(3, 6, 9)"."""
    value = arguments.get(name)
    try:
        blocks = ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        blocks = None
    if not isinstance(blocks, list | tuple) or not blocks:
        raise _refuse(name, "blocks", value)
    if any(type(block) is not int or block < 0 for block in blocks) or sorted({*blocks}) != [*blocks]:
        raise _refuse(name, "ascending blocks", value)
    return [*blocks]
