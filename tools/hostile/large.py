"""Images of any size in few bytes, written with nothing but Python's standard library.

What they hold compresses to next to nothing: PNG rows of zeros, JPEG and WebP data whose bits are all
zero and still mean something. The ones with noise are for comparing results.
"""

from __future__ import annotations

import random
import struct
import zlib
from typing import Iterator

from images import bmp, chunk

# Bytes of a pixel for the colour types of PNG at 8 bits.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first row, first column, rows apart, columns apart.
PASSES = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)
)


def lines(width: int, height: int, interlaced: bool) -> Iterator[tuple[int, int]]:
    """Pixels of each line of a PNG, and how many such lines follow each other."""
    if not interlaced:
        yield width, height
        return
    for row, column, down, right in PASSES:
        across = -(-(width - column) // right)
        if across > 0 and height > row:
            yield across, -(-(height - row) // down)


def png(
    width: int, height: int, colour: int = 2, depth: int = 8, interlaced: bool = False, noise=None
) -> bytes:
    """A PNG of zeros, or of bytes that repeat those of `noise`."""
    packer = zlib.compressobj(1 if noise else 9)
    parts = []
    for across, count in lines(width, height, interlaced):
        size = across * CHANNELS[colour] * depth // 8
        if noise is None:
            # In pieces: all the lines of a pass may take hundreds of megabytes.
            rest = (1 + size) * count
            while rest > 0:
                piece = min(rest, 1 << 22)
                parts.append(packer.compress(bytes(piece)))
                rest -= piece
            continue
        table = noise * (size // len(noise) + 2)
        for line in range(count):
            start = line * 7919 % len(noise)
            parts.append(packer.compress(b"\0" + table[start : start + size]))
    parts.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette
        + chunk(b"IDAT", b"".join(parts)) + chunk(b"IEND", b"")
    )


def noise(count: int = 65521) -> bytes:
    """Bytes that are the same every time."""
    return random.Random(count).randbytes(count)


def segment(marker: int, data: bytes) -> bytes:
    """A marker of a JPEG and what it holds."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


# A Huffman code of one bit for no difference and one of two bits for a difference of three bits, and a
# code of one bit for the end of a block.
CODES = bytes([0x00, 1, 1, *[0] * 14, 0, 3]) + bytes([0x10, 1, *[0] * 15, 0])


def noisy_scan(blocks: int) -> bytes:
    """Differences of the blocks' mean values that are the same every time."""
    source = random.Random(blocks)
    bits = []
    level = 0
    for _ in range(blocks):
        # Towards the middle, or all would be black or white soon.
        upwards = source.random() * 40 > level + 20
        step = source.randrange(4, 8) if upwards else source.randrange(0, 4)
        level += step if upwards else step - 7
        bits.append("0" "0" if source.random() < 0.5 else f"10{step:03b}" "0")
        level -= 0 if bits[-1] != "00" else step if upwards else step - 7
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def jpeg(width: int, height: int, kind: str = "baseline", noisy: bool = False) -> bytes:
    """A JPEG in three colours, the second and third at half the size unless it is noisy.

    `kind` is baseline, progressive or arithmetic. Without noise the scans are zeros.
    """
    frame = {"baseline": 0xC0, "progressive": 0xC2, "arithmetic": 0xC9}[kind]
    first = 0x11 if noisy else 0x22
    side = 8 if noisy else 16
    blocks = -(-width // side) * -(-height // side) * (3 if noisy else 6)
    shape = struct.pack(">BHHB", 8, height, width, 3)
    shape += bytes([1, first, 0, 2, 0x11, 0, 3, 0x11, 0])
    start = bytes([3, 1, 0, 2, 0, 3, 0])
    result = b"\xff\xd8" + segment(0xDB, bytes([0, *[16] * 64])) + segment(frame, shape)
    if kind != "arithmetic":
        result += segment(0xC4, CODES)
    if kind == "progressive":
        # The mean values of all colours; what varies within the blocks is never sent.
        result += segment(0xDA, start + bytes([0, 0, 0])) + bytes(-(-blocks // 8))
    elif kind == "arithmetic":
        result += segment(0xDA, start + bytes([0, 63, 0])) + bytes(64)
    else:
        data = noisy_scan(blocks) if noisy else bytes(-(-blocks * 2 // 8))
        result += segment(0xDA, start + bytes([0, 63, 0])) + data
    return result + b"\xff\xd9"


def riff(kind: bytes, data: bytes) -> bytes:
    """A WebP of one chunk."""
    body = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def webp_lossless(width: int, height: int) -> bytes:
    """A WebP whose codes have one symbol each, so that its pixels take no bits."""
    bits, count = (width - 1) | (height - 1) << 14, 32
    # No transform, no colour cache, one group of codes.
    count += 3
    # Green, red, blue, alpha, distance: a simple code of one symbol, which takes eight bits.
    for symbol in (90, 160, 40, 255, 0):
        bits |= (0b101 | symbol << 3) << count
        count += 11
    return riff(b"VP8L", b"\x2f" + bits.to_bytes(-(-count // 8) + 8, "little"))


def webp_lossy(width: int, height: int) -> bytes:
    """A WebP in which every decision is its likelier outcome, which takes a fraction of a bit."""
    blocks = -(-width // 16) * -(-height // 16)
    modes = min(blocks + 1024, (1 << 19) - 1)
    # A key frame that is shown, and the size of its first part.
    head = struct.pack("<I", 1 << 4 | modes << 5)[:3]
    head += b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return riff(b"VP8 ", head + bytes(modes) + bytes(blocks * 4 + 1024))


def gif(width: int, height: int, interlaced: bool = False) -> bytes:
    """A GIF of one colour: each code stands for a pixel more than the one before."""
    clear, end, most = 4, 5, 4095
    value = length = 0
    out = bytearray()
    code, bits, known, left = clear, 3, end + 1, width * height
    while left > 0:
        value |= code << length
        length += bits
        while length >= 8:
            out.append(value & 255)
            value >>= 8
            length -= 8
        if code == clear:
            bits, known, code = 3, end + 1, 0
            continue
        left -= max(1, code - end + 1)
        known += 1
        if known > 1 << bits and bits < 12:
            bits += 1
        code = clear if code == most else max(code, end) + 1
    out += value.to_bytes(4, "little")
    blocks = [bytes(out[start : start + 255]) for start in range(0, len(out), 255)]
    return (
        b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b","
        + struct.pack("<HHHHB", 0, 0, width, height, 0x40 * interlaced) + b"\2"
        + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0;"
    )


def bmp_runs(width: int, height: int) -> bytes:
    """A BMP of one colour, in runs of 255 pixels."""
    line = b"\xff\0" * (width // 255) + bytes([width % 255, 0]) + b"\0\0"
    return bmp(width, height, line * height + b"\0\1", 8, 1, bytes(1024))


def tiff_blocks(width: int, height: int, tile: int | None = None, planes: int = 1) -> bytes:
    """An RGB TIFF of zeros: in a strip or tiles, which are all the same bytes of the file, together or in planes."""
    samples = 3 // planes
    packer = zlib.compressobj(9)
    rest = (tile * tile if tile else width * height) * samples
    data = b""
    while rest > 0:
        data += packer.compress(bytes(min(rest, 1 << 22)))
        rest -= 1 << 22
    data += packer.flush()
    data += bytes(len(data) % 2)
    count = planes * (-(-width // tile) * -(-height // tile) if tile else 1)
    place = 8 + len(data)
    lists = struct.pack(f"<{count}I", *[8] * count) + struct.pack(f"<{count}I", *[len(data)] * count)
    tags = {256: (1, width), 257: (1, height), 258: (1, 8), 259: (1, 8), 262: (1, 2), 277: (1, 3), 284: (1, 2 if planes > 1 else 1)}
    offsets, sizes = (324, 325) if tile else (273, 279)
    tags |= {322: (1, tile), 323: (1, tile)} if tile else {278: (1, height)}
    tags |= {offsets: (count, place if count > 1 else 8), sizes: (count, place + 4 * count if count > 1 else len(data))}
    entries = b"".join(struct.pack("<HHII", tag, 4, *value) for tag, value in sorted(tags.items()))
    start = place + len(lists)
    return b"II*\0" + struct.pack("<I", start) + data + lists + struct.pack("<H", len(tags)) + entries + bytes(4)
