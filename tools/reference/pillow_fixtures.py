"""Writes the pictures of Tests/Runtime/ImageInputTests/Fixtures and what Pillow, timm and transformers make
of them.

Pictures are computed, so no picture of anyone's is committed. `decoded.tsv` holds, for each file,
what `Image.open(f).convert("RGB")` gives, and transformers' `convert_to_rgb`, which composites onto
white; `cropped.tsv` what the transforms of preprocess_cases.py give. Pixels stand there as an FNV-1a
hash of their bytes, row by row, tensors as one of their float32, channel by channel.

Run: python tools/reference/pillow_fixtures.py (Pillow 13 or later, which resizes tall pictures
vertically first)
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from transformers.image_transforms import convert_to_rgb

from pictures import animations, bmp, gif, tiff
from pictures.drawn import encoded, packed, pattern, picture
from preprocess_cases import CASES

FOLDER = Path(__file__).resolve().parents[2] / "Tests/Runtime/ImageInputTests/Fixtures"


def fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def write(name: str, data: bytes) -> None:
    (FOLDER / name).write_bytes(data)


# -- PNG, written here so that every colour type and depth can be had --


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, before=b"", after=b"", interlace=0, data=None) -> bytes:
    """A PNG of `rows`, packed bytes of each line."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    if data is None:
        data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + after
        + chunk(b"IEND", b"")
    )


def deep(values: np.ndarray) -> list[bytes]:
    return [row.astype(">u2").tobytes() for row in values]


