"""Hostile and unusual inputs, each with what must happen.

Every function yields cases for one group of rows; `gate.py` runs them through the real commands. All
bytes are made here, deterministically, with nothing but Python's standard library, or are fixtures of
the tests.
"""

from __future__ import annotations

import io
import json
import os
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
import images  # noqa: E402
import methods  # noqa: E402
import plans  # noqa: E402
from case import CONVERT, Case  # noqa: E402

IMPORTS = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "imports"
GRAPHS = IMPORTS.parent / "onnx"


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
    for length in (3, 99, 99_999_999):
        data = safetensors({}, length=length)
        yield Case(3, f"header of {length} bytes", data, words=str(length))
    for name, text in [
        ("bad UTF-8", b'{"\xff": 1}'),
        ("bad JSON", b'{"a": }'),
        ("cut JSON", b'{"a": {"dtype"'),
        ("deep nesting", b'{"a":' + b"[" * 100_000),
        ("control character", b'{"a\n": 1}'),
        ("half a surrogate", b'{"\\ud800": 1}'),
    ]:
        yield Case(4, name, safetensors(text), CONVERT, words="JSON")
    entry = b'{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}'
    first, second = entry % (0, 4), entry % (4, 8)
    for name, text in [
        ("the same range", b'{"a":%s,"a":%s}' % (first, first)),
        ("two ranges", b'{"a":%s,"a":%s}' % (first, second)),
        ("written in another way", b'{"a":%s,"\\u0061":%s}' % (first, second)),
    ]:
        yield Case(5, name, safetensors(text, bytes(8)), words="a: expected each name once")
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
    for shape, dtype, size in (([3], "F32", 12), ([], "F64", 8), ([0], "F32", 0), ([3], "F16", 6)):
        data = safetensors({"a": tensor(shape, 0, 4, dtype)}, bytes(4))
        yield Case(9, f"{dtype} {shape} in 4 bytes", data, words=f"{size} bytes")
    for shape in ([2**40, 2**40], [2**62, 2], [2**63 - 1], [0, 2**40, 2**40]):
        size = 0 if 0 in shape else 4
        data = safetensors({"a": tensor(shape, 0, size)}, bytes(size))
        yield Case(10, f"shape {shape}", data, words="a, shape: expected a size that can be addressed")
    for dtype in ("F99", "f32", "", "F8_E4M3"):
        data = safetensors({"a": tensor([1], 0, 4, dtype)}, bytes(4))
        yield Case(11, f"dtype {dtype}", data, words=dtype or "dtype")
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


def append(header: dict, shape: list, size: int) -> None:
    """Adds a tensor behind all others, of a name that is skipped."""
    end = max(entry["data_offsets"][1] for entry in header.values())
    header["num_batches_tracked"] = tensor(shape, end, end + size)


CONFIG = json.dumps({"model_args": {"num_heads": 4}}).encode()


