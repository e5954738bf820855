"""What models of timm and transformers, and image processors, say of themselves, without importing either package."""

from __future__ import annotations

import copy
import functools
import json
import sys
import types
from typing import Any, Dict, Mapping, Tuple

from ._errors import argument
from ._origins import changed_function, changed_member, is_foreign, title
from ._timm import timm_options
from ._twins import check, unsupported

#: transformers' ways to compute attention that differ in speed alone.
_ATTENTION = {"eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"}

#: Classes of which the tensors say, and no configuration, whether they have their pooling layer.
_POOLED = {"ViTModel", "DeiTModel", "BeitModel", "Data2VecVisionModel"}


def describe(model: Any) -> Tuple[str, Mapping[str, Any], Dict[str, Any]]:
    """A model's name, its state dict, and options of ``convert`` that it decides."""
    if not hasattr(model, "state_dict"):
        raise argument(
            "source", "a path, a state dict, or a model of timm or transformers", type(model).__name__)
    homes = {kind.__module__.split(".")[0] for kind in type(model).__mro__}
    name = type(model).__name__
    for path, module in model.named_modules() if hasattr(model, "named_modules") else ():
        if type(module).__module__.split(".")[0] == "peft":
            raise unsupported(
                name, path or "class",
                "a model without adapters, as merge_and_unload() of peft makes of one that has them",
                title(type(module)))
    if "transformers" in homes:
        return name, model.state_dict(), {"config": _transformers_config(model)}
    if "timm" in homes:
        return name, model.state_dict(), timm_options(model)
    raise argument("source", "a model of timm or transformers, or a state dict with its config", name)


def describe_processor(processor: Any) -> Mapping[str, Any]:
    """What ``save_pretrained`` writes as preprocessor_config.json, which is all that an image processor does."""
    kind = type(processor)
    if kind.__module__.split(".")[0] != "transformers":
        raise argument("preprocessor", "an image processor of transformers itself", title(kind))
    changed = changed_member(kind) or changed_function({kind})
    if changed:
        raise argument(f"preprocessor.{changed[0]}", *changed[1:])
    for field, value in vars(processor).items():
        if isinstance(value, (types.FunctionType, types.MethodType, functools.partial)):
            raise argument(f"preprocessor.{field}", f"what {title(kind)} defines", f"a {title(type(value))}")
    return json.loads(json.dumps(processor.to_dict(), default=str))


def _transformers_config(model: Any) -> Dict[str, Any]:
    """What ``save_pretrained`` writes as config.json, which is all that the model computes."""
    name = type(model).__name__
    if type(model).__module__.split(".")[0] != "transformers":
        raise unsupported(name, "class", "one of transformers itself", title(type(model)))
    _check_attention(name, model)
    try:
        config = json.loads(model.config.to_json_string(use_diff=True))
    except TypeError as error:
        raise unsupported(name, "config", "values that JSON has", str(error)) from error
    check(name, model, functools.partial(_build, model))
    config["architectures"] = [name]
    return config


def _check_attention(name: str, model: Any) -> None:
    """Raises where attention is computed by a function that transformers does not have; parts have configurations of
    their own.
    """
    functions = getattr(sys.modules["transformers.modeling_utils"], "ALL_ATTENTION_FUNCTIONS", {})
    for module in model.modules():
        attention = getattr(getattr(module, "config", None), "_attn_implementation", None)
        if attention is not None and attention not in _ATTENTION:
            raise unsupported(name, "attn_implementation", ", ".join(sorted(_ATTENTION)), str(attention))
        if attention in functions and is_foreign(functions[attention]):
            raise unsupported(
                name, "attn_implementation", "a function of transformers", f"another by the name {attention}")


def _build(model: Any) -> Any:
    """A model of the same configuration."""
    arguments: Dict[str, Any] = {}
    if type(model).__name__ in _POOLED:
        arguments["add_pooling_layer"] = model.pooler is not None
    return type(model)(copy.deepcopy(model.config), **arguments)
