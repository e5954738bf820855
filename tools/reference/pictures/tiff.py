"""TIFF: strips and tiles, of every kind of sample that is read."""

import struct
import zlib
from typing import Iterator

import numpy as np
from PIL import Image

from pictures.drawn import encoded, packed, pattern, picture

SIZES = {1: 1, 3: 2, 4: 4, 16: 8}


def tiff(width: int, height: int, blocks: list[bytes], tags: dict, order: str = "<", big: bool = False,
         more: list = ()) -> bytes:
    """A TIFF of blocks, which are compressed already; `tags` has (type, values) by number.

    `more` are further directories of the same blocks.
    """
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)
    places = []
    for block in blocks:
        places.append(len(out))
        out += block + bytes(len(block) % 2)
    kind = 16 if big else 4
    link = 8 if big else 4
    tiled = 322 in tags
    for own in [tags, *more]:
        own = {256: (4, [width]), 257: (4, [height])} | own
        own[324 if tiled else 273] = (kind, places)
        own[325 if tiled else 279] = (kind, [len(block) for block in blocks])
        entries = b""
        for tag, (code, values) in sorted(own.items()):
            letter = {1: "B", 3: "H", 4: "I", 16: "Q"}[code]
            data = struct.pack(f"{order}{len(values)}{letter}", *values)
            room = 8 if big else 4
            if len(data) > room:
                place = len(out)
                out += data + bytes(len(data) % 2)
                data = struct.pack(order + ("Q" if big else "I"), place)
            entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, code, len(values)) + data.ljust(room, b"\0")
        out[link : link + (8 if big else 4)] = struct.pack(order + ("Q" if big else "I"), len(out))
        out += struct.pack(order + ("Q" if big else "H"), len(own)) + entries
        link = len(out)
        out += bytes(8 if big else 4)
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """Codes of 9 bits, begun anew before they grow."""
    codes = []
    for position, byte in enumerate(data):
        if position % 200 == 0:
            codes.append(256)
        codes.append(byte)
    bits = "".join(format(code, "09b") for code in codes + [257])
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def packbits(data: bytes) -> bytes:
    """Runs where bytes repeat, the others as they are."""
    out, at = b"", 0
    while at < len(data):
        run = 1
        while run < 128 and data[at + run : at + run + 1] == data[at : at + 1]:
            run += 1
        out += bytes([257 - run]) + data[at : at + 1] if run > 1 else b"\0" + data[at : at + 1]
        at += run
    return out


COMPRESSIONS = {"none": (1, bytes), "lzw": (5, lzw), "deflate": (8, zlib.compress), "old_deflate": (32946, zlib.compress),
                "packbits": (32773, packbits)}


class Kind:
    """What samples are: bits, photometric, the samples that are no colours, and further tags."""

    def __init__(self, samples: np.ndarray, bits: int, photometric: int, extra: list[int] | None = None, tags=None):
        self.samples = samples.reshape(samples.shape[0], samples.shape[1], -1)
        self.bits = bits
        count = self.samples.shape[2]
        self.tags = {258: (3, [bits] * count), 262: (3, [photometric]), 277: (3, [count])} | (tags or {})
        if extra is not None:
            self.tags[338] = (3, extra)

    def bytes(self, part: np.ndarray, order: str) -> bytes:
        if self.bits == 16:
            return part.astype(order + "u2").tobytes()
        if self.bits == 8:
            return part.astype(np.uint8).tobytes()
        return b"".join(packed(part.reshape(part.shape[0], -1), self.bits))

    def file(self, compression="none", rows=None, tile=None, planar=False, order="<", predictor=False, **options):
        """A file of strips of so many rows, or of tiles."""
        height, width, count = self.samples.shape
        code, usual = COMPRESSIONS[compression]
        compress = options.pop("compress", usual)
        tags = self.tags | {259: (3, [code]), 284: (3, [2 if planar else 1])}
        tags |= options.pop("tags", {})
        if predictor:
            tags[317] = (3, [2])
        planes = [self.samples[..., [i]] for i in range(count)] if planar else [self.samples]
        down, across = tile or (rows or height, width)
        if tile:
            tags |= {322: (3, [across]), 323: (3, [down])}
        else:
            tags[278] = (4, [down])
        blocks = []
        for plane in planes:
            for top in range(0, height, down):
                for left in range(0, width, across):
                    part = plane[top : top + down, left : left + across]
                    if tile:
                        missing = [(0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0)]
                        part = np.pad(part, missing, constant_values=1)
                    if predictor:
                        part = np.diff(part.astype(np.int64), axis=1, prepend=0) % 2**self.bits
                    blocks.append(compress(self.bytes(part, order)))
        return tiff(width, height, blocks, tags, order, **options)