def sound_checkpoints() -> Iterator[Case]:
    """Row 12: unusual, but sound."""
    command = CONVERT + " --config {config}"
    for name, data in [
        ("padded header", demo_checkpoint(spaces=64)),
        ("leading spaces", demo_checkpoint(prefix=b"  ")),
        ("unaligned data", demo_checkpoint(spaces=1)),
        ("scalar", demo_checkpoint(lambda h: append(h, [], 4)) + bytes(4)),
        ("no elements", demo_checkpoint(lambda h: append(h, [3, 0], 0))),
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
    yield from reduction_cases()
    yield from relative_cases()


def relative_cases() -> Iterator[Case]:
    """What graphs add to scores that is no relative positions, tables of other sizes, and indices that
    are not the grid's."""
    known = json.loads((IMPORTS / "cases.json").read_text())
    refused = {case["name"]: case["files"] for case in known["refused"]}
    known = json.loads((GRAPHS / "cases.json").read_text())
    graphs = {case["name"]: case["files"]["model.onnx"] for case in known["refused"]}
    for name, words in [
        ("of_one_pair", "lie alike"), ("of_no_number", "finite numbers"),
        ("that_hides", "finite numbers"), ("of_keys", "lie alike"),
        ("of_fewer_tokens", "broadcast"), ("of_integers", "int64"),
    ]:
        data = (GRAPHS / graphs[f"refused_family_bias_{name}"]).read_bytes()
        yield Case(35, f"relative positions, {name}", data, CONVERT, words=words)
    for name, words in [
        ("table_of_another_grid", "relative_position_bias_table is [51, 2], not [52, 2]"),
        ("table_of_other_heads", "tables of 2 heads"), ("image_of_another_grid", "not [124, 2]"),
        ("index_out_of_range", "found 52"), ("index_negative", "found -1"),
        ("index_of_another_pair", "found 3"),
    ]:
        data, config = (
            (IMPORTS / refused[f"refused_timm_beit_{name}"][file]).read_bytes()
            for file in ("model.safetensors", "config.json"))
        yield Case(4, f"relative positions, {name}", data, CONVERT + " --config {config}",
                   words=words, files={"config": config})


def reduction_cases() -> Iterator[Case]:
    """What a checkpoint was trained with to have fewer tokens, in a configuration and in metadata."""
    evit = {"method": "evit", "blocks": [3], "keep_rate": 0.7, "fuse": True}
    avit = {"method": "avit", "gate_scale": 1, "gate_center": 2}
    ppt = {"method": "ppt", "blocks": [2], "remove": 3}
    command, files = CONVERT + " --config {config}", {"config": CONFIG}
    for name, text, words in [
        ("no JSON", "{", "JSON"),
        ("no object", "[]", "an object"),
        ("deep", "[" * 100_000, "token_reduction"),
        ("no method", json.dumps(evit | {"method": None}), "the name of a method"),
        ("another method", json.dumps(evit | {"method": "tome"}), "a method that is built"),
        ("no gate", json.dumps({"method": "avit", "gate_scale": 1}), "gate_center"),
        ("eps 1", json.dumps(avit | {"eps": 1}), "a number in (0, 1)"),
        ("gate huge", json.dumps(avit | {"gate_scale": 1e39}), "a number"),
        ("no thresholds", json.dumps({"method": "asvit"}), "keep_threshold"),
        ("no head weights", json.dumps({"method": "spvit"}), "senet.0.weight"),
        ("a rate of spvit", json.dumps({"method": "spvit", "keep_rate": 0.7}), "a key whose meaning is known"),
        ("an unknown key", json.dumps(evit | {"gate": 1}), "a key whose meaning is known"),
        ("a key twice", json.dumps(evit)[:-1] + ', "fuse": false}', "twice"),
        ("a block that there is not", json.dumps(evit | {"blocks": [2**40]}), "ascending numbers"),
        ("very many blocks", json.dumps(evit | {"blocks": [3] * 100_000}), "ascending numbers"),
        ("rate 0", json.dumps(evit | {"keep_rate": 0}), "a share in (0, 1]"),
        ("rate huge", json.dumps(evit | {"keep_rate": 0}).replace(": 0", ": 1e999"), ""),
        ("rate text", json.dumps(evit | {"keep_rate": "0.7"}), "a share in (0, 1]"),
        ("fuse 1", json.dumps(evit | {"fuse": 1}), "true or false"),
        ("fuse of another", json.dumps(ppt | {"fuse": True}), "a key whose meaning is known"),
        ("remove -1", json.dumps(ppt | {"remove": -1}), "a number of tokens"),
        ("remove 2^40", json.dumps(ppt | {"remove": 2**40}), "a number of tokens"),
        ("threshold below 0", json.dumps(ppt | {"threshold": -1e-9}), "0 or more"),
        ("threshold huge", json.dumps(ppt | {"threshold": 1e39}), "0 or more"),
        ("size_aware text", json.dumps(ppt | {"size_aware": "yes"}), "true or false"),
        ("no predictors", json.dumps({"method": "dynamicvit", "keep_rate": 0.7}), "score_predictor"),
        ("another's names", json.dumps({"method": "evovit"}), "qks.0.qk.weight"),
    ]:
        checkpoint = demo_checkpoint(lambda h: h.update(__metadata__={"token_reduction": text}))
        yield Case(4, f"metadata of a method: {name}", checkpoint, command, words=words, files=files)
        if name not in ("no JSON", "deep"):
            config = CONFIG[:-1] + b', "token_reduction": ' + text.encode() + b"}"
            yield Case(
                4, f"config of a method: {name}", demo_checkpoint(), command, words=words, files={"config": config})
    checkpoint = demo_checkpoint(lambda h: h.update(__metadata__={"token_reduction": json.dumps(evit)}))
    yield Case(12, "metadata of a method", checkpoint, command, accepted=True, files=files)
    for flags in ("--keep=nan", "--keep=0", "--keep=1.5", "--layers=0", "--layers=99", "--layers=4,4", "--method=tome"):
        method = "" if flags.startswith("--method") else " --method evit --fuse"
        flag = flags.partition("=")[0]
        if flag != "--keep":
            method += " --keep 0.7"
        yield Case(50, f"convert {flags}", demo_checkpoint(), f"{command}{method} {flags}", words=flag, files=files)
    for flags in ("--remove=-1", "--threshold=nan", "--threshold=-1", "--threshold=1e39", "--keep=0.5", "--fuse"):
        flag = flags.partition("=")[0]
        yield Case(50, f"ppt {flags}", demo_checkpoint(), f"{command} --method ppt {flags}", words=flag, files=files)
    for flags in ("--keep 0.5", "--layers 4", "--fuse", "--no-fuse", "--remove 3", "--threshold 1", "--size-aware"):
        yield Case(50, f"convert {flags} alone", demo_checkpoint(), f"{command} {flags}", words="--method", files=files)


def flag_cases() -> Iterator[Case]:
    """Row 50."""
    for keep in ("0", "1.5", "0,7", "-1", "1e400", "nan", "inf"):
        command = "vitc rewrite {plan} -o {output} --keep=" + keep
        yield Case(50, f"keep {keep}", b"", command, words="--keep")
    for flag, values in (
        ("--remove", ("-1", "0,-3", "9999", "0,0", str(2**63 - 1), ",".join("1" * 999))),
        ("--r", ("0", "-5", str(-(2**63)))),
        ("--budget", ("0", "1", "2", "-0.5", "nan", "inf", "1e400", "1e-9", "0.99999")),
        ("--target-gmacs", ("0", "-1", "nan", "inf", "1e300", "1e-30")),
    ):
        for value in values:
            for strategy in ("merge", "weighted"):
                command = f"vitc rewrite {{plan}} --strategy {strategy} -o {{output}} {flag}={value}"
                name = f"{strategy} {flag} {value[:20]}"
                yield Case(50, name, b"", command, words=flag)
    for kept in ("no.such.weight", "[", "blocks.99.*", "*"):
        command = "vitc quantize {plan} -o {output} --keep-f32 " + kept
        yield Case(50, f"--keep-f32 {kept}", b"", command, words="weights" if kept == "*" else "--keep-f32")
    for flag, values in (
        ("--opset", ("16", "24", "-1", str(2**63 - 1))),
        ("--batch", ("0", "-1", "65537", str(2**63 - 1))),
    ):
        for value in values:
            command = f"vitc export {{plan}} -o {{output}} {flag}={value}"
            yield Case(50, f"export {flag} {value}", b"", command, words=flag)
    command = "vitc rewrite {plan} --strategy weighted -o {output} --remove=0,"
    for name, removed in (("half and one", "99"), ("of what is left", "98,50")):
        yield Case(50, f"weighted, {name}", b"", command + removed, words="at most")
    for name, command in [
        ("missing checkpoint", "vitc convert {file}.none -o {output}"),
        ("folder as plan", "vitrun {folder} {image}"),
        ("output in a missing folder", "vitc convert {sound} --config {config} -o {folder}/no/x"),
        ("output over the input", "vitc rewrite {plan} -o {plan} --keep 0.7"),
        ("output is a folder", "vitc rewrite {plan} -o {folder} --keep 0.7"),
        ("model over the plan", "vitc export {plan} -o {plan}"),
        ("missing image", "vitrun {plan} {file}.none"),
        ("folder as checkpoint", "vitc convert {folder} -o {output}"),
        ("device as checkpoint", "vitc convert /dev/zero -o {output}"),
    ]:
        yield Case(50, name, b"", command, files={"config": CONFIG, "sound": demo_checkpoint()})

    def fifo(folder: Path) -> None:
        os.mkfifo(folder / "fifo")

    for command in (
        "vitc convert {folder}/fifo -o {output}",
        "vitc rewrite {folder}/fifo --keep 0.7 -o {output}",
        "vitc verify {folder}/fifo",
        "vitc export {folder}/fifo -o {output}",
        "vitrun {folder}/fifo {image}",
        "vitrun {plan} {folder}/fifo",
    ):
        yield Case(50, f"FIFO: {command}", b"", command, words="a FIFO", setup=fifo)


def all_cases(
    dense: bytes, reduced: bytes, weighted: bytes, int8: bytes, average: bytes, attention: bytes,
    rotary: bytes, gated: bytes, relative: bytes, rms: bytes, oblong: bytes, trained: list[bytes]
) -> Iterator[Case]:
    """Every case of every row."""
    yield from safetensors_cases()
    yield from sound_checkpoints()
    yield from archives.cases(demo_checkpoint(), CONFIG)
    yield from models.cases()
    yield from config_cases()
    yield from plans.cases(
        dense, reduced, weighted, int8, average, attention, rotary, gated, relative, rms,
        oblong)
    yield from methods.cases(*map(plans.Plan, trained))
    yield from images.cases()
    yield from flag_cases()
