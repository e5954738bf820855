"""Tensors of NumPy and PyTorch, as the C library takes them."""

from __future__ import annotations

import ctypes
import os
from ctypes import c_int64
from typing import Any, List, Mapping, Optional, Tuple

import numpy as np

from ._errors import argument
from ._library import Interrupts, ReadTensor, Tensor, vitc

#: vitc.h's numbers of types, by NumPy's and PyTorch's names.
_TYPES = {
    name: number for number, name in enumerate((
        "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
        "uint8", "bool"))}


def _type(tensor: Any, name: str) -> int:
    kind = str(tensor.dtype).replace("torch.", "")
    # NumPy has the order of bytes in the names of foreign types.
    kind = getattr(tensor.dtype, "name", kind)
    if kind not in _TYPES:
        raise argument(name, f"a tensor of {', '.join(_TYPES)}", kind)
    return _TYPES[kind]


def _dense(tensor: Any, name: str) -> Tuple[Any, int]:
    """The tensor in C order and little-endian, in this process's memory, and where its bytes begin."""
    if isinstance(tensor, np.ndarray) or np.isscalar(tensor):
        array = np.asarray(tensor)
        dense = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
        return dense, dense.ctypes.data
    if getattr(tensor, "is_meta", False) or getattr(tensor, "layout", None) is None \
            or str(tensor.layout) != "torch.strided" or getattr(tensor, "is_quantized", False):
        raise argument(name, "a dense tensor of NumPy or PyTorch with its values", type(tensor).__name__)
    try:
        dense = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        start, storage = dense.data_ptr(), dense.untyped_storage()
        bytes_there = storage.nbytes() if storage.data_ptr() else 0
    except (NotImplementedError, RuntimeError) as error:
        raise argument(name, "a dense tensor of NumPy or PyTorch with its values", str(error).splitlines()[0]) from None
    # Fake tensors have no values, and those whose storage was freed have none any more.
    needed = (dense.storage_offset() + dense.numel()) * dense.element_size()
    if dense.numel() and (not start or bytes_there < needed):
        raise argument(
            name, f"a dense tensor with the {needed} bytes of its values", f"{bytes_there}, {type(dense).__name__}")
    return dense, start


def convert_tensors(name: str, tensors: Mapping[str, Any], path: bytes, options: Optional[bytes]) -> str:
    """Hands tensors over one by one.

    :return: the report.
    """
    names: List[str] = list(tensors)
    entries, owners = (Tensor * (len(names) + 1))(), []
    for index, key in enumerate(names):
        tensor = tensors[key]
        try:
            encoded = key.encode("utf-8")
        except (AttributeError, UnicodeEncodeError):
            encoded = b"\0"
        if b"\0" in encoded:
            raise argument("source", "names that are texts", repr(key))
        if not hasattr(tensor, "dtype") or not hasattr(tensor, "shape"):
            raise argument(key, "a tensor of NumPy or PyTorch", type(tensor).__name__)
        extents = (c_int64 * max(1, len(tensor.shape)))(*tensor.shape)
        owners.append((extents, encoded))
        entries[index] = Tensor(encoded, _type(tensor, key), len(tensor.shape), extents)
    raised: List[BaseException] = []
    finished = 0

    def read(_context, index, target, count):
        nonlocal finished
        try:
            if interrupts.asked:
                return 1
            key = names[index]
            dense, start = _dense(tensors[key], key)
            if dense.nbytes != count:
                raise argument(key, f"{count} bytes", f"{dense.nbytes}")
            ctypes.memmove(target, start, count)
            finished += 1
            return 0
        except BaseException as error:  # ctypes would print it and go on.
            raised.append(error)
            return 1

    try:
        with Interrupts() as interrupts:
            report = vitc.text(
                vitc.convert_tensors, name.encode(), entries, len(names), ReadTensor(read), None, path, options)
    except Exception:
        if raised:
            raise raised[0] from None
        raise
    if finished < len(names):
        # What a handler of the program's own raises where `read` begins, ctypes prints, and takes the tensor for read.
        os.unlink(path)
        raise RuntimeError(f"the handler of a signal raised while tensors were read: {len(names) - finished} are missing")
    return report
