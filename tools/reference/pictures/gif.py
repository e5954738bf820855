"""GIF: frames on a screen, palettes, transparency, interlacing."""

import struct
from typing import Iterator

import numpy as np
from PIL import Image

from pictures.drawn import encoded, picture


def coded(indices, bits: int) -> bytes:
    """Indices as codes that begin anew before the codes grow, in blocks."""
    clear, width = 1 << bits, bits + 1
    codes = []
    for position, index in enumerate(indices):
        if position % max(1, clear - 3) == 0:
            codes.append(clear)
        codes.append(int(index))
    value = length = 0
    out = bytearray()
    for code in codes + [clear + 1]:
        value |= code << length
        length += width
        while length >= 8:
            out.append(value & 255)
            value >>= 8
            length -= 8
    if length:
        out.append(value)
    blocks = [bytes(out[start : start + 255]) for start in range(0, len(out), 255)]
    return bytes([bits]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def palette(count: int, seed: int = 1) -> list[tuple[int, int, int]]:
    return [tuple(row) for row in np.random.default_rng(seed).integers(0, 256, (count, 3)).tolist()]


def flags(colours) -> int:
    return 0x80 | (len(colours).bit_length() - 2) if colours else 0


def screen(width: int, height: int, colours, version: bytes = b"GIF89a") -> bytes:
    table = b"".join(map(bytes, colours or []))
    return version + struct.pack("<HHBBB", width, height, flags(colours), 1, 0) + table


def frame(left, top, pixels: np.ndarray, bits: int, colours=None, transparent=None, interlaced=False) -> bytes:
    """A frame's control, descriptor and pixels."""
    height, width = pixels.shape
    control = b"" if transparent is None else b"!\xf9\x04" + bytes([1, 0, 0, transparent]) + b"\0"
    order = [row for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(first, height, step)]
    lines = pixels[order] if interlaced else pixels
    table = b"".join(map(bytes, colours or []))
    head = struct.pack("<HHHHB", left, top, width, height, flags(colours) | 0x40 * interlaced)
    return control + b"," + head + table + coded(lines.ravel(), bits)


def files() -> Iterator[tuple[str, bytes]]:
    w, h = 23, 17
    random = np.random.default_rng(4)
    some = lambda most, height=h, width=w: random.integers(0, most, (height, width))
    eight, four, greys = palette(8), palette(4, 2), [(i, i, i) for i in range(8)]
    # Enough codes for a full table.
    noise = np.random.default_rng(6).integers(0, 256, (90, 70, 3)).astype(np.uint8)
    yield "gif_many.gif", encoded(Image.fromarray(noise).quantize(256), "GIF", interlace=0)
    yield "gif_pillow.gif", encoded(picture(41, 27).quantize(64), "GIF")
    yield "gif_pillow_interlaced.gif", encoded(picture(41, 27).quantize(64), "GIF", interlace=1)
    yield "gif_old.gif", screen(w, h, eight, b"GIF87a") + frame(0, 0, some(8), 3) + b";"
    for height in (1, 2, 5, 17):
        yield f"gif_interlaced{height}.gif", (
            screen(w, height, eight) + frame(0, 0, some(8, height), 3, interlaced=True) + b";")
    yield "gif_transparent.gif", screen(w, h, eight) + frame(0, 0, some(8), 3, transparent=5) + b";"
    # Places behind the palette's end are black.
    yield "gif_beyond.gif", screen(w, h, four) + frame(0, 0, some(8), 3) + b";"
    yield "gif_beyond_transparent.gif", screen(w, h, four) + frame(0, 0, some(8), 3, transparent=6) + b";"
    yield "gif_own_palette.gif", screen(w, h, eight) + frame(0, 0, some(4), 3, four) + b";"
    yield "gif_without_screen_palette.gif", screen(w, h, None) + frame(0, 0, some(4), 3, four) + b";"
    yield "gif_without_palette.gif", screen(w, h, None) + frame(0, 0, some(8), 3) + b";"
    yield "gif_greys.gif", screen(w, h, greys) + frame(0, 0, some(16), 4, transparent=3) + b";"
    part = some(8, 9, 11)
    for name, left, top in (("part", 5, 3), ("sticks_out", 15, 12)):
        for transparent in (None, 2):
            suffix = "" if transparent is None else "_transparent"
            yield f"gif_{name}{suffix}.gif", (
                screen(w, h, eight) + frame(left, top, part, 3, transparent=transparent) + b";")
    yield "gif_part_interlaced.gif", screen(w, h, eight) + frame(5, 3, part, 3, interlaced=True) + b";"
    words = b"!\xfe\x03abc\x02de\0!\xff\x0bNETSCAPE2.0\x03\1\0\0\0"
    yield "gif_animated.gif", (
        screen(w, h, eight) + words + frame(0, 0, some(8), 3, transparent=1) + frame(2, 2, part, 3, four) + b";")
    # The bytes of one frame only, without an end.
    yield "gif_cut.gif", screen(w, h, eight) + frame(0, 0, some(8), 3)
