"""Images: rows 45 to 48, and 55."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Iterator

from case import Case

LABEL = "vitrun {plan} {file}"
FIXTURES = Path(__file__).resolve().parents[2] / "Tests" / "Runtime" / "ImageInputTests" / "Fixtures"
# A frame header of 65535 x 65535 in three colours, up to its first scan.
JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2, extra=b"") -> bytes:
    """A PNG of zlib-compressed rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


ROW = b"\0" + bytes(24)


def extent_cases() -> Iterator[Case]:
    """Row 45: extents beyond the cap, or none, refused by the header."""
    yield Case(45, "PNG of 65535 x 65535", png(65535, 65535, b"x"), LABEL, words="65535 x 65535")
    yield Case(45, "PNG of 2^31 - 1 x 1", png(2**31 - 1, 1, b"x"), LABEL, words="2147483647 x 1")
    yield Case(45, "PNG of 0 x 5", png(0, 5, b"x"), LABEL, words="0 x 5")
    yield Case(45, "PNG of 5 x 0", png(5, 0, b"x"), LABEL, words="5 x 0")
    yield Case(45, "JPEG of 65535 x 65535", JPEG + b"\xff\xda", LABEL, words="65535 x 65535")
    narrow = JPEG[:7] + b"\0\0" + JPEG[9:]
    yield Case(45, "JPEG of 65535 x 0", narrow + b"\xff\xda", LABEL, words="65535 x 0")
    lossless = b"VP8L" + struct.pack("<IBI", 5, 0x2F, 2**28 - 1) + b"\0"
    webp = b"RIFF" + struct.pack("<I", 4 + len(lossless)) + b"WEBP" + lossless
    yield Case(45, "WebP of 16384 x 16384", webp, LABEL, words="16384 x 16384")


def jpeg_cases() -> Iterator[Case]:
    """Row 46: JPEG data that is damaged, or that costs more than it is worth."""
    yield Case(46, "empty file", b"", LABEL)
    yield Case(46, "text", b"hello", LABEL)
    yield Case(46, "cut in its header", JPEG[:9], LABEL, words="JPEG data")
    for name in ("baseline.jpg", "progressive.jpg", "restarts.jpg"):
        whole = (FIXTURES / name).read_bytes()
        for share in (3, 2):
            cut = whole[: len(whole) * (share - 1) // share]
            yield Case(46, f"{name} cut at {len(cut)}", cut, LABEL, words="JPEG")
        table = whole.index(b"\xff\xc4") + 5
        damaged = whole[:table] + b"\xff" * 16 + whole[table + 16 :]
        yield Case(46, f"{name}, Huffman table", damaged, LABEL, words="JPEG")
    whole = (FIXTURES / "progressive.jpg").read_bytes()
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    yield Case(46, "600 scans", whole[:-2] + scan * 600 + b"\xff\xd9", LABEL, words="scans")


def png_cases() -> Iterator[Case]:
    """Row 47: chunks that are not what they say."""
    yield Case(47, "IDAT short", png(8, 8, ROW * 2), LABEL, words="IDAT")
    yield Case(47, "IDAT long", png(8, 8, ROW * 9), LABEL, words="IDAT")
    packed = zlib.compress(bytes(200 << 20))
    for kind, head in ((b"zTXt", b"k\0\0"), (b"iCCP", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0")):
        bomb = chunk(kind, head + packed)
        name = kind.decode()
        yield Case(47, f"{name} bomb", png(8, 8, ROW * 8, extra=bomb), LABEL, words=name)
    yield Case(47, "unknown critical chunk", png(8, 8, ROW * 8, extra=chunk(b"ABCD", b"")), LABEL)
    whole = png(8, 8, ROW * 8)
    yield Case(47, "wrong checksum", whole[:29] + b"xxxx" + whole[33:], LABEL)
    yield Case(47, "pixels cut", whole[:-22], LABEL, words="IDAT")
    yield Case(47, "text cut behind the pixels", whole[:-12] + chunk(b"tEXt", b"k\0words")[:-6], LABEL, words="tEXt")
    long = png(8, 8, ROW * 8, extra=struct.pack(">I", 2**31 - 1) + b"tEXt")
    yield Case(47, "chunk past the end", long, LABEL, words="tEXt")


def sound_cases() -> Iterator[Case]:
    """Row 48: unusual, but sound. Their colours are compared in Tests/Runtime/ImageInputTests."""
    text = chunk(b"tEXt", b"k\0" + b"x" * 10)
    grey16 = png(4, 4, (b"\0" + b"\x01\x02" * 4) * 4, depth=16, colour=0)
    alpha = png(4, 4, (b"\0" + bytes(16)) * 4, colour=6)
    for name, data, suffix in [
        ("tEXt", png(8, 8, ROW * 8, extra=text), "png"),
        ("16-bit grey", grey16, "png"),
        ("RGBA named .jpg", alpha, "jpg"),
        ("1 x 1", png(1, 1, b"\0abc"), "png"),
        ("without IEND", png(4, 4, (b"\0" + bytes(12)) * 4)[:-12], "png"),
        ("IEND cut", png(4, 4, (b"\0" + bytes(12)) * 4)[:-3], "png"),
        ("another name for IEND", png(4, 4, (b"\0" + bytes(12)) * 4)[:-5] + b"xxxxx", "png"),
        ("1 x 3000", png(1, 3000, b"\0abc" * 3000), "png"),
    ]:
        yield Case(48, name, data, LABEL, accepted=True, suffix=suffix)
    for name in ("grey.jpg", "cmyk.jpg", "ycck.jpg", "grey1.png", "palette8_trns.png", "a_png.jpg"):
        yield Case(48, name, (FIXTURES / name).read_bytes(), LABEL, accepted=True)


def crowded_cases() -> Iterator[Case]:
    """Row 55: images of millions of empty chunks, in little more memory than the file has."""
    webp = (FIXTURES / "lossy.webp").read_bytes()[12:] + (b"JUNK" + bytes(4)) * 4_000_000
    head = (FIXTURES / "baseline.jpg").read_bytes()
    for name, data in (
        ("WebP", b"RIFF" + struct.pack("<I", 4 + len(webp)) + b"WEBP" + webp),
        ("PNG", png(8, 8, ROW * 8, extra=chunk(b"junK", b"") * 2_000_000)),
        ("JPEG", head[:2] + b"\xff\xe3\x00\x02" * 6_000_000 + head[2:]),
    ):
        for exif in ("ignore", "apply"):
            yield Case(55, f"{name} of empty chunks, --exif {exif}", data,
                       f"{LABEL} --exif {exif}", accepted=True, memory=160 << 20)


def cases() -> Iterator[Case]:
    """Every case of these rows."""
    yield from extent_cases()
    yield from jpeg_cases()
    yield from png_cases()
    yield from sound_cases()
    yield from crowded_cases()
