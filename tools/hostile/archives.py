"""NumPy archives: rows 14 to 24."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Iterator

from case import CONVERT, Case


def npy(shape: str = "1,", data: bytes = bytes(4), kind: str = "<f4", **changes: object) -> bytes:
    """An array; `header` and `version` replace what belongs there."""
    order = changes.get("order", "False")
    text = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({shape}), }}\n"
    header = str(changes.get("header", text)).encode()
    version = int(str(changes.get("version", 1)))
    length = struct.pack("<H" if version == 1 else "<I", int(str(changes.get("length", len(header)))))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def member(contents: bytes, name: str = "a.npy", deflated: bool = False, **lies: int) -> dict:
    """A file of an archive; `lies` replace fields of its headers."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = packer.compress(contents) + packer.flush() if deflated else contents
    fields = {
        "flags": 0,
        "method": 8 if deflated else 0,
        "crc": zlib.crc32(contents),
        "packed": len(stored),
        "size": len(contents),
    }
    return {"name": name.encode(), "data": stored, "extra": b"", "start": None} | fields | lies


def archive(*members: dict, **lies: int) -> bytes:
    """A zip archive; `lies` replace fields of its end record."""
    body, directory = b"", b""
    for entry in members:
        start = len(body) if entry["start"] is None else entry["start"]
        sizes = struct.pack("<III", entry["crc"], entry["packed"], entry["size"])
        common = struct.pack("<HHI", entry["flags"], entry["method"], 0) + sizes
        name = entry["name"]
        body += b"PK\3\4\x14\0" + common + struct.pack("<HH", len(name), 0) + name + entry["data"]
        directory += b"PK\1\2\x14\0\x14\0" + common
        directory += struct.pack("<HHHHHII", len(name), len(entry["extra"]), 0, 0, 0, 0, start)
        directory += name + entry["extra"]
    count = lies.get("count", len(members))
    size = lies.get("size", len(directory))
    offset = lies.get("offset", len(body))
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, 0)


def header_cases() -> Iterator[Case]:
    """Rows 14 to 19: what an array's header can claim."""
    for row, name, contents, words in [
        (14, "magic", b"NUMPY?" + bytes(90), "magic"),
        (14, "version 4", npy(version=4), "version"),
        (15, "header longer than the member", npy(length=60_000), "header length"),
        (15, "header over 10,000", npy(header=" " * 10_001, data=bytes(9)), "header length"),
        (16, "code", npy(header="__import__('os').system('touch x')"), "header"),
        (16, "extra key", npy(header="{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}"), "x"),
        (16, "missing key", npy(header="{'descr': '<f4', 'shape': ()}"), "header"),
        (17, "objects", npy(kind="|O", data=b"\x80\x04."), "pickled data is refused"),
        (18, "negative extent", npy("-1,"), "header"),
        (18, "Boolean extent", npy("True,"), "header"),
        (18, "overflowing extents", npy(f"{2**62}, 4"), "shape"),
        (18, "no elements of overflowing extents", npy(f"{2**40}, 0, {2**40}", b""), "shape"),
        (18, "extent of 30 digits", npy("9" * 30 + ","), "header"),
        (19, "huge shape", npy(f"{2**40},"), "shape"),
    ]:
        for deflated in (False, True):
            data = archive(member(contents, deflated=deflated))
            yield Case(row, f"{name}{', deflated' * deflated}", data, words=words)


def container_cases() -> Iterator[Case]:
    """Rows 21 to 24: what an archive can claim."""
    large = npy("1000000,", bytes(1_000_000), "|u1")
    for name, data, words in [
        ("bomb", archive(member(npy(f"{400 << 20},", bytes(400 << 20), "|u1"), deflated=True)), "a.npy"),
        ("size too small", archive(member(large, deflated=True, size=100)), "a.npy"),
        ("size too large", archive(member(large, deflated=True, size=2**31)), "a.npy"),
        ("wrong checksum", archive(member(npy(), crc=0xABCD)), "abcd"),
        ("deflated, wrong checksum", archive(member(npy(), deflated=True, crc=0xABCD)), "abcd"),
    ]:
        yield Case(21, name, data, words=words)
    inner = archive(member(npy(), "b.npy"))
    overlap = archive(member(inner, "a.npy"), member(npy(), "b.npy", start=30 + 5))
    yield Case(22, "member inside a member", overlap, words="shared with a.npy")
    alias = archive(member(npy(), "a.npy"), member(npy(), "b.npy", start=0))
    yield Case(22, "one member, two names", alias)
    partly = archive(member(npy(data=bytes(4)), "a.npy", packed=200, size=200), member(npy(), "b.npy"))
    yield Case(22, "member over the next", partly, words="a.npy")
    for name, data, words in [
        ("directory past the end", archive(member(npy()), offset=2**31), "central directory"),
        ("too many members", archive(member(npy()), count=9), "central directory"),
        ("no zip64 record", archive(member(npy()), offset=2**32 - 1), "zip64"),
        ("no zip64 field", archive(member(npy(), size=2**32 - 1)), "zip64"),
        ("short zip64 field", archive(member(npy(), size=2**32 - 1, extra=b"\1\0\4\0abcd")), "zip64"),
        ("cut short", archive(member(npy()))[:-5], "end record"),
    ]:
        yield Case(23, name, data, words=words)
    for name, data, words in [
        ("../x.npy", archive(member(npy(), "../x.npy")), "../x.npy"),
        ("duplicate", archive(member(npy()), member(npy())), "twice"),
        ("encrypted", archive(member(npy(), flags=1)), "encrypted"),
        ("unknown method", archive(member(npy(), method=12)), "method"),
        ("no array", archive(member(b"hello", "a.txt")), "a.txt"),
    ]:
        yield Case(24, name, data, words=words)


def sound_cases(checkpoint: bytes, config: bytes) -> Iterator[Case]:
    """Row 20: a float16 safetensors checkpoint as arrays of other types and orders."""
    (length,) = struct.unpack_from("<Q", checkpoint)
    header = json.loads(checkpoint[8 : 8 + length])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = struct.unpack(f"<{(end - begin) // 2}e", checkpoint[begin:end])
            arrays[name] = (entry["shape"], values)
    for kind, code, order in [
        (">f4", ">{}f", "False"), ("<f8", "<{}d", "False"), (">f2", ">{}e", "False"), ("<f4", "<{}f", "True"),
    ]:
        members = []
        for name, (shape, values) in arrays.items():
            extents = ", ".join(map(str, shape)) + ","
            # Column-major order differs from row-major order only from two axes on.
            if order == "True" and len(shape) == 2:
                values = [values[row * shape[1] + i] for i in range(shape[1]) for row in range(shape[0])]
            is_column = order if len(shape) == 2 else "False"
            data = struct.pack(code.format(len(values)), *values)
            contents = npy(extents, data, kind, order=is_column)
            members.append(member(contents, f"{name}.npy", deflated=len(members) % 2 == 0))
        command = CONVERT + " --config {config}"
        name = f"{kind}{', column-major' * (order == 'True')}"
        yield Case(20, name, archive(*members), command, accepted=True, files={"config": config})


def cases(checkpoint: bytes, config: bytes) -> Iterator[Case]:
    """Every case of rows 14 to 24."""
    yield from header_cases()
    yield from sound_cases(checkpoint, config)
    yield from container_cases()
