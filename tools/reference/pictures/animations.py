"""Animated WebP."""

import struct
from typing import Iterator

import numpy as np
from PIL import Image

from pictures.drawn import encoded, pattern, picture


def files() -> Iterator[tuple[str, bytes]]:
    image = picture(45, 33)
    others = {"save_all": True, "append_images": [picture(45, 33, 9)], "duration": 10}
    yield "animation.webp", encoded(image, "WEBP", quality=70, **others)
    yield "animation_lossless.webp", encoded(image, "WEBP", lossless=True, **others)
    clear = Image.fromarray(np.dstack([pattern(21, 15), pattern(21, 15, 4)[..., :1]]), "RGBA")
    yield "animation_alpha.webp", encoded(
        clear, "WEBP", exact=True, save_all=True, append_images=[clear.rotate(180)], duration=10)
    frame = lossless_chunk(clear)
    yield "animation_part.webp", animation(45, 33, [(6, 4, frame)], has_alpha=True)
    # Alphas that the file's header does not announce.
    yield "animation_part_opaque.webp", animation(45, 33, [(6, 4, frame)], has_alpha=False)


def lossless_chunk(image: Image.Image) -> tuple[tuple[int, int], bytes]:
    """A picture's size and its chunk of a WebP file."""
    data = encoded(image, "WEBP", lossless=True, exact=True)
    start = data.index(b"VP8L")
    (length,) = struct.unpack_from("<I", data, start + 4)
    return image.size, data[start : start + 8 + length + length % 2]


def animation(width: int, height: int, frames, has_alpha: bool) -> bytes:
    """An animated WebP of frames at places of the canvas."""
    def part(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    three = lambda value: struct.pack("<I", value)[:3]
    flags = struct.pack("<I", 2 | 16 * has_alpha)
    body = part(b"VP8X", flags + three(width - 1) + three(height - 1)) + part(b"ANIM", b"\xff" * 4 + bytes(2))
    for left, top, ((across, down), data) in frames:
        head = three(left // 2) + three(top // 2) + three(across - 1) + three(down - 1) + three(10) + b"\0"
        body += part(b"ANMF", head + data)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
