"""Whether a model computes what its arguments say: a new one of the same arguments, its twin, is compared with it, module
by module.

A model's modules can be changed after it is built, and no tensor shows that. What differs from the twin and is not known to
leave the output as it is, is an error.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, Dict, Iterator, Tuple

from ._errors import Unsupported

#: Modules that give what they get, but for training.
_IDLE = {"Identity", "Dropout", "DropPath", "PatchDropout"}

#: Classes that compute the same.
_ALIKE = {
    "timm.layers.norm.LayerNorm": "torch.nn.modules.normalization.LayerNorm",
    "timm.layers.norm.LayerNormFp32": "torch.nn.modules.normalization.LayerNorm"}

#: What leaves the output of a trained model as it is.
_NO_EFFECT = {
    # Shares that training drops; whether an activation reuses memory.
    "p", "drop_prob", "scale_by_keep", "dropout_prob", "attention_dropout", "dropout", "drop_rate", "inplace",
    # Other ways to compute the same.
    "fused_attn", "_fast_norm", "grad_checkpointing", "gradient_checkpointing", "_gradient_checkpointing_func",
    "_compiled_call_impl",
    # How training starts and goes on.
    "weight_init_mode", "fix_init", "init_values", "distilled_training",
    # Images have the model's size.
    "strict_img_size",
    # Where a model comes from, what others read of it.
    "pretrained_cfg", "default_cfg", "_model_args", "pretrained_model_args", "feature_info", "name_or_path",
    "warnings_issued", "generation_config", "all_tied_weights_keys", "_loss_function", "loss_type", "model_tags",
    "_is_hf_initialized", "_hf_peft_config_loaded", "_keep_in_fp32_modules", "_keep_in_fp32_modules_strict",
    "_no_split_modules", "_tp_plan", "_ep_plan", "_pp_plan", "_tp_size", "_device_mesh"}

#: What is called around a module's own function.
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks", "_state_dict_pre_hooks")


def unsupported(name: str, field: str, expected: str, found: str) -> Unsupported:
    """Something of a model that its weights and arguments do not say."""
    return Unsupported(
        f"{name}: {field}: expected {expected}, found {found}", file=name, field=field, expected=expected, found=found)


def check(name: str, model: Any, build: Callable[[], Any]) -> None:
    """Raises what a model does otherwise than its twin.

    :param build: makes the twin; its weights are not looked at.
    """
    torch = sys.modules["torch"]
    try:
        # What the user draws afterwards stays what it would have been.
        with torch.random.fork_rng(devices=[]):
            twin = build()
    except Exception as error:
        raise unsupported(
            name, "class", "one that its own arguments build", f"{type(error).__name__}: {error}") from error
    _compare(name, "", model, twin, set(vars(torch.nn.Module())))


def title(kind: type) -> str:
    """A class by its full name."""
    return "none" if kind is type(None) else f"{kind.__module__}.{kind.__qualname__}"


def is_alike(kind: type, other: type) -> bool:
    """Whether modules of two classes with the same attributes compute the same."""
    names = [_ALIKE.get(title(each), title(each)) for each in (kind, other)]
    return kind is other or names[0] == names[1] and names[0] in _ALIKE.values()


def _compare(name: str, path: str, module: Any, twin: Any, inner: set) -> None:
    def fail(field: str, expected: Any, found: Any) -> Unsupported:
        return unsupported(name, (path + field).rstrip("."), _words(expected), _words(found))

    kind = type(module)
    for hooks in _HOOKS:
        if len(getattr(module, hooks, ())) != len(getattr(twin, hooks, ())):
            raise fail(hooks, f"{len(getattr(twin, hooks, ()))}", f"{len(getattr(module, hooks, ()))}")
    mine, its = _attributes(module, inner), _attributes(twin, inner)
    for field in sorted(set(mine) - set(its)):
        # Classes read what they have set. What they do not know changes nothing, unless it hides something of theirs.
        if hasattr(kind, field) and mine[field] is not None and not _is_same(mine[field], getattr(kind, field)):
            raise fail(field, "what its class has", mine[field])
    if _is_idle(kind) and _is_idle(type(twin)):
        return
    if not is_alike(kind, type(twin)):
        raise fail("", title(type(twin)), title(kind))
    for field, expected in sorted(its.items()):
        found = mine.get(field)
        if not _is_same(found, expected):
            raise fail(field, expected, found)
    for tensors in ("_parameters", "_buffers"):
        shapes, expected_shapes = _shapes(module, tensors), _shapes(twin, tensors)
        for field in sorted(set(shapes) | set(expected_shapes)):
            if shapes.get(field) != expected_shapes.get(field):
                raise fail(field, expected_shapes.get(field), shapes.get(field))
    for field in sorted(module._non_persistent_buffers_set):
        found, expected = getattr(module, field), getattr(twin, field)
        if not expected.is_meta:
            if not sys.modules["torch"].allclose(found.cpu().double(), expected.to(found.dtype).double(), atol=1e-6):
                raise fail(field, "what its class computes, as no state dict has this buffer", "others")
        elif field == "k_bias" and bool(found.any()):
            raise fail(field, "zeros, as no state dict has this buffer", "others")
        elif field != "k_bias" and not _is_count(found):
            raise fail(field, "positions numbered from 0, as no state dict has this buffer", "others")
    children, twins = dict(_children(module)), dict(_children(twin))
    for field in sorted(set(children) ^ set(twins)):
        raise fail(field, *(title(type(of[field])) if field in of else None for of in (twins, children)))
    if isinstance(module, sys.modules["torch"].nn.Sequential) and list(children) != list(twins):
        raise fail("order", ", ".join(twins), ", ".join(children))
    for field, child in children.items():
        _compare(name, f"{path}{field}.", child, twins[field], inner)


def _attributes(module: Any, inner: set) -> Dict[str, Any]:
    def own(value: Any) -> Any:
        # Methods are the same where each is its own module's.
        return value.__func__ if getattr(value, "__self__", None) is module else value

    return {
        field: own(value) for field, value in vars(module).items() if field not in inner and field not in _NO_EFFECT}


def _children(module: Any) -> Iterator[Tuple[str, Any]]:
    return ((field, child) for field, child in module._modules.items() if child is not None)


def _shapes(module: Any, tensors: str) -> Dict[str, Tuple[int, ...]]:
    return {field: tuple(tensor.shape) for field, tensor in getattr(module, tensors).items() if tensor is not None}


def _is_idle(kind: type) -> bool:
    return kind.__name__ in _IDLE and kind.__module__.split(".")[0] in ("torch", "timm", "transformers")


def _is_count(tensor: Any) -> bool:
    """Whether it numbers positions, as non-persistent buffers do. No state dict has these."""
    flat = tensor.detach().cpu().flatten().tolist()
    return flat == list(range(len(flat)))


def _is_same(found: Any, expected: Any) -> bool:
    if isinstance(expected, functools.partial) and isinstance(found, functools.partial):
        return all(_is_same(getattr(found, part), getattr(expected, part)) for part in ("func", "args", "keywords"))
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    if hasattr(expected, "to_dict") and type(found) is type(expected):
        return found.to_dict() == expected.to_dict()
    try:
        return bool(found == expected)
    except (TypeError, ValueError, RuntimeError):
        return False


def _words(value: Any) -> str:
    if value is None or isinstance(value, (str, bool, int, float, tuple, list, dict)):
        return "none" if value is None else str(value)
    # Some describe all that they hold, over many lines.
    return f"a {title(type(value))}"