def interlaced(pixels: np.ndarray) -> bytes:
    """An RGB PNG in Adam7's seven passes."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2)]
    data = b""
    for left, top, across, down in passes:
        part = pixels[top::down, left::across]
        data += b"".join(b"\0" + row.tobytes() for row in part) if part.size else b""
    height, width = pixels.shape[:2]
    return png(width, height, 8, 2, None, data=zlib.compress(data), interlace=1)


def write_png() -> None:
    w, h = 23, 17
    random = np.random.default_rng(5)
    wide = lambda *shape: random.integers(0, 65536, shape)
    narrow = lambda *shape: random.integers(0, 256, shape)
    palette = chunk(b"PLTE", narrow(256 * 3).astype(np.uint8).tobytes())
    alphas = chunk(b"tRNS", bytes(range(0, 250, 10)))
    for depth in (1, 2, 4, 8):
        grey = packed(random.integers(0, 2**depth, (h, w)), depth)
        write(f"grey{depth}.png", png(w, h, depth, 0, grey))
        if depth < 8:
            colours = min(2**depth, 3)
            small = chunk(b"PLTE", narrow(3 * colours).astype(np.uint8).tobytes())
            indices = packed(random.integers(0, colours, (h, w)), depth)
            write(f"palette{depth}.png", png(w, h, depth, 3, indices, small))
    write("grey8_trns.png", png(
        w, h, 8, 0, packed(narrow(h, w), 8), chunk(b"tRNS", struct.pack(">H", 7))))
    write("palette8_trns.png", png(w, h, 8, 3, packed(narrow(h, w), 8), palette + alphas))
    mixed = np.where(narrow(h, w) < 128, wide(h, w), narrow(h, w))
    write("grey16.png", png(w, h, 16, 0, deep(mixed)))
    write("greyalpha8.png", png(w, h, 8, 4, packed(narrow(h, w * 2), 8)))
    write("greyalpha16.png", png(w, h, 16, 4, deep(wide(h, w * 2))))
    write("rgb16.png", png(w, h, 16, 2, deep(wide(h, w * 3))))
    write("rgba16.png", png(w, h, 16, 6, deep(wide(h, w * 4))))
    write("rgba8.png", png(w, h, 8, 6, packed(narrow(h, w * 4), 8)))
    write("rgb8_trns.png", png(
        w, h, 8, 2, packed(narrow(h, w * 3), 8), chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))))
    write_transparent()
    write("one.png", png(1, 1, 8, 2, [b"\x01\x80\xff"]))
    write("filtered.png", encoded(picture(53, 31), "PNG"))
    write("a_png.jpg", encoded(picture(19, 11), "PNG"))
    write("interlaced.png", interlaced(pattern(29, 19)))
    # Some of Adam7's passes are empty in a picture of one column.
    write("interlaced_narrow.png", interlaced(pattern(1, 4)))

    plain = packed(narrow(h, w * 3), 8)
    whole = b"".join(b"\0" + row for row in plain)
    bomb = zlib.compress(bytes(16 << 20), 9)
    write("bad_idat_short.png", png(w, h, 8, 2, None, data=zlib.compress(whole[:-90])))
    write("bad_idat_long.png", png(w, h, 8, 2, None, data=zlib.compress(whole + bytes(90))))
    write("bad_idat_trailing.png", png(w, h, 8, 2, None, data=zlib.compress(whole) + bytes(9)))
    write("bad_ztxt_bomb.png", png(w, h, 8, 2, plain, chunk(b"zTXt", b"Comment\0\0" + bomb)))
    write("bad_iccp_bomb.png", png(w, h, 8, 2, plain, chunk(b"iCCP", b"profile\0\0" + bomb)))
    write("bad_itxt_bomb.png", png(w, h, 8, 2, plain, chunk(b"iTXt", b"C\0\1\0\0\0" + bomb)))


def write_transparent() -> None:
    """Alphas, and transparent colours that pixels have, in every form that PNG knows."""
    w, h = 19, 13
    random = np.random.default_rng(11)
    key = lambda *values: chunk(b"tRNS", struct.pack(f">{len(values)}H", *values))
    few = lambda count, *shape: random.integers(0, count, shape)
    # Every grey with every alpha.
    greys, alphas = np.meshgrid(np.arange(256), np.arange(256))
    every = np.stack([greys, alphas], -1).astype(np.uint8)
    write("alpha_all.png", encoded(Image.fromarray(every, "LA"), "PNG"))
    write("alpha_grey1.png", png(w, h, 1, 0, packed(few(2, h, w), 1), key(1)))
    write("alpha_grey1_black.png", png(w, h, 1, 0, packed(few(2, h, w), 1), key(0)))
    # Pillow compares the key with samples that it has spread to 8 bits.
    write("alpha_grey2.png", png(w, h, 2, 0, packed(few(4, h, w), 2), key(2)))
    write("alpha_grey4_black.png", png(w, h, 4, 0, packed(few(16, h, w), 4), key(0)))
    write("alpha_grey8.png", png(w, h, 8, 0, packed(few(4, h, w), 8), key(2)))
    # And with what remains of 16 bits.
    deep_grey = few(5, h, w) * 0x81
    write("alpha_grey16.png", png(w, h, 16, 0, deep(deep_grey), key(0x0102)))
    write("alpha_grey16_white.png", png(w, h, 16, 0, deep(deep_grey), key(0x81)))
    write("alpha_rgb8.png", png(w, h, 8, 2, packed(few(2, h, w * 3), 8), key(1, 0, 1)))
    deep_rgb = few(2, h, w * 3) * 0x0102 + 0x0201
    write("alpha_rgb16.png", png(w, h, 16, 2, deep(deep_rgb), key(0x0201, 0x0303, 0x0201)))
    write("alpha_rgb16_low.png", png(w, h, 16, 2, deep(deep_rgb), key(0x0702, 0x0903, 0x0002)))
    palette = chunk(b"PLTE", few(256, 48).astype(np.uint8).tobytes())
    indices = packed(few(16, h, w), 4)
    for name, transparency in (
        ("one", b"\xff\xff\x00\xff"), ("some", b"\x00\x40\x80\xc0\xff\x00")
    ):
        write(f"alpha_palette_{name}.png", png(
            w, h, 4, 3, indices, palette + chunk(b"tRNS", transparency)))


# -- JPEG and WebP --


def write_jpeg() -> None:
    image = picture(61, 47)
    write("baseline.jpg", encoded(image, "JPEG", quality=80))
    write("full_colour.jpg", encoded(image, "JPEG", quality=80, subsampling=0))
    write("half_colour.jpg", encoded(image, "JPEG", quality=80, subsampling=1))
    write("progressive.jpg", encoded(image, "JPEG", quality=80, progressive=True))
    write("restarts.jpg", encoded(image, "JPEG", quality=80, restart_marker_rows=1))
    write("rgb.jpg", encoded(image, "JPEG", quality=80, keep_rgb=True))
    write("grey.jpg", encoded(image.convert("L"), "JPEG", quality=80))
    cmyk = np.dstack([pattern(37, 29, 1), pattern(37, 29, 2)[..., :1]])
    ink = encoded(Image.fromarray(cmyk, "CMYK"), "JPEG", quality=85)
    write("cmyk.jpg", ink)
    # The last byte of Adobe's marker says how the inks are coded; 2 is YCCK.
    adobe = ink.index(b"Adobe")
    write("ycck.jpg", ink[: adobe + 11] + b"\2" + ink[adobe + 12 :])
    write("trailing.jpg", encoded(image, "JPEG", quality=50) + b"some more bytes" * 3)
    # libjpeg warns of the stray bytes and goes on.
    stray = encoded(image, "JPEG", quality=60)
    tables = stray.index(b"\xff\xc4")
    write("stray_bytes.jpg", stray[:tables] + b"\0\1\2\3" + stray[tables:])
    for code in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = code
        write(f"exif{code}.jpg", encoded(picture(13, 9, 3), "JPEG", exif=exif, subsampling=0))
    exif = Image.Exif()
    exif[0x0112] = 6
    write("exif6.png", encoded(picture(13, 9, 3), "PNG", exif=exif))
    write("exif6.webp", encoded(picture(13, 9, 3), "WEBP", lossless=True, exif=exif))


def write_webp() -> None:
    image = picture(45, 33)
    write("lossy.webp", encoded(image, "WEBP", quality=70))
    write("lossless.webp", encoded(image, "WEBP", lossless=True))
    alpha = np.dstack([pattern(21, 15), pattern(21, 15, 4)[..., :1]])
    clear = Image.fromarray(alpha, "RGBA")
    write("lossy_alpha.webp", encoded(clear, "WEBP", quality=70, exact=True))
    write("lossless_alpha.webp", encoded(clear, "WEBP", lossless=True, exact=True))


def write_sizes() -> None:
    for width, height in ((640, 9), (7, 500), (150, 100), (31, 30), (1, 3), (90, 60), (64, 64), (40, 150)):
        write(f"size_{width}x{height}.png", encoded(picture(width, height, 7), "PNG"))


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    write_png()
    write_jpeg()
    write_webp()
    for kind in (animations, bmp, gif, tiff):
        for name, data in kind.files():
            write(name, data)
    write_sizes()

    decoded = ["# file\torientation\talpha\twidth\theight\thash"]
    cropped = ["# file\tcase\tpixels\ttensor"]
    for path in sorted(FOLDER.iterdir()):
        if path.name.startswith("bad_"):
            continue
        stored = Image.open(path)
        turns = {"ignore": stored}
        if path.name.startswith("exif"):
            turns["apply"] = ImageOps.exif_transpose(stored)
        for orientation, image in turns.items():
            for alpha, rgb in (
                ("drop", np.array(image.convert("RGB"))),
                ("onWhite", convert_to_rgb(image, return_numpy=True)),
            ):
                height, width, _ = rgb.shape
                decoded.append(
                    f"{path.name}\t{orientation}\t{alpha}\t{width}\t{height}\t"
                    f"{fnv1a(rgb.tobytes()):016x}")
        for case in CASES:
            if not path.name.startswith(case.files):
                continue
            made = case.make(stored)
            found = "refused\trefused"
            if made is not None:
                found = "\t".join(
                    f"{fnv1a(np.ascontiguousarray(part).tobytes()):016x}" for part in made)
            cropped.append(f"{path.name}\t{case.name}\t{found}")
    write("decoded.tsv", ("\n".join(decoded) + "\n").encode())
    write("cropped.tsv", ("\n".join(cropped) + "\n").encode())
    cases = ["# " + "\t".join(CASES[0].row())] + ["\t".join(case.row().values()) for case in CASES]
    write("cases.tsv", ("\n".join(cases) + "\n").encode())


if __name__ == "__main__":
    main()
