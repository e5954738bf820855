"""Images: rows 45 to 48, and 55; those of kinds that came later stand under the rows that they belong to."""

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
# A frame of one black pixel.
GIF_FRAME = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0;"


def bmp(width: int, height: int, pixels: bytes, bits: int = 24, compression: int = 0, palette: bytes = b"") -> bytes:
    """A BMP of pixels as they are."""
    start = 54 + len(palette)
    header = struct.pack("<IIIHHIIIIII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def tiff(tags: dict[int, int], pixels: bytes = b"x", entries: bytes = b"", extra: int = 0) -> bytes:
    """A grey TIFF in one strip of pixels, with further entries of its directory; `extra` adds to their number."""
    tags = {258: 8, 259: 1, 262: 1, 277: 1, 278: 1, 273: 8, 279: len(pixels)} | tags
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items())) + entries
    count = len(body) // 12 + extra
    pixels += bytes(len(pixels) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", count) + body + bytes(4)


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
    for width, height in ((2**31 - 1, 1), (65535, 65535), (0, 5), (5, 0)):
        data, area = bmp(width, height, b"x"), width * height
        yield Case(45, f"BMP of {width} x {height}", data, LABEL, words=f"{width} x {height}")
        data = tiff({256: width, 257: height, 273: 8, 279: 1})
        yield Case(45, f"TIFF of {width} x {height}", data, LABEL, words=f"{width} x {height}" if area else "")
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + GIF_FRAME
    yield Case(45, "GIF of 65535 x 65535", gif, LABEL, words="65535 x 65535")
    frame = b"GIF89a" + bytes(7) + b"," + struct.pack("<HHHHB", 65535, 65535, 9, 9, 0) + GIF_FRAME[10:]
    yield Case(45, "GIF with a frame at 65535, 65535", frame, LABEL, words="65544 x 65544")


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


def other_cases() -> Iterator[Case]:
    """Rows 46 and 47 of BMP, GIF, TIFF and animated WebP: cut, damaged, or worth less than they cost."""
    for name, words in (
        ("bmp_24.bmp", "BMP data"), ("bmp_rle8.bmp", "BMP data"), ("bmp_8.bmp", "BMP data"),
        ("gif_pillow.gif", "GIF data"), ("gif_interlaced17.gif", "GIF data"), ("tiff_lzw.tif", "TIFF data"),
        ("tiff_deflate_tiles.tif", "TIFF data"), ("animation_part.webp", "WebP data"),
    ):
        whole = (FIXTURES / name).read_bytes()
        for share in (9, 3, 2):
            cut = whole[: len(whole) * (share - 1) // share]
            yield Case(46, f"{name} cut at {len(cut)}", cut, LABEL, words=words)
    yield Case(46, "BMP cut in its header", bmp(8, 8, b"")[:20], LABEL, words="BMP data")
    yield Case(46, "BMP cut in its palette", bmp(8, 8, b"", 8)[:60], LABEL, words="BMP data")
    yield Case(46, "BMP of JPEG", bmp(8, 8, b"", 24, 4), LABEL, words="BMP compression")
    runs = bmp(8000, 8000, b"\0\2\xff\xff" * 40, 8, 1, bytes(1024))
    yield Case(46, "BMP of steps over 64 million pixels", runs, LABEL, accepted=True, memory=256 << 20)
    yield Case(46, "BMP of an end and nothing else", bmp(8, 8, b"\0\1", 8, 1, bytes(1024)), LABEL, words="runs of 0")
    head = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0)
    yield Case(46, "GIF without an image", head + b";", LABEL, words="GIF data: expected a whole image, found no image")
    yield Case(46, "GIF of extensions only", head + b"!\xfe\0" * 100_000, LABEL, words="GIF data")
    yield Case(46, "GIF of codes of 12 bits", head + GIF_FRAME[:10] + b"\x0c" + GIF_FRAME[11:], LABEL, words="GIF data")
    pixels = bytes(64)
    sound = {256: 8, 257: 8, 278: 8}
    for name, data, words in (
        ("of fax codes", tiff(sound | {259: 4}, pixels), "TIFF compression: expected none, LZW"),
        ("of floats", tiff(sound | {258: 32, 339: 3}, pixels), "TIFF sample format"),
        ("with a strip behind the end", tiff(sound | {273: 9999}, pixels), "libtiff"),
        ("of damaged deflate", tiff(sound | {259: 8}, pixels), "libtiff"),
        ("of deflate that ends early", tiff(sound | {259: 8}, zlib.compress(bytes(40))), "libtiff"),
        ("of a palette of ten colours", tiff(sound | {262: 3, 320: 9}, pixels), "TIFF colour map"),
        ("of a palette without colours", tiff(sound | {262: 3}, pixels), "TIFF colour map"),
        ("with more entries than there are", tiff(sound, pixels, extra=900), "directory"),
        ("of a directory at its end", b"II*\0\xff\xff\xff\xff", "directory"),
        ("of tiles of 2^31", tiff(sound | {322: 2**31, 323: 2**31, 324: 8, 325: 64}, pixels), ""),
        ("of tiles of 60000", tiff(sound | {322: 60000, 323: 60000, 324: 8, 325: 64}, pixels), "image memory"),
        ("of tiles far beyond it", tiff({256: 8, 257: 4000, 322: 1_600_000, 323: 16, 324: 8, 325: 64}, pixels), "TIFF tiles"),
        ("of as many strips as rows", tiff({256: 1, 257: 60_000_000}, pixels), ""),
    ):
        yield Case(47, f"TIFF {name}", data, LABEL, words=words, memory=160 << 20)
    # Entries that all name the same megabyte.
    entries = b"".join(struct.pack("<HHII", 40_000 + n, 1, 1 << 20, 8) for n in range(10_000))
    data = tiff({256: 1, 257: 1}, bytes(1 << 20), entries)
    yield Case(47, "TIFF of entries that overlap", data, LABEL, words="overlap", memory=160 << 20)
    for start, name in ((b"\0\0\0\x18ftypheic", "HEIC"), (b"8BPS", "Photoshop")):
        yield Case(46, name, start + bytes(60), LABEL, words=f"found {name}, which is not read")


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
    for name, data in (
        ("BMP", bmp(8, 8, bytes(192))), ("GIF", b"GIF89a" + bytes(7) + GIF_FRAME),
        ("TIFF", tiff({256: 8, 257: 8, 278: 8}, bytes(64))),
    ):
        yield Case(48, f"{name} named .jpg", data, LABEL, accepted=True, suffix="jpg")


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
    yield from other_cases()
    yield from sound_cases()
    yield from crowded_cases()
