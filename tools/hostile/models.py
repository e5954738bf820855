"""ONNX models: rows 25 to 35."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Iterator

from case import Case

ONE = struct.pack("<f", 1)
VARIANTS = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "variants"


def varint(value: int) -> bytes:
    """A number in protobuf's wire format."""
    value &= 2**64 - 1
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def number(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return varint(field << 3) + varint(value)


def chunk(field: int, *contents: bytes | str) -> bytes:
    """A field that holds text, bytes or a message."""
    data = b"".join(part.encode() if isinstance(part, str) else part for part in contents)
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(*values: bytes, name: str = "w", dims: tuple = (1,), kind: int = 1) -> bytes:
    """The fields of a tensor."""
    return b"".join(number(1, dim) for dim in dims) + number(2, kind) + chunk(8, name) + b"".join(values)


def place(**entries: str) -> bytes:
    """The fields that say where in another file a tensor lies."""
    pairs = [chunk(13, chunk(1, key), chunk(2, value)) for key, value in entries.items()]
    return b"".join(pairs) + number(14, 1)


def external(**entries: str) -> bytes:
    """The fields of a tensor that lies in another file."""
    return tensor(place(**entries))


def node(op: str, inputs: list, outputs: list, *attributes: bytes) -> bytes:
    """The fields of a node called `n`."""
    names = [chunk(1, name) for name in inputs] + [chunk(2, name) for name in outputs]
    return b"".join(names) + chunk(3, "n") + chunk(4, op) + b"".join(chunk(5, a) for a in attributes)


def model(*graph: bytes) -> bytes:
    """A model whose graph has these fields."""
    return number(1, 8) + chunk(2, "test") + chunk(7, *graph) + chunk(8, number(2, 17))


def initializer(contents: bytes) -> bytes:
    """A model with one tensor."""
    return model(chunk(5, contents))


WEIGHT = chunk(5, tensor(chunk(9, ONE)))
EXTENTS = [chunk(1, number(1, extent)) for extent in (1, 3, 8, 8)]
IMAGE = chunk(11, chunk(1, "x"), chunk(2, chunk(1, number(1, 1), chunk(2, *EXTENTS))))


def wire_cases() -> Iterator[Case]:
    """Rows 25 to 27: bytes that are no messages."""
    whole = model(chunk(1, node("Relu", ["w"], ["y"])), WEIGHT)
    for cut in range(3, len(whole), 3):
        yield Case(25, f"cut at {cut}", whole[:cut])
    start = number(1, 8)
    for name, data, words in [
        ("long varint", b"\x08" + b"\xff" * 11, "byte 1"),
        ("long length", start + b"\x3a" + b"\xff" * 11, "byte 3"),
        ("length past the end", start + b"\x3a\x7f", "byte 3"),
        ("length of 2^63", start + b"\x3a" + varint(2**63), "byte 3"),
        ("name that is not UTF-8", start + b"\x12\x01\xff", "byte 4"),
    ]:
        yield Case(25, name, data, words=words)
    nested = WEIGHT
    for _ in range(200):
        nested = WEIGHT + chunk(1, node("If", ["w"], ["y"], chunk(1, "g") + chunk(6, nested) + number(20, 5)))
    yield Case(26, "nested graphs", model(nested), words="nesting")
    yield Case(26, "nested groups", start + b"\x3a\x80\x01" + b"\x0b" * 128, words="groups")
    for size in (2**31, 2**33):

        def grow(folder: Path, size: int = size) -> None:
            os.truncate(folder / "case.bin", size)

        yield Case(27, f"{size >> 30} GiB", whole, words="2147483647 bytes; larger", setup=grow, memory=1 << 35)


def tensor_cases() -> Iterator[Case]:
    """Rows 28 to 30."""
    for dims in ((2**62, 2**62), (-1,), (2**63 - 1,), (0, 2**40, 2**40)):
        yield Case(28, f"dims {dims}", initializer(tensor(dims=dims)), words="w, dims")
    for name, contents in [
        ("too little", tensor(chunk(9, ONE), dims=(2,))),
        ("too much", tensor(chunk(9, ONE * 2))),
        ("floats too much", tensor(chunk(4, ONE * 2))),
        ("integers too few", tensor(chunk(7, b"\1"), dims=(2,), kind=7)),
        ("no values", tensor()),
        ("two fields", tensor(chunk(9, ONE), chunk(4, ONE))),
        ("field of another type", tensor(chunk(7, b"\1"))),
    ]:
        yield Case(29, name, initializer(contents), words="initializer w")
    for kind in (0, 8, 17, 22, 99, 2**31 - 1):
        yield Case(30, f"type {kind}", initializer(tensor(chunk(9, b""), kind=kind)), words="data_type")


def external_cases() -> Iterator[Case]:
    """Rows 31 to 33."""
    for location in ("../secret", "/etc/passwd", "a/../../b", "..", "", "none", "data/"):
        yield Case(31, location or "empty", initializer(external(location=location)), words="location")
    # A slash before a combining accent is one character with it, and yet a slash.
    for location, words in (("../\u0301x", "leads out"), ("/\u0301x", "an absolute path")):
        yield Case(31, repr(location), initializer(external(location=location)), words=words)

    def link(folder: Path) -> None:
        os.symlink("/etc/passwd", folder / "link")

    def parent(folder: Path) -> None:
        os.symlink("/etc", folder / "parent")

    def hard(folder: Path) -> None:
        os.link(folder / "case.bin", folder / "hard")

    def fifo(folder: Path) -> None:
        os.mkfifo(folder / "fifo")

    for location, setup, words in [
        ("link", link, "symbolic link"),
        ("parent/passwd", parent, "symbolic link"),
        ("hard", hard, "hard links"),
        ("fifo", fifo, "FIFO"),
    ]:
        data = initializer(external(location=location))
        yield Case(32, location, data, words=words, setup=setup)
    for key, value in [
        ("offset", "-4"), ("offset", "x"), ("offset", "9" * 30), ("offset", "9"), ("length", "-4"),
        ("length", "1e3"), ("length", "9"), ("length", str(2**63 - 1)),
    ]:
        data = initializer(external(location="extra-data", **{key: value}))
        yield Case(33, f"{key} {value[:9]}", data, words=key, files={"data": ONE})


def graph_cases() -> Iterator[Case]:
    """Rows 34 and 35."""
    relu = chunk(1, node("Relu", ["w"], ["y"]))
    for name, fields, words in [
        ("duplicate initializer", [WEIGHT, WEIGHT], "initializer w"),
        ("missing input", [WEIGHT, chunk(1, node("Relu", ["gone"], ["y"]))], "'gone'"),
        ("cycle", [chunk(1, node("Relu", ["b"], ["a"])), chunk(1, node("Relu", ["a"], ["b"]))], "'n'"),
        ("output computed twice", [WEIGHT, relu, relu], "'y'"),
        ("undefined output", [WEIGHT, chunk(12, chunk(1, "z"))], "output z"),
    ]:
        yield Case(34, name, model(*fields), words=words)
    for name, value in [
        ("type and value differ", number(20, 2) + struct.pack("<Bf", 2 << 3 | 5, 1)),
        ("two values", number(20, 2) + number(3, 1) + chunk(4, "x")),
        ("unknown type", number(20, 77) + number(3, 1)),
        ("no value", b""),
    ]:
        softmax = chunk(1, node("Softmax", ["w"], ["y"], chunk(1, "axis") + value))
        yield Case(35, name, model(WEIGHT, softmax), words="'n', attribute axis")


def empty_cases() -> Iterator[Case]:
    """Row 35: operators on tensors without elements."""
    axis = chunk(1, "axis") + number(20, 2)
    for name, dims, operation, words in [
        ("split", (2**31, 0), node("Split", ["w"], ["y", "z"], axis + number(3, 1)), "an axis to split"),
        ("joined", (2**31, 0), node("Concat", ["w", "w"], ["y"], axis + number(3, 1)), "output y"),
        ("far too long", (2**40, 0), node("Concat", ["w", "w"], ["y"], axis + number(3, 0)), "extents"),
    ]:
        fields = [chunk(5, tensor(chunk(9, b""), dims=dims)), chunk(1, operation), IMAGE]
        yield Case(35, f"nothing, {name}", model(*fields, chunk(12, chunk(1, "y"))), words=words)


def moved_cases() -> Iterator[Case]:
    """Row 35: repetitions, steps and products of constants that no memory holds."""
    def integers(name: str, *values: int) -> bytes:
        data = b"".join(struct.pack("<q", value) for value in values)
        return chunk(5, tensor(chunk(9, data), name=name, dims=(len(values),), kind=7))

    huge = [2**62, 2**62, 2, 2]
    for name, fields, words in [
        ("tiled without end", [integers("c", *huge), chunk(1, node("Tile", ["x", "c"], ["y"]))],
         "fits memory"),
        ("tiled backwards", [integers("c", 1, -1, 1, 1), chunk(1, node("Tile", ["x", "c"], ["y"]))],
         "a count of repetitions"),
        ("sliced by no step",
         [integers("s", 0), integers("e", 8), integers("a", 3), integers("t", 0),
          chunk(1, node("Slice", ["x", "s", "e", "a", "t"], ["y"]))], "a slice that goes forward"),
        ("sliced by an uneven step",
         [integers("s", 0), integers("e", 8), integers("a", 3), integers("t", 3),
          chunk(1, node("Slice", ["x", "s", "e", "a", "t"], ["y"]))], "a slice along whole axes"),
        ("product of constants",
         [integers("n", 2**10, 2**10),
          chunk(1, node("ConstantOfShape", ["n"], ["m"])),
          chunk(1, node("MatMul", ["m", "m"], ["y"]))], "products of constants"),
    ]:
        yield Case(35, name, model(*fields, IMAGE, chunk(12, chunk(1, "y"))), words=words)


def with_graph_fields(data: bytes, *more: bytes) -> bytes:
    """A model of messages, texts and numbers, with further fields behind those of its graph."""

    def varint_at(place: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = data[place]
            value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
            if byte < 128:
                return value, place

    result, place = b"", 0
    while place < len(data):
        start = place
        key, place = varint_at(place)
        length, place = varint_at(place)
        if key & 7 == 2:
            contents, place = data[place : place + length], place + length
            result += chunk(7, contents, *more) if key >> 3 == 7 else data[start:place]
        else:
            result += data[start:place]
    return result


def computed_cases() -> Iterator[Case]:
    """Row 35: nodes of a few bytes that each compute a million numbers."""
    extents = chunk(5, tensor(chunk(9, struct.pack("<q", 2**20)), dims=(1,), kind=7))
    many = [chunk(1, node("ConstantOfShape", ["w"], [f"y{index}"])) for index in range(300)]
    fields = [extents, *many, IMAGE, chunk(12, chunk(1, "y0"))]
    yield Case(35, "300 constants of a million numbers", model(*fields), words="computed elements in all")
    sound = (VARIANTS / "torchscript_17" / "model.onnx").read_bytes()
    # Nothing names these constants, which are not kept.
    yield Case(35, "100 constants of a million numbers, one behind the other",
               with_graph_fields(sound, extents, *many[:100]), accepted=True)
    axis = chunk(1, "axis") + number(20, 2) + number(3, 0)
    held = chunk(1, node("Concat", [f"y{index}" for index in range(40)], ["z"], axis))
    fields = [extents, *many[:40], held, IMAGE, chunk(12, chunk(1, "z"))]
    yield Case(35, "40 constants of a million numbers at once", model(*fields), words="computed elements at once")
    functions = {
        "Not": [chunk(1, node("Not", ["y0" if index == 0 else f"z{index - 1}"], [f"z{index}"]))
                for index in range(300)],
        # To and fro between integers and floats.
        "Cast": [chunk(1, node("Cast", ["y0" if index == 0 else f"z{index - 1}"], [f"z{index}"],
                               chunk(1, "to") + number(20, 2) + number(3, 7 if index % 2 == 0 else 1)))
                 for index in range(300)],
    }
    for name, nodes in functions.items():
        fields = [extents, many[0], *nodes, IMAGE, chunk(12, chunk(1, "z0"))]
        yield Case(35, f"300 {name} of a million numbers", model(*fields), words="computed elements in all")
    ends = [chunk(5, tensor(chunk(9, struct.pack("<q", value)), name=name, dims=(), kind=7))
            for name, value in (("a", 0), ("b", 2**20), ("c", 1))]
    ranges = [chunk(1, node("Range", ["a", "b", "c"], [f"y{index}"])) for index in range(300)]
    fields = [*ends, *ranges, IMAGE, chunk(12, chunk(1, "y0"))]
    yield Case(35, "300 ranges of a million numbers", model(*fields), words="computed elements in all")


def cases() -> Iterator[Case]:
    """Every case of rows 25 to 35."""
    yield from wire_cases()
    yield from tensor_cases()
    yield from external_cases()
    yield from graph_cases()
    yield from empty_cases()
    yield from computed_cases()
    yield from moved_cases()
