"""Images of every kind that Python has, as the C library takes them."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Tuple

import numpy as np

from ._errors import argument
from ._library import IMAGE_ENCODED, IMAGE_FILE, IMAGE_RGB, Image, path_bytes


class ImageArguments:
    """A sequence of images, or one of them."""

    def __init__(self, images: Any, *, alpha: str, exif: str) -> None:
        if _is_image(images):
            images = [images]
        try:
            self._images: List[Any] = list(images)
        except TypeError:
            raise argument("images", "images", type(images).__name__) from None
        self._alpha = alpha
        self._exif = exif
        for index, image in enumerate(self._images):
            if not _is_image(image):
                raise argument(
                    f"images[{index}]", "a path, the bytes of a file, an image of Pillow's or an array",
                    type(image).__name__)

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, start: int, count: int, *, raises: bool = True) -> Tuple[Any, List[Optional[Exception]], List[Any]]:
        """Up to ``count`` images as C has them, one behind the other; for each image what is wrong with it, which keeps it out
        of them, or None; and what owns their memory.

        :param raises: raises what is wrong instead.
        """
        images = self._images[start:start + count]
        # One more, so that there is a pointer for none.
        entries, owners = (Image * (len(images) + 1))(), []
        problems: List[Optional[Exception]] = []
        for index, image in enumerate(images):
            entry = Image()
            try:
                owner = self._fill(entry, image, start + index)
            except Exception as error:  # Pillow raises many kinds.
                if raises:
                    raise
                problems.append(error)
                continue
            entries[len(owners)] = entry
            owners.append(owner)
            problems.append(None)
        return entries, problems, owners

    def _fill(self, entry: Image, image: Any, index: int) -> Any:
        name = f"images[{index}]"
        if isinstance(image, (str, os.PathLike)):
            entry.form, entry.name = IMAGE_FILE, path_bytes(image, name)
            return entry.name
        entry.name = name.encode()
        if isinstance(image, (bytes, bytearray, memoryview)):
            view = memoryview(image)
            if not view.c_contiguous:
                raise argument(name, "bytes that lie together", "a view with gaps")
            data = np.frombuffer(view, np.uint8) if view.nbytes else np.zeros(1, np.uint8)
            entry.form, entry.data, entry.count = IMAGE_ENCODED, data.ctypes.data, view.nbytes
            return data
        if not isinstance(image, np.ndarray):
            image = np.asarray(self._as_rgb(image))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise argument(
                name, "an array of uint8, [height, width, 3]", f"{image.dtype}, {list(image.shape)}")
        if not image.flags.c_contiguous:
            image = np.ascontiguousarray(image)
        entry.form, entry.data, entry.count = IMAGE_RGB, image.ctypes.data, image.nbytes
        entry.height, entry.width, entry.row_bytes = image.shape[0], image.shape[1], 3 * image.shape[1]
        return image

    def _as_rgb(self, image: Any) -> Any:
        """An image of Pillow's, its orientation and its alphas treated as those of files are."""
        from PIL import Image as PillowImage
        from PIL import ImageOps

        if self._exif == "apply":
            image = ImageOps.exif_transpose(image)
        # A PNG of RGB may have one colour that is transparent.
        if self._alpha == "drop" or (image.mode == "RGB" and "transparency" not in image.info):
            return image.convert("RGB")
        image = image.convert("RGBA")
        white = PillowImage.new("RGBA", image.size, (255, 255, 255))
        return PillowImage.alpha_composite(white, image).convert("RGB")


def _is_image(value: Any) -> bool:
    if isinstance(value, (str, os.PathLike, bytes, bytearray, memoryview)):
        return True
    if isinstance(value, np.ndarray):
        # A stack of images is a sequence of them.
        return value.ndim != 4
    # Of Pillow's images, without Pillow being there.
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__)
