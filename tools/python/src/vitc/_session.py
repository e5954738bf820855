"""Runs plans."""

from __future__ import annotations

import json
import os
from ctypes import byref, c_size_t, c_uint64
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple, Union

import numpy as np

from ._compiler import Plan
from ._errors import VitcError, argument
from ._images import ImageArguments
from ._library import FEATURES, LOGITS, ClassEntry, PlanInfo, options_bytes, path_bytes, vitrun

_Float32 = np.dtype(np.float32)


@dataclass(frozen=True)
class Class:
    """One of the classes that an image may be of."""

    #: Its number.
    index: int
    #: Its name, or "class N" where the plan has no names.
    label: str
    #: 0 to 1.
    probability: float


@dataclass(frozen=True)
class Stage:
    """What the stages of token reduction up to one of them did to an image's patches."""

    #: The block that selected, counted from 1.
    block: int
    #: The patches, row-major, whose tokens stay.
    kept: List[int]
    #: For each patch the one whose token stands for it; None if it has none.
    owners: List[Optional[int]]


class Session:
    """A plan that is ready to run.

    May be used from several threads: batches run one after the other, and while they run other threads go on. In a
    process that was forked it raises :class:`InvalidArgument`; a session that is made there runs.

    :param plan: a path, a :class:`Plan`, or the bytes of one.
    :param batch: the most images that run at once.
    :param threads: threads to use; by default one for each processor this process may use.
    :param margin: of a combined plan: another margin, 0 to 1, below which its second program answers.
    :param exif: what is done with an image's orientation: "ignore" or "apply".
    :param max_pixels: the largest image that is decoded; 64,000,000 by default.
    :param allow_large: whether plans of more than 10^13 operations or 4 GiB of memory an image are run.
    :param mapping: False reads the file, which is safe if another program may shorten it.
    """

    _handle = 0

    def __init__(self, plan: Union[str, "os.PathLike[str]", Plan, bytes, bytearray, memoryview], *, batch: int = 1,
                 threads: Optional[int] = None, margin: Optional[float] = None, exif: str = "ignore",
                 max_pixels: Optional[int] = None, allow_large: bool = False, mapping: bool = True) -> None:
        options = options_bytes({
            "batch": batch, "threads": threads, "margin": margin, "exif": exif, "max_pixels": max_pixels,
            "allow_large": allow_large})
        handle = c_uint64()
        if isinstance(plan, (bytes, bytearray, memoryview)):
            view = memoryview(plan)
            if not view.c_contiguous or view.nbytes == 0:
                raise argument("plan", "the bytes of a plan", f"{view.nbytes} of them, or with gaps")
            data = np.frombuffer(view, np.uint8)
            vitrun.plan_open_memory(data.ctypes.data, data.size, None, byref(handle))
        else:
            path = plan.path if isinstance(plan, Plan) else plan
            vitrun.plan_open(path_bytes(path, "plan"), options_bytes({"mapping": mapping}), byref(handle))
        try:
            info = PlanInfo()
            vitrun.plan_get_info(handle, byref(info))
            #: Rows and columns of the model's image.
            self.input_size: Tuple[int, int] = (info.height, info.width)
            #: Logits of an image; 0 for a model without a classifier.
            self.classes: int = info.classes
            #: Values of an image's embedding; 0 for a model without one.
            self.features: int = info.features
            #: The classes' names; empty where the plan has none.
            self.labels: Tuple[str, ...] = tuple(
                vitrun.text(vitrun.plan_label, handle, index) for index in range(info.labels))
            inspected = json.loads(vitrun.text(vitrun.plan_inspect, handle))
            #: Channels of the model's image: 3 are R, G, B, 1 is grey; of any other number it runs arrays alone.
            self.channels: int = inspected["channels"]
            self._alpha: str = inspected["preprocess"]["alpha"]
            session = c_uint64()
            vitrun.session_open(handle, options, byref(session))
        finally:
            vitrun.plan_close(handle)
        self._handle = session.value
        #: The most images that run at once.
        self.batch = int(batch)
        self._exif = exif

    def close(self) -> None:
        """Gives the session's memory and threads back; what uses it afterwards raises :class:`InvalidArgument`."""
        handle, self._handle = self._handle, 0
        if handle:
            vitrun.session_close(handle)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        handle, self._handle = self._handle, 0
        if handle:
            vitrun.close_unused(vitrun.session_close, handle)

    def __reduce__(self):
        raise TypeError("a session cannot be sent to another process: make one there, of the same plan")

    def run(self, array: np.ndarray) -> np.ndarray:
        """The logits of prepared images, or of a model without a classifier their embeddings.

        :param array: float32, ``[images, channels, height, width]``, as :attr:`channels` and :attr:`input_size` say, at least
            one image.
        :return: float32, ``[images, classes]`` or ``[images, features]``.
        """
        shape = (self.channels, *self.input_size)
        if not isinstance(array, np.ndarray) or array.dtype != _Float32:
            found = f"{array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise argument("array", "a NumPy array of float32", found)
        if array.ndim != 4 or array.shape[1:] != shape or array.shape[0] < 1:
            words = ", ".join(map(str, shape))
            raise argument("array", f"the shape [n, {words}], n at least 1", f"{list(array.shape)}")
        array = np.ascontiguousarray(array)
        kind, size = (LOGITS, self.classes) if self.classes else (FEATURES, self.features)
        values = np.empty((array.shape[0], size), np.float32)
        vitrun.session_run_values(
            self._handle, array.ctypes.data, array.size, kind, values.ctypes.data, values.size, byref(c_size_t()))
        return values

    def classify(self, images: Any, *, top: int = 5, errors: str = "raise") -> List[Any]:
        """The most probable classes of images, the highest first.

        :param images: one image or several: paths, bytes of image files, Pillow's images, or NumPy arrays of
            uint8, ``[height, width, 3]``.
        :param top: how many classes.
        :param errors: "raise" raises what is wrong with the first image that cannot be used; "return" puts the
            exception in the image's place and goes on.
        :return: a list of :class:`Class` for each image.
        """
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise argument("top", "a whole number from 1", repr(top))
        count = min(top, self.classes)

        def read(result: c_uint64, index: int) -> List[Class]:
            entries, found = (ClassEntry * max(1, count))(), c_size_t()
            vitrun.result_top(result, index, entries, count, byref(found))
            return [Class(entry.index, self._label(entry.index), entry.probability) for entry in entries[:found.value]]

        return self._run_images(images, LOGITS, errors, read)

    def embed(self, images: Any, *, errors: str = "raise") -> Any:
        """The embeddings of images.

        :param images: as for :meth:`classify`.
        :param errors: as for :meth:`classify`.
        :return: float32, ``[images, features]``; with ``errors="return"`` a list of arrays and exceptions.
        """
        rows = self._run_images(
            images, FEATURES, errors, lambda result, index: _values(result, index, FEATURES, self.features))
        return np.stack(rows) if errors == "raise" else rows

    def stages(self, image: Any) -> List[Stage]:
        """What each stage of token reduction does to one image; empty for a plan without any.

        :param image: as one of :meth:`classify`.
        """

        def read(result: c_uint64, index: int) -> List[Stage]:
            stages = json.loads(vitrun.text(vitrun.result_stages, result, index))
            return [Stage(stage["block"], stage["kept"], stage["owners"]) for stage in stages]

        results = self._run_images(image, 0, "raise", read)
        if len(results) != 1:
            raise argument("image", "one image", f"{len(results)}")
        return results[0]

    def _label(self, index: int) -> str:
        return self.labels[index] if self.labels else f"class {index}"

    def _run_images(self, images: Any, kinds: int, errors: str, read: Any) -> List[Any]:
        if errors not in ("raise", "return"):
            raise argument("errors", '"raise" or "return"', repr(errors))
        arguments = ImageArguments(images, alpha=self._alpha, exif=self._exif)
        results: List[Any] = []
        # A batch at a time: Pillow's images need not all be decoded at once, and Ctrl-C ends the rest.
        for start in range(0, max(1, len(arguments)), self.batch):
            batch, problems, owners = arguments.batch(start, self.batch, raises=errors == "raise")
            if problems and not owners:
                results += problems
                continue
            result = c_uint64()
            vitrun.session_run_images(self._handle, batch, len(owners), kinds, byref(result))
            try:
                index = 0
                for problem in problems:
                    if problem is not None:
                        results.append(problem)
                        continue
                    try:
                        results.append(read(result, index))
                    except VitcError as error:
                        if errors == "raise":
                            raise
                        results.append(error)
                    index += 1
            finally:
                vitrun.result_close(result)
        return results


def _values(result: c_uint64, index: int, kind: int, size: int) -> np.ndarray:
    values, count = np.empty(size, np.float32), c_size_t()
    vitrun.result_values(result, index, kind, values.ctypes.data, size, byref(count))
    return values
