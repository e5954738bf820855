"""The C libraries, by ctypes: what vitc.h and vitrun.h declare, and errors as exceptions.

ctypes lets other threads run Python while a function is at work.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import threading
from collections import deque
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Callable, Optional

from ._errors import KINDS, argument

ABI_VERSION = 1


class Error(ctypes.Structure):
    """vitc_error and vitrun_error."""

    _fields_ = [("kind", c_int32), *[
        (name, c_char_p) for name in ("file", "option", "field", "expected", "found", "message")]]


class Tensor(ctypes.Structure):
    """vitc_tensor."""

    _fields_ = [("name", c_char_p), ("type", c_int32), ("rank", c_int32), ("extents", POINTER(c_int64))]


class PlanInfo(ctypes.Structure):
    """vitrun_plan_info."""

    _fields_ = [
        *[(name, c_int64) for name in ("height", "width", "classes", "features", "labels", "patches")],
        ("sigmoid", c_int32), ("combined", c_int32)]


class Image(ctypes.Structure):
    """vitrun_image."""

    _fields_ = [
        ("form", c_int32), ("name", c_char_p), ("data", c_void_p),
        *[(name, c_size_t) for name in ("count", "width", "height", "row_bytes")]]


class ClassEntry(ctypes.Structure):
    """vitrun_class."""

    _fields_ = [("index", c_int64), ("probability", c_double)]


IMAGE_FILE, IMAGE_ENCODED, IMAGE_RGB = 0, 1, 2
LOGITS, FEATURES = 1, 2

ReadTensor = ctypes.CFUNCTYPE(c_int32, c_void_p, c_size_t, c_void_p, c_size_t)
SearchProgress = ctypes.CFUNCTYPE(c_int32, c_void_p, c_int64, c_int64, c_double, c_double)

# Texts that are given back are pointers: ctypes would make bytes of c_char_p and lose where they were.
_text = POINTER(c_void_p)
_FUNCTIONS = {
    "vitc": {
        "free": [c_void_p],
        "convert": [c_char_p, c_char_p, c_char_p, _text],
        "convert_tensors": [c_char_p, POINTER(Tensor), c_size_t, ReadTensor, c_void_p, c_char_p, c_char_p, _text],
        "rewrite": [c_char_p, c_char_p, c_char_p, _text],
        "quantize": [c_char_p, c_char_p, c_char_p, _text],
        "search": [c_char_p, c_char_p, c_char_p, c_char_p, SearchProgress, c_void_p, _text],
        "export": [c_char_p, c_char_p, c_char_p, _text],
        "inspect": [c_char_p, c_char_p, _text],
        "verify": [c_char_p],
    },
    "vitrun": {
        "free": [c_void_p],
        "plan_open": [c_char_p, c_char_p, POINTER(c_uint64)],
        "plan_open_memory": [c_void_p, c_size_t, c_char_p, POINTER(c_uint64)],
        "plan_close": [c_uint64],
        "plan_get_info": [c_uint64, POINTER(PlanInfo)],
        "plan_label": [c_uint64, c_int64, _text],
        "plan_inspect": [c_uint64, _text],
        "session_open": [c_uint64, c_char_p, POINTER(c_uint64)],
        "session_close": [c_uint64],
        "session_run": [c_uint64, c_void_p, c_size_t, c_int32, POINTER(c_uint64)],
        "session_run_values": [
            c_uint64, c_void_p, c_size_t, c_int32, c_void_p, c_size_t, POINTER(c_size_t)],
        "session_run_images": [c_uint64, POINTER(Image), c_size_t, c_int32, POINTER(c_uint64)],
        "result_images": [c_uint64, POINTER(c_size_t)],
        "result_values": [c_uint64, c_size_t, c_int32, c_void_p, c_size_t, POINTER(c_size_t)],
        "result_top": [c_uint64, c_size_t, POINTER(ClassEntry), c_size_t, POINTER(c_size_t)],
        "result_stages": [c_uint64, c_size_t, _text],
        "result_is_fallback": [c_uint64, c_size_t, POINTER(c_int32)],
        "result_close": [c_uint64],
    },
}


class Library:
    """One of the libraries. Its functions are attributes without the prefix, which raise what they report."""

    def __init__(self, name: str) -> None:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", f"lib{name}.so.0")
        loaded = ctypes.CDLL(path)
        self._last_error = getattr(loaded, f"{name}_last_error")
        self._last_error.restype = POINTER(Error)
        self._last_error.argtypes = []
        abi = getattr(loaded, f"{name}_abi_version")
        if abi() != ABI_VERSION:
            raise ImportError(f"{path}: expected version {ABI_VERSION} of its functions, found {abi()}")
        self._version = getattr(loaded, f"{name}_version")
        self._version.restype = c_char_p
        self._thread = threading.local()
        self._late: deque = deque()
        for function, types in _FUNCTIONS[name].items():
            found = getattr(loaded, f"{name}_{function}")
            found.argtypes, found.restype = types, c_int32
            setattr(self, function, self._raising(found))
        self._free = getattr(loaded, f"{name}_free")

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Callable[..., None]: ...

    def version(self) -> str:
        return self._version().decode()

    def _raising(self, function):
        def call(*arguments):
            if self._late:
                self._close_late()
            self._thread.is_inside = True
            try:
                status = function(*arguments)
                error = self._error(status) if status else None
            finally:
                self._thread.is_inside = False
            if error is not None:
                raise error

        return call

    def _error(self, status: int):
        last = self._last_error()[0]
        text = {name: (getattr(last, name) or b"").decode("utf-8", "replace")
                for name in ("field", "expected", "found", "message")}
        return KINDS[status](
            text.pop("message"), file=os.fsdecode(last.file) if last.file is not None else None,
            option=last.option.decode() if last.option is not None else None, **text)

    def close_unused(self, close, handle: int) -> None:
        """Closes what nobody refers to any more. Python may come to that at any moment, between a call and the look at
        its error too: then it is left for the next call."""
        if getattr(self._thread, "is_inside", False):
            self._late.append((close, handle))
        else:
            close(handle)

    def _close_late(self) -> None:
        # Closing is a call too, which would come here again.
        if getattr(self._thread, "is_closing", False):
            return
        self._thread.is_closing = True
        try:
            while self._late:
                close, handle = self._late.popleft()
                close(handle)
        except IndexError:
            pass  # Another thread was quicker.
        finally:
            self._thread.is_closing = False

    def text(self, function, *arguments) -> str:
        """Calls a function that gives a text in its last argument."""
        text = c_void_p()
        function(*arguments, ctypes.byref(text))
        try:
            return ctypes.string_at(text.value or 0).decode("utf-8", "replace")
        finally:
            self._free(text)


class Interrupts:
    """Ctrl-C while a function calls Python back. Python would raise it where such a callback begins, and ctypes would print
    it and go on as if the callback had done its work: so it is only noted, callbacks look at :attr:`asked`, and it is
    raised at the end. A handler that the program has of its own stays."""

    #: Whether the function has to end.
    asked = False

    def __enter__(self) -> "Interrupts":
        self._is_noted = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        if self._is_noted:
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, *_: Any) -> None:
        self.asked = True

    def __exit__(self, *_: Any) -> None:
        if self._is_noted:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.asked:
            raise KeyboardInterrupt from None


vitc = Library("vitc")
vitrun = Library("vitrun")


def version() -> str:
    """The version of the libraries."""
    return vitrun.version()


def path_bytes(path: Any, name: str) -> bytes:
    """A path as the system has it."""
    try:
        encoded = os.fsencode(path)
    except TypeError:
        raise argument(name, "a path", type(path).__name__) from None
    except UnicodeEncodeError:
        raise argument(name, "a path", "half a surrogate pair in it") from None
    if b"\0" in encoded:
        raise argument(name, "a path", "one that holds a zero")
    return encoded


def options_bytes(options: dict) -> Optional[bytes]:
    """Options as JSON, without those that are None."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return json.dumps(given, allow_nan=False, default=_plain).encode("utf-8") if given else None
    except (TypeError, ValueError) as error:
        raise argument("options", "values that JSON has", str(error)) from None


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, and paths, as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a value of type {type(value).__name__}")
