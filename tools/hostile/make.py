"""Hostile and unusual inputs, each with what must happen.

Every function yields cases for one group of rows; `gate.py` runs them through the real commands. All
bytes are made here, deterministically, with nothing but Python's standard library.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))

import archives  # noqa: E402
import make_demo  # noqa: E402
import models  # noqa: E402
from case import CONVERT, Case  # noqa: E402


RUN = "vitrun {file} {picture}"
LABEL = "vitrun {plan} {file}"


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header, dumped as JSON unless it is bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: list, begin: int, end: int, dtype: str = "F32") -> dict:
    """An entry of a safetensors header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_cases() -> Iterator[Case]:
    """Rows 1 to 13."""
    for size in range(8):
        yield Case(1, f"{size} bytes", bytes(size), CONVERT, words="header length")
    for length in (2**64 - 1, 2**63, 100_000_001):
        yield Case(2, f"length {length}", safetensors({}, length=length), CONVERT, words="length")
    yield Case(3, "header longer than the file", safetensors({}, length=99), CONVERT, words="99")
    for name, text in [
        ("bad UTF-8", b'{"\xff": 1}'),
        ("bad JSON", b'{"a": }'),
        ("cut JSON", b'{"a": {"dtype"'),
        ("deep nesting", b'{"a":' + b"[" * 100_000),
        ("control character", b'{"a\n": 1}'),
        ("half a surrogate", b'{"\\ud800": 1}'),
    ]:
        yield Case(4, name, safetensors(text), CONVERT, words="JSON")
    twice = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' * 1
    twice += b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    yield Case(5, "duplicate name", safetensors(twice, bytes(4)), CONVERT, words="a")
    overlap = {"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}
    yield Case(6, "overlap", safetensors(overlap, bytes(12)), CONVERT, words="shared with a")
    alias = {f"t{i}": tensor([2], 0, 8) for i in range(1000)}
    yield Case(6, "a thousand aliases", safetensors(alias, bytes(8)), CONVERT, words="shared")
    hole = {"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)}
    yield Case(7, "hole", safetensors(hole, bytes(12)), CONVERT, words="byte 8")
    yield Case(7, "begin > end", safetensors({"a": tensor([1], 8, 4)}, bytes(8)), CONVERT)
    one = {"a": tensor([1], 0, 4)}
    yield Case(8, "trailing bytes", safetensors(one, bytes(7)), CONVERT, words="3 too many")
    yield Case(8, "2 bytes missing", safetensors(one, bytes(2)), CONVERT, words="2 missing")
    nameless = {"": tensor([1], 0, 4), "b": tensor([1], 8, 12)}
    yield Case(7, "hole behind no name", safetensors(nameless, bytes(12)), words="byte 8")
    nameless = {"": tensor([1], 4, 8)}
    yield Case(7, "hole before no name", safetensors(nameless, bytes(8)), words=': "": ')
    yield Case(9, "size lie", safetensors({"a": tensor([3], 0, 4)}, bytes(4)), CONVERT, words="12")
    for shape in ([2**40, 2**40], [2**62, 2], [2**63 - 1]):
        yield Case(10, f"shape {shape}", safetensors({"a": tensor(shape, 0, 4)}, bytes(4)), CONVERT)
    yield Case(11, "dtype", safetensors({"a": tensor([1], 0, 4, "F99")}, bytes(4)), CONVERT, words="F99")
    for extent in ("-1", "1.5", "1e3", "true", '"1"', "null", "1" * 40):
        text = b'{"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,4]}}' % extent.encode()
        yield Case(11, f"extent {extent[:8]}", safetensors(text, bytes(4)), CONVERT, words="shape")
    for name, data, words in [
        ("Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs"),
        ("HTML page", b"<!DOCTYPE html><html></html>", "HTML"),
        ("pickle", b"\x80\x02}q\x00.", "pth_to_safetensors"),
        ("gzip", zlib.compress(b"x", wbits=31) + bytes(16), "gzip"),
        ("tar", bytes(257) + b"ustar\x0000" + bytes(300), "tar"),
    ]:
        yield Case(13, name, data, CONVERT, words=words)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("archive/data.pkl", b"\x80\x02.")
    yield Case(13, "torch archive", archive.getvalue(), CONVERT, words="pth_to_safetensors")


def demo_checkpoint(edit=None, prefix: bytes = b"", spaces: int = 0) -> bytes:
    """The demo's checkpoint with its header changed."""
    folder = Path(make_demo.__file__).parent
    target = Path("/tmp") / f"vitc-hostile-{folder.stat().st_ino}.safetensors"
    make_demo.write_safetensors(target)
    data = target.read_bytes()
    target.unlink()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    if edit:
        edit(header)
    text = prefix + json.dumps(header).encode() + b" " * spaces
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


CONFIG = json.dumps({"model_args": {"num_heads": 4}}).encode()


def sound_checkpoints() -> Iterator[Case]:
    """Row 12: unusual, but sound."""
    command = CONVERT + " --config {config}"
    for name, data in [
        ("padded header", demo_checkpoint(spaces=64)),
        ("leading spaces", demo_checkpoint(prefix=b"  ")),
        ("unaligned data", demo_checkpoint(spaces=1)),
        ("metadata", demo_checkpoint(lambda h: h.update(__metadata__={"format": "pt"}))),
    ]:
        yield Case(12, name, data, command, accepted=True, files={"config": CONFIG})


def config_cases() -> Iterator[Case]:
    """Configurations are input too."""
    sound = demo_checkpoint()
    command = CONVERT + " --config {config}"
    for name, config in [
        ("not JSON", b"{"),
        ("an array", b"[]"),
        ("heads 0", b'{"model_args": {"num_heads": 0}}'),
        ("heads -1", b'{"model_args": {"num_heads": -1}}'),
        ("heads 5", b'{"model_args": {"num_heads": 5}}'),
        ("heads huge", b'{"model_args": {"num_heads": 99999999999999999999}}'),
        ("heads text", b'{"model_args": {"num_heads": "four"}}'),
        ("crop", b'{"model_args": {"num_heads": 4}, "pretrained_cfg": {"crop_pct": 7}}'),
        ("mean", b'{"model_args": {"num_heads": 4}, "pretrained_cfg": {"mean": [1]}}'),
        ("filter", b'{"model_args": {"num_heads": 4}, "pretrained_cfg": {"interpolation": "x"}}'),
        ("deep", b"[" * 100_000),
    ]:
        yield Case(4, f"config {name}", sound, command, files={"config": config})


def plan_cases(plan: bytes) -> Iterator[Case]:
    """Rows 36 to 43, on a sound plan's bytes."""
    yield Case(36, "bad magic", b"X" + plan[1:], RUN, words="magic")
    yield Case(36, "8 bytes", plan[:8], RUN)
    for name, at, layout, value, words in [
        ("version 0", 8, "<I", 0, "version"),
        ("version 99", 8, "<I", 99, "version"),
        ("byte order", 12, "<I", 0x04030201, "byte order"),
        ("file size", 16, "<Q", 2**64 - 1, ""),
        ("sections", 24, "<I", 2**32 - 1, ""),
        ("section offset", 64 + 32 + 8, "<Q", 2**63, ""),
        ("section size", 64 + 32 + 16, "<Q", 2**64 - 1, ""),
        ("misaligned section", 64 + 32 + 8, "<Q", 4097, ""),
    ]:
        damaged = bytearray(plan)
        struct.pack_into(layout, damaged, at, value)
        yield Case(36 if at < 24 else 38, name, bytes(damaged), RUN, words=words)
    step = max(1, len(plan) // 60)
    for length in range(0, len(plan), step):
        yield Case(43, f"cut at {length}", plan[:length], RUN)
    for position in range(7, len(plan), step):
        damaged = bytearray(plan)
        damaged[position] ^= 1 << position % 8
        yield Case(43, f"bit flip at {position}", bytes(damaged), RUN)
        if position % 5 == 0:
            yield Case(43, f"rewrite, flip at {position}", bytes(damaged), "vitc verify {file}")


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2, extra=b"") -> bytes:
    """A PNG of zlib-compressed rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def picture_cases() -> Iterator[Case]:
    """Rows 45 to 48."""
    yield Case(45, "PNG of 65535 x 65535", png(65535, 65535, b"x"), LABEL, words="65535 x 65535")
    yield Case(45, "PNG of 0 x 5", png(0, 5, b"x"), LABEL)
    jpeg = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    yield Case(45, "JPEG of 65535 x 65535", jpeg + b"\xff\xda", LABEL)
    yield Case(46, "JPEG cut in its header", jpeg[:9], LABEL)
    yield Case(47, "IDAT short", png(8, 8, bytes(50)), LABEL)
    text = b"tEXt", b"k\0" + b"x" * 10

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200 << 20)))
    row = b"\0" + bytes(24)
    yield Case(47, "zTXt bomb", png(8, 8, row * 8, extra=bomb), LABEL, words="zTXt")
    yield Case(47, "unknown critical chunk", png(8, 8, row * 8, extra=chunk(b"ABCD", b"")), LABEL)
    yield Case(47, "wrong checksum", png(8, 8, row * 8)[:-5] + b"xxxxx", LABEL)
    yield Case(48, "tEXt", png(8, 8, row * 8, extra=chunk(*text)), LABEL, accepted=True)
    grey16 = png(4, 4, (b"\0" + b"\x01\x02" * 4) * 4, depth=16, colour=0)
    yield Case(48, "16-bit grey", grey16, LABEL, accepted=True)
    alpha = png(4, 4, (b"\0" + bytes(16)) * 4, colour=6)
    yield Case(48, "RGBA named .jpg", alpha, LABEL, accepted=True, suffix="jpg")
    yield Case(48, "1 x 1", png(1, 1, b"\0abc"), LABEL, accepted=True)
    yield Case(48, "1 x 3000", png(1, 3000, (b"\0abc") * 3000), LABEL, accepted=True)
    yield Case(46, "empty file", b"", LABEL)
    yield Case(46, "text", b"hello", LABEL)


def flag_cases() -> Iterator[Case]:
    """Row 50."""
    for keep in ("0", "1.5", "0,7", "-1", "1e400", "nan", "inf"):
        command = "vitc rewrite {plan} -o {output} --keep=" + keep
        yield Case(50, f"keep {keep}", b"", command, words="--keep")
    for name, command in [
        ("missing checkpoint", "vitc convert {file}.none -o {output}"),
        ("folder as plan", "vitrun {folder} {picture}"),
        ("output in a missing folder", "vitc convert {sound} --config {config} -o {folder}/no/x"),
        ("output over the input", "vitc rewrite {plan} -o {plan} --keep 0.7"),
        ("output is a folder", "vitc rewrite {plan} -o {folder} --keep 0.7"),
        ("missing picture", "vitrun {plan} {file}.none"),
    ]:
        yield Case(50, name, b"", command, files={"config": CONFIG, "sound": demo_checkpoint()})


def all_cases(plan: bytes) -> Iterator[Case]:
    """Every case of every row."""
    yield from safetensors_cases()
    yield from sound_checkpoints()
    yield from archives.cases(demo_checkpoint(), CONFIG)
    yield from models.cases()
    yield from config_cases()
    yield from plan_cases(plan)
    yield from picture_cases()
    yield from flag_cases()
