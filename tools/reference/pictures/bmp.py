"""BMP of every depth, header and way to store pixels."""

import struct
from typing import Iterator

import numpy as np

from pictures.drawn import packed, pattern

# Bits of red, green, blue and alpha in 32.
MASKS = (
    (0xFF0000, 0xFF00, 0xFF, 0x0), (0xFF000000, 0xFF0000, 0xFF00, 0x0), (0xFF000000, 0xFF00, 0xFF, 0x0),
    (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0xFF000000, 0xFF00, 0xFF, 0xFF0000), (0, 0, 0, 0),
)


def bmp(width, height, bits, rows, palette=b"", size=40, compression=0, colours=0, masks=(), top_down=False,
        offset=None) -> bytes:
    """A BMP of `rows`, packed bytes of each line from the top, or of one run of bytes."""
    if isinstance(rows, bytes):
        data = rows
    else:
        lines = [bytes(row) + bytes(-len(row) % 4) for row in rows]
        data = b"".join(lines if top_down else lines[::-1])
    if size == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        header = struct.pack(
            "<IIiHHIIiiII", size, width, -height if top_down else height, 1, bits, compression, len(data), 0, 0,
            colours, 0)
        header += struct.pack(f"<{len(masks)}I", *masks)
        header += bytes(max(0, size - len(header)))
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start if offset is None else offset) + header + (
        palette + data)


def colours(count: int, entry: int = 4) -> bytes:
    """A palette's bytes, `entry` for each colour."""
    random = np.random.default_rng(count)
    return b"".join(bytes(random.integers(0, 256, 3).tolist()) + bytes(entry - 3) for _ in range(count))


def files() -> Iterator[tuple[str, bytes]]:
    w, h = 23, 17
    random = np.random.default_rng(3)
    some = lambda most, width=w: random.integers(0, most, (h, width))
    for bits in (1, 4, 8):
        count = 2**bits
        lines = packed(some(count), bits)
        yield f"bmp_{bits}.bmp", bmp(w, h, bits, lines, colours(count))
        yield f"bmp_{bits}_os2.bmp", bmp(w, h, bits, lines, colours(count, 3), size=12)
        # Where a palette ends, black begins.
        few = max(1, count // 2)
        yield f"bmp_{bits}_few.bmp", bmp(w, h, bits, lines, colours(few), colours=few)
    yield "bmp_1_black.bmp", bmp(w, h, 1, packed(some(2), 1), b"\0\0\0\0\xff\xff\xff\0")
    ramp = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    yield "bmp_8_grey.bmp", bmp(w, h, 8, packed(some(256), 8), ramp)
    lines = packed(some(256), 8)
    yield "bmp_8_top_down.bmp", bmp(w, h, 8, lines, colours(256), top_down=True)
    yield "bmp_8_behind.bmp", bmp(w, h, 8, lines, colours(256), offset=14 + 40)
    yield "bmp_8_nowhere.bmp", bmp(w, h, 8, lines, colours(256), offset=0)
    yield "bmp_8_v5.bmp", bmp(w, h, 8, lines, colours(256), size=124)
    wide = some(65536)
    deep = [row.astype("<u2").tobytes() for row in wide]
    yield "bmp_16.bmp", bmp(w, h, 16, deep)
    for name, masks in (("555", (0x7C00, 0x3E0, 0x1F)), ("565", (0xF800, 0x7E0, 0x1F))):
        yield f"bmp_16_{name}.bmp", bmp(w, h, 16, deep, compression=3, masks=masks)
    lines = [row.tobytes() for row in pattern(w, h)[..., ::-1]]
    yield "bmp_24.bmp", bmp(w, h, 24, lines)
    yield "bmp_24_os2.bmp", bmp(w, h, 24, lines, size=12)
    yield "bmp_24_top_down.bmp", bmp(w, h, 24, lines, top_down=True)
    yield "bmp_24_masks.bmp", bmp(w, h, 24, lines, size=52, compression=3, masks=MASKS[0][:3])
    # The bytes that fill the last line up to whole words may be missing.
    yield "bmp_24_short.bmp", bmp(w, h, 24, lines)[: -(-(w * 3) % 4)]
    lines = [row.astype(np.uint8).tobytes() for row in some(256, w * 4)]
    yield "bmp_32.bmp", bmp(w, h, 32, lines)
    yield "bmp_32_nowhere.bmp", bmp(w, h, 32, lines, compression=3, masks=MASKS[2][:3], offset=0)
    for number, masks in enumerate(MASKS):
        size = (56, 108, 124)[number % 3]
        yield f"bmp_32_masks{number}.bmp", bmp(w, h, 32, lines, size=size, compression=3, masks=masks)
    yield from runs(w, h)


def runs(w: int, h: int) -> Iterator[tuple[str, bytes]]:
    """Pixels as runs, and what programs do with runs that they should not."""
    random = np.random.default_rng(8)
    end, all_end = b"\0\0", b"\0\1"
    for name, bits, compression in (("rle8", 8, 1), ("rle4", 4, 2)):
        most = 2**bits
        palette = colours(most)

        def literal(values) -> bytes:
            if bits == 8:
                data = bytes(values)
            else:
                even = list(values) + [0] * (len(values) % 2)
                data = bytes(a << 4 | b for a, b in zip(even[::2], even[1::2]))
            return bytes([0, len(values)]) + data + bytes(len(data) % 2)

        data = b""
        for row in range(h):
            value = lambda: int(random.integers(0, 256))
            data += bytes([5, value(), 1, value()])
            data += literal(random.integers(0, most, 7 + row % 3).tolist())
            data += bytes([w - 13 - row % 3, value()])
            data += end
        yield f"bmp_{name}.bmp", bmp(w, h, bits, data + all_end, palette, compression=compression)
        # Lines that end early, a run over the end of its line, a step to the right and up.
        short = bytes([3, 0x11]) + end + bytes([200, 0x21]) + end + b"\0\2\4\2" + bytes([9, 0x31]) + end
        short += literal([1] * 30) + b"\0\2\0\1" + bytes([2, 0x12]) + end
        data = short + (bytes([w, 0x32]) + end) * h
        yield f"bmp_{name}_odd.bmp", bmp(w, h, bits, data, palette, compression=compression)
