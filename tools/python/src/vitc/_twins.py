"""Whether a model computes what its arguments say: a new one of the same arguments, its twin, is compared with it, module
by module.

A model's modules can be changed after it is built, and no tensor shows that. What differs from the twin and is not
known to leave the output as it is, is an error. So is what would change the twin as well: hooks for all modules, and
classes that are not as their packages define them.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from typing import Any, Callable, Dict, Iterator, Tuple

from ._errors import Unsupported
from ._origins import changed_function, changed_member, title

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
    # How training starts and goes on.
    "weight_init_mode", "fix_init", "init_values", "distilled_training",
    # Images have the model's size.
    "strict_img_size",
    # Where a model comes from, what others read of it.
    "pretrained_cfg", "default_cfg", "_model_args", "pretrained_model_args", "feature_info", "name_or_path",
    "warnings_issued", "generation_config", "all_tied_weights_keys", "_loss_function", "loss_type", "model_tags",
    "_is_hf_initialized", "_hf_peft_config_loaded", "_keep_in_fp32_modules", "_keep_in_fp32_modules_strict",
    "_no_split_modules", "_tp_plan", "_ep_plan", "_pp_plan", "_tp_size", "_device_mesh"}

#: Hooks are all threads', and one of them is in use while a twin is built.
_BUILDS = threading.Lock()

#: What is called around a module's own function.
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks", "_state_dict_pre_hooks")


def unsupported(name: str, field: str, expected: str, found: str) -> Unsupported:
    """Something of a model that its weights and arguments do not say."""
    return Unsupported(
        f"{name}: {field}: expected {expected}, found {found}", file=name, field=field, expected=expected, found=found)


def check(name: str, model: Any, build: Callable[[], Any]) -> None:
    """Raises what a model does otherwise than its twin.

    :param build: makes the twin; its parameters are not looked at.
    """
    torch = sys.modules["torch"]
    with _BUILDS:
        _check_global_hooks(name)
        try:
            # What the user draws afterwards stays what it would have been.
            with torch.random.fork_rng(devices=[]), _layers_without_values():
                twin = build()
        except Exception as error:
            raise unsupported(
                name, "class", "one that its own arguments build", f"{type(error).__name__}: {error}") from error
    _compare(name, "", model, twin, set(vars(torch.nn.Module())))
    changed = changed_function({type(module) for module in model.modules()})
    if changed:
        raise unsupported(name, *changed)


def _check_global_hooks(name: str) -> None:
    """Raises what is called around the functions of all modules. Backward hooks see gradients alone."""
    for field, hooks in vars(sys.modules["torch.nn.modules.module"]).items():
        if field.startswith("_global_") and "backward" not in field and hooks:
            raise unsupported(name, f"torch.nn.modules.module.{field}", "no hooks", str(len(hooks)))


@contextlib.contextmanager
def _layers_without_values() -> Iterator[None]:
    """Layers of torch's own that this thread builds get parameters without values, which take no memory. The rest is
    small, and buffers, which no state dict may have, are computed.
    """
    torch, builder = sys.modules["torch"], threading.get_ident()

    def drop(module: Any, _name: str, parameter: Any) -> Any:
        if threading.get_ident() != builder or parameter is None or parameter.is_meta:
            return None
        if type(module).__module__.split(".")[0] != "torch":
            return None
        return torch.nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)

    hook = torch.nn.modules.module.register_module_parameter_registration_hook(drop)
    try:
        yield
    finally:
        hook.remove()


def is_alike(kind: type, other: type) -> bool:
    """Whether modules of two classes with the same attributes compute the same."""
    names = [_ALIKE.get(title(each), title(each)) for each in (kind, other)]
    return kind is other or names[0] == names[1] and names[0] in _ALIKE.values()


def _compare(name: str, path: str, module: Any, twin: Any, inner: set) -> None:
    def fail(field: str, expected: Any, found: Any) -> Unsupported:
        return unsupported(name, (path + field).rstrip("."), _words(expected), _words(found))

    kind = type(module)
    is_idle = _is_idle(kind) and _is_idle(type(twin))
    if not is_idle and not is_alike(kind, type(twin)):
        raise fail("", title(type(twin)), title(kind))
    changed = changed_member(kind)
    if changed:
        raise fail(*changed)
    for hooks in _HOOKS:
        if len(getattr(module, hooks, ())) != len(getattr(twin, hooks, ())):
            raise fail(hooks, f"{len(getattr(twin, hooks, ()))}", f"{len(getattr(module, hooks, ()))}")
    mine, its = _attributes(module, inner), _attributes(twin, inner)
    for field in sorted(set(mine) - set(its)):
        # Classes read what they have set. What they do not know changes nothing, unless it hides something of theirs.
        if hasattr(kind, field) and mine[field] is not None and not _is_same(mine[field], getattr(kind, field)):
            raise fail(field, "what its class has", mine[field])
    if is_idle:
        return
    for field, expected in sorted(its.items()):
        found = mine.get(field)
        if not _is_same(found, expected):
            raise fail(field, expected, found)
    for tensors in ("_parameters", "_buffers"):
        shapes, expected_shapes = _shapes(module, tensors), _shapes(twin, tensors)
        for field in sorted(set(shapes) | set(expected_shapes)):
            if shapes.get(field) != expected_shapes.get(field):
                raise fail(field, expected_shapes.get(field), shapes.get(field))
            kind_of_tensor = type(getattr(module, tensors)[field])
            if kind_of_tensor not in (sys.modules["torch"].Tensor, sys.modules["torch"].nn.Parameter):
                # Classes of their own may compute otherwise than their values say.
                raise fail(field, "a torch.Tensor or a torch.nn.Parameter", title(kind_of_tensor))
    for field in sorted(module._non_persistent_buffers_set):
        if not _has_values(getattr(module, field), getattr(twin, field)):
            raise fail(field, "what its class computes, as no state dict has this buffer", "others")
    children, twins = dict(_children(module)), dict(_children(twin))
    for field in sorted(set(children) ^ set(twins)):
        raise fail(field, *(title(type(of[field])) if field in of else None for of in (twins, children)))
    if list(children) != list(twins):
        # Some modules call their children in this order.
        raise fail("order", ", ".join(twins), ", ".join(children))
    for field, child in children.items():
        _compare(name, f"{path}{field}.", child, twins[field], inner)


def _attributes(module: Any, inner: set) -> Dict[str, Any]:
    def own(value: Any) -> Any:
        # Methods are the same where each is its own module's.
        return value.__func__ if getattr(value, "__self__", None) is module else value

    return {
        field: own(value) for field, value in vars(module).items()
        if field not in inner and field not in _NO_EFFECT
        and not (field == "_compiled_call_impl" and _is_compiled_call(module, value))}


def _children(module: Any) -> Iterator[Tuple[str, Any]]:
    return ((field, child) for field, child in module._modules.items() if child is not None)


def _shapes(module: Any, tensors: str) -> Dict[str, Tuple[int, ...]]:
    return {field: tuple(tensor.shape) for field, tensor in getattr(module, tensors).items() if tensor is not None}


def _is_idle(kind: type) -> bool:
    return kind.__name__ in _IDLE and kind.__module__.split(".")[0] in ("torch", "timm", "transformers")


def _is_compiled_call(module: Any, value: Any) -> bool:
    """Whether it is what ``module.compile()`` sets: the module's own call, compiled."""
    if getattr(value, "__globals__", {}).get("__name__") != "torch._dynamo.eval_frame":
        return False
    call = getattr(value, "_torchdynamo_orig_callable", None)
    call = getattr(call, "__wrapped__", call)
    return getattr(call, "__self__", None) is module and call.__func__ is sys.modules["torch"].nn.Module._call_impl


def _has_values(found: Any, expected: Any) -> bool:
    """Whether a buffer has another's values, in its own precision."""
    if found is None or expected is None:
        return found is expected
    if found.is_meta or expected.is_meta:
        return False
    return sys.modules["torch"].allclose(found.cpu().double(), expected.to(found.dtype).double(), atol=1e-6)


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