def kinds() -> dict[str, Kind]:
    """Samples of every kind, by name."""
    w, h = 21, 19
    random = np.random.default_rng(12)
    some = lambda most, *shape: random.integers(0, most, (h, w, *shape))
    found = {}
    for bits in (1, 2, 4, 8):
        found[f"grey{bits}"] = Kind(some(2**bits), bits, 1)
        found[f"white{bits}"] = Kind(some(2**bits), bits, 0)
        table = random.integers(0, 65536, 3 * 2**bits).tolist()
        found[f"palette{bits}"] = Kind(some(2**bits), bits, 3, tags={320: (3, table)})
    table = random.integers(0, 65536, 3 * 256).tolist()
    found["palette8_more"] = Kind(some(256, 2), 8, 3, [0], {320: (3, table)})
    # Below 256 too, since Pillow takes all above it for white.
    found["grey16"] = Kind(np.where(some(2) > 0, some(65536), some(300)), 16, 1)
    found["grey_alpha"] = Kind(some(256, 2), 8, 1, [2])
    found["grey_more"] = Kind(some(256, 2), 8, 1, [0])
    found["rgb8"] = Kind(pattern(w, h), 8, 2)
    found["rgb16"] = Kind(some(65536, 3), 16, 2)
    for name, extra in (("unnamed", None), ("more", [0]), ("multiplied", [1]), ("alpha", [2])):
        found[f"rgba8_{name}"] = Kind(some(256, 4), 8, 2, extra)
        found[f"rgba16_{name}"] = Kind(some(65536, 4), 16, 2, extra)
    for name, extra in (("more_more", [0, 0]), ("multiplied_more", [1, 0]), ("alpha_more", [2, 0])):
        found[f"rgb8_{name}"] = Kind(some(256, 5), 8, 2, extra)
    found["rgb8_three_more"] = Kind(some(256, 6), 8, 2, [0, 0, 0])
    found["cmyk8"] = Kind(some(256, 4), 8, 5)
    found["cmyk8_more"] = Kind(some(256, 5), 8, 5, [0])
    found["cmyk16"] = Kind(some(65536, 4), 16, 5)
    return found


def files() -> Iterator[tuple[str, bytes]]:
    known = kinds()
    for name, kind in known.items():
        yield f"tiff_{name}.tif", kind.file(rows=5)
        yield f"tiff_{name}_tiles.tif", kind.file("deflate", tile=(16, 16))
        if kind.bits == 16:
            yield f"tiff_{name}_mm.tif", kind.file("lzw", rows=7, order=">")
    rgb = known["rgb8"]
    for compression in COMPRESSIONS:
        yield f"tiff_{compression}.tif", rgb.file(compression, rows=8)
        yield f"tiff_{compression}_tiles.tif", rgb.file(compression, tile=(16, 16))
    yield "tiff_one_tile.tif", rgb.file("packbits", tile=(32, 32))
    yield "tiff_uncompressed_tiles_mm.tif", rgb.file(tile=(16, 16), order=">")
    for compression in ("none", "lzw"):
        yield f"tiff_planes_{compression}.tif", rgb.file(compression, rows=6, planar=True)
        yield f"tiff_planes_alpha_{compression}.tif", known["rgba8_alpha"].file(compression, rows=6, planar=True)
    yield "tiff_planes_tiles.tif", rgb.file("deflate", tile=(16, 16), planar=True)
    yield "tiff_planes_16.tif", known["rgb16"].file("deflate", rows=6, planar=True)
    # One sample, of which every row is in the same plane.
    for name in ("grey1", "grey8", "palette4"):
        yield f"tiff_planes_{name}.tif", known[name].file("lzw", rows=6, planar=True)
    # What is left of a block in the middle of its stream.
    yield "tiff_more_than_a_tile.tif", rgb.file(
        "deflate", tile=(16, 16), compress=lambda data: zlib.compress(data + bytes(40), 0))
    for name in ("rgb8", "rgb16", "grey8", "grey16"):
        yield f"tiff_{name}_predicted.tif", known[name].file("deflate", rows=8, predictor=True)
        yield f"tiff_{name}_predicted_tiles.tif", known[name].file("lzw", tile=(16, 16), predictor=True)
    for name in ("grey1", "grey8"):
        turned = bytes(int(format(byte, "08b")[::-1], 2) for byte in range(256))
        plain = known[name].file(rows=50, tags={266: (3, [2])})
        end = 8 + 19 * (21 * known[name].bits + 7 >> 3)
        yield f"tiff_{name}_reversed.tif", plain[:8] + plain[8:end].translate(turned) + plain[end:]
    for code in range(1, 9):
        yield f"tiff_turned{code}.tif", Kind(pattern(13, 9, 3), 8, 2).file("lzw", tags={274: (3, [code])})
    yield "tiff_turned6_uncompressed.tif", Kind(pattern(13, 9, 3), 8, 2).file(tags={274: (3, [6])})
    yield "tiff_big.tif", rgb.file("lzw", rows=8, big=True)
    other = Kind(np.zeros((19, 21)), 8, 1).tags | {259: (3, [8]), 278: (4, [19])}
    yield "tiff_pages.tif", rgb.file("deflate", rows=19, more=[other])
    image = picture(61, 47)
    yield "tiff_jpeg.tif", encoded(image, "TIFF", compression="jpeg", quality=80)
    yield "tiff_jpeg_grey.tif", encoded(image.convert("L"), "TIFF", compression="jpeg", quality=80)
    yield "tiff_jpeg_ycbcr.tif", encoded(image.convert("YCbCr"), "TIFF", compression="jpeg", quality=80)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"tiff_pillow_{compression}.tif", encoded(image, "TIFF", compression=compression)
    grey = Image.fromarray(np.arange(0, 600, dtype=np.uint16).reshape(20, 30))
    yield "tiff_pillow_grey16.tif", encoded(grey, "TIFF")
