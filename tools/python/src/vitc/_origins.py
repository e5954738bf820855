"""Whether classes are as their packages define them.

A function that was put in the place of one of theirs changes what all their instances do, those too that are built to
be compared.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from typing import Any, Iterable, Iterator, List, Optional, Tuple

#: Where what models do is defined, and what is used there.
_PACKAGES = {
    "torch", "timm", "transformers", "torchvision", "huggingface_hub", "safetensors", "tokenizers", "accelerate", "numpy",
    "scipy", "einops", "PIL", "packaging", "typing_extensions", "tqdm", "regex", "requests", "httpx", "filelock", "yaml",
    # Of Python's own those that versions before 3.10 do not list.
    "abc", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "inspect", "itertools", "json",
    "logging", "math", "operator", "os", "pathlib", "re", "typing", "uuid", "warnings", "zipfile",
    *getattr(sys, "stdlib_module_names", ())} - {"__main__"}

#: What transformers adds to torch's modules.
_ADDED = {"smart_apply"}

#: Modules of classes that nobody can change, or whose changes no model sees.
_BUILT_IN = {"builtins", "typing"}

#: A place, what is expected there, and what is found.
Difference = Tuple[str, str, str]


def title(kind: type) -> str:
    """A class by its full name."""
    return "none" if kind is type(None) else f"{kind.__module__}.{kind.__qualname__}"


def changed_member(kind: type) -> Optional[Difference]:
    """What of a class, or of one that it derives from, its package has not defined."""
    for each in kind.__mro__:
        if each.__module__ in _BUILT_IN:
            continue
        if _package(each.__module__) not in _PACKAGES or _defined(each) is not each:
            return "class", f"the class that is {title(each)} in its package", "another of that name"
        for name, value in vars(each).items():
            functions = list(_functions(value))
            foreign = next((function for function in functions if not _is_theirs(function)), None)
            if foreign is None and functions and name not in _ADDED and not _is_own(functions, each):
                foreign = functions[0]
            if foreign is not None:
                return name, f"what {title(each)} defines", _words(foreign)
    return None


def changed_function(kinds: Iterable[type]) -> Optional[Difference]:
    """Which function that these classes' modules call by its name is not of a package."""
    modules = {each.__module__ for kind in kinds for each in kind.__mro__} - _BUILT_IN | {"torch.nn.functional"}
    for module in sorted(modules & sys.modules.keys()):
        for name, value in list(vars(sys.modules[module]).items()):
            if isinstance(value, types.FunctionType) and not _is_theirs(value):
                return f"{module}.{name}", "what its package defines", _words(value)
    return None


def is_foreign(value: Any) -> bool:
    """Whether something that is called is, or calls, what no package has defined."""
    return not all(map(_is_theirs, _functions(value)))


def _package(module: str) -> str:
    return module.split(".")[0]


def _defined(kind: type) -> Any:
    """What has a class's name where it says that it is defined."""
    return functools.reduce(
        lambda part, step: getattr(part, step, None), kind.__qualname__.split("."), sys.modules.get(kind.__module__))


def _functions(value: Any) -> Iterator[Any]:
    """The functions of a class's member with those that decorators have around them, and a member of another kind that
    is called or gives what is called.
    """
    left, seen = [value], set()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, (staticmethod, classmethod, types.MethodType)):
            left.append(each.__func__)
        elif isinstance(each, property):
            left += [each.fget, each.fset, each.fdel]
        elif isinstance(each, (functools.partial, functools.partialmethod, functools.cached_property)):
            left.append(each.func)
        elif isinstance(each, functools._lru_cache_wrapper):
            left.append(each.__wrapped__)
        elif isinstance(each, types.FunctionType):
            yield each
            left += [each.__dict__.get("__wrapped__"), *_enclosed(each)]
        elif each is value and not isinstance(each, type) and _package(type(each).__module__) != "builtins":
            if callable(each) or hasattr(type(each), "__get__"):
                yield each


def _enclosed(function: Any) -> List[Any]:
    """Functions that a decorator's function calls, which it often has in its closure alone."""
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:
            continue  # Nothing was assigned yet.
    return [each for each in contents if isinstance(each, (types.FunctionType, types.MethodType))]


def _is_theirs(function: Any) -> bool:
    """Whether the code of a function is that of its module's file, and the module is of a package. An object that is
    called is not: no package has such a member.
    """
    if not isinstance(function, types.FunctionType):
        return not callable(function) and _package(type(function).__module__) in _PACKAGES
    home = function.__globals__.get("__name__", "")
    if _package(home) not in _PACKAGES or getattr(sys.modules.get(home), "__dict__", None) is not function.__globals__:
        return False
    path, stem = "/" + function.__code__.co_filename.replace(os.sep, "/"), "/" + home.replace(".", "/")
    return path.endswith((f"{stem}.py", f"{stem}/__init__.py", f"/<frozen {home}>"))


def _is_own(functions: List[Any], kind: type) -> bool:
    """Whether one of these is the class's own: not another class's, nor one of another module."""
    def is_own(function: Any) -> bool:
        if not isinstance(function, types.FunctionType):
            return True
        home, name = function.__globals__["__name__"], function.__qualname__
        return home == kind.__module__ and "." not in name or any(
            home == each.__module__ and name.startswith(f"{each.__qualname__}.") for each in kind.__mro__)

    return any(map(is_own, functions))


def _words(function: Any) -> str:
    if not isinstance(function, types.FunctionType):
        return f"a {title(type(function))}"
    return f"{function.__code__.co_name} of {function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
