"""Plans: rows 36 to 43, and 61."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, Iterator

from case import Case

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import plan_dump  # noqa: E402

RUN = "vitrun {file} {image}"
VERIFY = "vitc verify {file}"
SECTIONS = (
    "weights", "facts", "labels", "constants", "programs", "graph", "origin", "cascade", "details",
    "patches")
# Parts of a section that are spoken of by names of their own.
PARTS = {
    "program": ("programs", "programs.0."),
    "recipe": ("programs", "programs.0.recipe."),
    "fallback": ("programs", "programs.1."),
}
HUGE = 2**63 - 64


class Places(plan_dump.Reader):
    """Reads a section and notes where each field lies: `steps.0.weight` and the like."""

    def __init__(self, data: bytes, section: str) -> None:
        super().__init__(data, section)
        self.path: list[str] = []
        self.found: dict[str, tuple[int, str]] = {}
        self.values = self.only(section.capitalize())

    def value(self, kind: str) -> Any:
        self.found[".".join(self.path)] = (self.offset, kind)
        if kind.startswith("["):
            return [self.named(str(i), kind[1:-1]) for i in range(self.take("<I"))]
        return super().value(kind)

    def named(self, name: str, kind: str) -> Any:
        """A value below the present path."""
        self.path.append(name)
        try:
            return self.value(kind)
        finally:
            self.path.pop()

    def fields(self, layout: list[str]) -> dict[str, Any]:
        return {name: self.named(name, kind) for name, kind in (f.split(":", 1) for f in layout)}


class Part:
    """The fields of a section below a name."""

    def __init__(self, places: Places, prefix: str) -> None:
        values: Any = places.values
        for name in prefix.strip(".").split("."):
            values = values[int(name) if name.isdigit() else name]
        self.values = values
        self.found = {
            name.removeprefix(prefix): place
            for name, place in places.found.items()
            if name.startswith(prefix)
        }


class Plan:
    """A sound plan, to be damaged behind checksums that are right again."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.count,) = struct.unpack_from("<I", data, 24)
        self.sections: dict[str, Places | Part] = {
            name: Places(self.section(name), name) for name in self.names()[1:]
        }
        for name, (section, prefix) in PARTS.items():
            if name != "fallback" or "cascade" in self.sections:
                self.sections[name] = Part(self.sections[section], prefix)

    def kinds(self) -> list[int]:
        """The sections' kinds in the order of the table."""
        return [struct.unpack_from("<I", self.data, 64 + 32 * i)[0] for i in range(self.count)]

    def names(self) -> list[str]:
        """The sections in the order of the table."""
        return [SECTIONS[kind - 1] for kind in self.kinds()]

    def entry(self, name: str) -> int:
        """Where the section table speaks of a section."""
        section, _ = PARTS.get(name, (name, ""))
        return 64 + 32 * self.names().index(section)

    def section(self, name: str) -> bytes:
        """A section's bytes."""
        offset, length = struct.unpack_from("<QQ", self.data, self.entry(name) + 8)
        return self.data[offset : offset + length]

    def sealed(self, data: bytearray) -> bytes:
        """The bytes with new checksums of the header and the section table."""
        struct.pack_into("<Q", data, 32, plan_dump.xxh64(bytes(data[64 : 64 + 32 * self.count])))
        struct.pack_into("<Q", data, 56, plan_dump.xxh64(bytes(data[:56])))
        return bytes(data)

    def with_head(self, at: int, layout: str, value: int) -> bytes:
        """One number of the header or the section table replaced."""
        data = bytearray(self.data)
        struct.pack_into(layout, data, at, value)
        return self.sealed(data)

    def changed(self, section: str, **values: float) -> bytes:
        """Fields of a section replaced; `__` stands for the dot in their names. A list's value is
        its count, a text's its length, a step's or a node's its kind."""
        data = bytearray(self.data)
        (start,) = struct.unpack_from("<Q", data, self.entry(section) + 8)
        for name, value in values.items():
            offset, kind = self.sections[section].found[name.replace("__", ".")]
            is_count = kind.startswith("[") or kind == "text"
            is_byte = kind in ("bool", "Step", "Node") or kind.startswith("choice")
            if kind == "float":
                struct.pack_into("<f", data, start + offset, value)
                continue
            layout = "<I" if is_count else "<B" if is_byte else "<q"
            struct.pack_into(layout, data, start + offset, int(value))
        size = len(self.section(section))
        checksum = plan_dump.xxh64(bytes(data[start : start + size]))
        struct.pack_into("<Q", data, self.entry(section) + 24, checksum)
        return self.sealed(data)

    def first(self, section: str, rows: str, kind: str) -> tuple[str, dict[str, Any]]:
        """The first step or node of a kind: how its fields' names begin, and its values."""
        found = self.sections[section].values[rows]
        number, row = next((i, row) for i, row in enumerate(found) if row["kind"] == kind)
        return f"{rows}__{number}__", row

    def buffers(self) -> list[int]:
        """The buffers that lie in the arena."""
        program = self.sections["program"].values
        return [i for i in range(len(program["buffers"])) if i != program["input"]]


def sealed_sections(sections: dict[int, bytes]) -> bytes:
    """A plan of these sections, by their kinds."""
    body, table = b"", b""
    for kind, section in sections.items():
        checksum = plan_dump.xxh64(section) if kind > 1 else 0
        table += struct.pack("<IIQQQ", kind, 0, 4096 + len(body), len(section), checksum)
        body += section + bytes(-len(section) % 64)
    head = b"VITPLAN\0" + struct.pack("<IIQII", 2, 0x01020304, 4096 + len(body), len(sections), 0)
    head += struct.pack("<QQQ", plan_dump.xxh64(table), 0, 0)
    head += struct.pack("<Q", plan_dump.xxh64(head))
    return (head + table).ljust(4096, b"\0") + body


def combined(dense: bytes, reduced: bytes, margin: float, share: float) -> bytes:
    """The plan that runs `reduced`, and `dense` where that is not sure; `reduced` is a rewrite of it that
    adds no constants."""
    first, second = Plan(reduced), Plan(dense)
    assert first.section("constants") == second.section("constants")
    sections = {name: first.section(name) for name in SECTIONS[:7]}
    sections["programs"] = struct.pack("<I", 2) + b"".join(
        plan.section("programs")[4:] for plan in (first, second)
    )
    writer = sections["origin"][:-4]
    sections["origin"] = writer + struct.pack("<II", 1, 7) + b"cascade"
    sections["cascade"] = struct.pack("<dd", margin, share)
    return sealed_sections(dict(enumerate(sections.values(), start=1)))


def damaged_cases(plan: bytes) -> Iterator[Case]:
    """Rows 36, 38 and 43: bytes that are no longer what their checksums say."""
    yield Case(36, "bad magic", b"X" + plan[1:], RUN, words="magic")
    yield Case(36, "8 bytes", plan[:8], RUN)
    for name, at, layout, value, words in [
        ("version 0", 8, "<I", 0, "version"),
        ("version 1", 8, "<I", 1, "written by vitc 0.1: make it anew"),
        ("version 99", 8, "<I", 99, "vitc convert"),
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
        if name == "version 1":
            # Of version 1 the facts are shown, if they are whole.
            yield Case(36, "version 1, shown", bytes(damaged), "vitc inspect {file}",
                       words="header checksum")
    step = max(1, len(plan) // 60)
    for length in range(0, len(plan), step):
        yield Case(43, f"cut at {length}", plan[:length], RUN)
    for position in range(7, len(plan), step):
        damaged = bytearray(plan)
        damaged[position] ^= 1 << position % 8
        yield Case(43, f"bit flip at {position}", bytes(damaged), RUN)
        if position % 5 == 0:
            yield Case(43, f"verify, flip at {position}", bytes(damaged), VERIFY)


def container_cases(plan: Plan) -> Iterator[Case]:
    """Rows 37 to 39: counts, lengths and places, behind checksums that are right."""
    for section, name in [
        ("facts", "architecture"), ("facts", "provenance"), ("labels", "labels"),
        ("constants", "constants"), ("constants", "constants__0__name"), ("program", "buffers"),
        ("program", "steps"), ("graph", "nodes"), ("graph", "outputs"), ("recipe", "stages"),
    ]:
        for count in (2**32 - 1, 2**31):
            damaged = plan.changed(section, **{name: count})
            words, _ = PARTS.get(section, (section, ""))
            yield Case(37, f"{section} {name}: {count}", damaged, VERIFY, words=words)
    program = plan.entry("program")
    for name, at, layout, value in [
        ("section count", 24, "<I", 2**32 - 1),
        ("file size", 16, "<Q", 2**64 - 1),
        ("offset 2^64 - 64", program + 8, "<Q", 2**64 - 64),
        ("size 2^64 - 64", program + 16, "<Q", 2**64 - 64),
        ("offset past the end", program + 8, "<Q", len(plan.data)),
        ("size past the end", program + 16, "<Q", len(plan.data)),
    ]:
        yield Case(38, f"{name}, sealed", plan.with_head(at, layout, value), RUN)
    (offset,) = struct.unpack_from("<Q", plan.data, program + 8)
    for move in (1, 32, -64):
        moved = plan.with_head(program + 8, "<Q", offset + move)
        yield Case(39, f"section moved by {move}", moved, RUN, words="program")
    buffer = f"buffers__{plan.buffers()[0]}__"
    image = f"buffers__{plan.sections['program'].values['input']}__"
    for name, section, values, words in [
        ("constant at byte 4", "constants", {"constants__0__offset": 4}, "offset"),
        ("arena of 65 bytes", "program", {"arena_bytes": 65}, "arena_bytes"),
        ("buffer at byte 1", "program", {f"{buffer}offset": 1}, "64-byte aligned"),
        ("buffer at byte -64", "program", {f"{buffer}offset": -64}, "64-byte aligned"),
        ("input in the arena", "program", {f"{image}offset": 0}, "input image"),
    ]:
        yield Case(39, name, plan.changed(section, **values), RUN, words=words)


def size_cases(plan: Plan) -> Iterator[Case]:
    """Row 40: sizes whose product, sum or padding wraps."""
    buffer = f"buffers__{plan.buffers()[0]}__"
    for value in (HUGE, 2**62, 2**40, 2**24 + 1, 0, -1, -(2**63)):
        for name in ("rows", "columns"):
            damaged = plan.changed("program", **{buffer + name: value})
            yield Case(40, f"{name} {value}", damaged, RUN, words="extents")
        for name in ("shape__0", "byte_count", "offset"):
            damaged = plan.changed("constants", **{f"constants__1__{name}": value})
            yield Case(40, f"{name} {value}", damaged, VERIFY, words="constant 1")
    for value in (HUGE, 2**62, -64):
        damaged = plan.changed("program", **{buffer + "offset": value})
        yield Case(40, f"buffer at {value}", damaged, RUN, words="place")
    for value in (2**63 - 1, 2**40 + 1, -1):
        damaged = plan.changed("constants", constants__0__parameters=value)
        yield Case(40, f"{value} parameters", damaged, VERIFY, words="parameters")
    for name, value in [
        ("resize_height", 0), ("resize_height", 65537), ("resize_width", -(2**63)),
        ("resize_width", 1), ("resize", 0), ("fill", 0), ("fill__1", 256), ("fill__2", -1),
        ("rescale_factor_bits", 0), ("rescale_factor_bits", 0x7FF0 << 48), ("mean", 2),
        ("resize", 5), ("interpolation", 6), ("crop", 3), ("alpha", 2), ("rescale", 255),
    ]:
        damaged = plan.changed("facts", **{f"preprocess__{name}": value})
        yield Case(40, f"{name} {value}", damaged, RUN, words="facts")
    both = plan.changed("program", **{buffer + "rows": 2**24, buffer + "columns": 2**24})
    yield Case(40, "rows times columns is 2^48", both, RUN, words="extents")


def index_cases(plan: Plan) -> Iterator[Case]:
    """Row 41: indices that lead nowhere, or to something of another kind."""
    linear, step = plan.first("program", "steps", "linear")
    buffers = len(plan.sections["program"].values["buffers"])
    constants = len(plan.sections["constants"].values["constants"])
    for name, values, words in [
        ("input", {"input": buffers}, "program, input"),
        ("logits", {"outputs__0__rows__buffer": -1}, "output logits"),
        ("logits from row 1", {"outputs__0__rows__first": 1}, "output logits"),
        ("logits of no row", {"outputs__0__rows__count": 0}, "output logits"),
        ("logits as an unknown role", {"outputs__0__role": 9}, "role"),
        ("no outputs", {"outputs": 0}, ""),
        ("weight one too far", {linear + "weight": constants}, "weight"),
        ("weight -1", {linear + "weight": -1}, "weight"),
        ("bias 2^40", {linear + "bias": 2**40}, "bias"),
        ("another weight", {linear + "weight": 0}, "weight"),
        ("operand one too far", {linear + "input__buffer": buffers}, "input"),
        ("result -1", {linear + "output__buffer": -1}, "output"),
        ("result is the operand", {linear + "output__buffer": step["input"]["buffer"]}, "linear"),
        ("first row", {linear + "input__first": 2**40}, "input"),
        ("row count", {linear + "output__count": step["output"]["count"] + 1}, "output"),
        ("no rows", {linear + "output__count": 0}, "output"),
        ("activation 9", {linear + "activation": 9}, "activation"),
    ]:
        yield Case(41, name, plan.changed("program", **values), RUN, words=words)
    attention, _ = plan.first("graph", "nodes", "attention")
    for name, values in [
        ("graph's output", {"outputs__0__value": 10_000}),
        ("graph's operand", {"nodes__3__inputs__0": 10_000}),
        ("operand computed later", {"nodes__1__inputs__0": 20}),
        ("constant count", {"constant_count": constants + 1}),
        ("block 2^63 - 1", {attention + "block": 2**63 - 1}),
        ("rewritten before", {attention + "class_attention": 1}),
    ]:
        for command in ("vitc rewrite {file} --keep 0.7 -o {output}", "vitc inspect {file}"):
            damaged = plan.changed("graph", **values)
            yield Case(41, f"{name}, {command[:12]}", damaged, command, words="graph, ")


def schedule_cases(plan: Plan) -> Iterator[Case]:
    """Row 42: an arena that is too small, buffers that overlap, impossible numbers of tokens."""
    partition, chosen = plan.first("program", "steps", "partition")
    assign, _ = plan.first("program", "steps", "assign")
    gather, _ = plan.first("program", "steps", "gather")
    program = plan.sections["program"].values
    first = program["stages"][0]
    linear, product = plan.first("program", "steps", "linear")
    result = program["buffers"][product["output"]["buffer"]]
    for name, values, words in [
        ("no arena", {"arena_bytes": 0}, "in 0 bytes"),
        ("arena of 64 bytes", {"arena_bytes": 64}, "in 64 bytes"),
        ("arena of 2^62 bytes", {"arena_bytes": 2**62}, "arena_bytes"),
        (
            "operand below the result",
            {f"buffers__{product['input']['buffer']}__offset": result["offset"]},
            "while both are in use",
        ),
        ("keep 0", {partition + "keep": 0}, "keep"),
        ("keep all and one", {partition + "keep": first["patches_in"] + 1}, "keep"),
        ("keep one more", {partition + "keep": chosen["keep"] + 1}, "kept"),
        ("schedule of 0", {"stages__0__patches_out": 0}, "patches out"),
        ("schedule that rises", {"stages__0__patches_out": first["patches_in"] + 1}, "patches out"),
        ("other lengths", {"stages__0__patches_in": first["patches_in"] - 1}, "stage"),
        ("kept list elsewhere", {gather + "kept": chosen["dropped"]}, "gather"),
        ("dropped list elsewhere", {assign + "dropped": chosen["kept"]}, "assign"),
        ("prefix 2^40", {gather + "prefix": 2**40}, "prefix"),
        ("first 2^40", {partition + "order": 1, partition + "first": 2**40}, "best"),
        ("edges' ends", {partition + "best": chosen["kept"]}, "best"),
        ("weights of another length", {gather + "weights": product["input"]["buffer"]}, "weights"),
        ("block -1", {"stages__0__block": -1}, "block"),
        ("block 2^63 - 1", {"stages__0__block": 2**63 - 1}, "block"),
        ("block twice", {"stages__1__block": first["block"]}, "block"),
    ]:
        yield Case(42, name, plan.changed("program", **values), RUN, words=words)


def pairing_cases(plan: Plan) -> Iterator[Case]:
    """Rows 41 and 42: steps that take tokens away in pairs, and a feature that is not listed."""
    nearest, near = plan.first("program", "steps", "nearestAssign")
    greedy, chosen = plan.first("program", "steps", "greedyPartition")
    buffers = plan.sections["program"].values["buffers"]
    patches = buffers[chosen["destination"]]["columns"]
    for row, name, values, words in [
        (41, "nearest elsewhere", {nearest + "nearest": near["similarity"]}, "nearest"),
        (41, "nearest -1", {nearest + "nearest": -1}, "nearest"),
        (41, "similarity of indices", {greedy + "similarity": near["nearest"]}, "similarity"),
        (41, "nearest never written", {greedy + "nearest": chosen["destination"]}, "results"),
        (41, "sizes of another length", {greedy + "sizes": chosen["importance"]}, "sizes"),
        (41, "results in one buffer", {greedy + "weights": chosen["importance"]}, "results"),
        (42, "keep fewer than half", {greedy + "keep": patches // 2 - 1}, "keep"),
        (42, "keep all", {greedy + "keep": patches}, "keep"),
        (42, "keep 0", {greedy + "keep": 0}, "keep"),
        (42, "keep 2^40", {greedy + "keep": 2**40}, "keep"),
        (42, "keep one more", {greedy + "keep": chosen["keep"] + 1}, "kept"),
        (42, "prefix 2^40", {greedy + "prefix": 2**40}, "prefix"),
        (42, "prefix of the nearest", {nearest + "prefix": 2}, "nearest"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)
    listed = bytearray(plan.changed("origin"))
    (start,) = struct.unpack_from("<Q", listed, plan.entry("origin") + 8)
    place = start + plan.sections["origin"].found["features.0.name"][0] + 4
    listed[place : place + 8] = b"Weighted"
    section = bytes(listed[start : start + len(plan.section("origin"))])
    struct.pack_into("<Q", listed, plan.entry("origin") + 24, plan_dump.xxh64(section))
    yield Case(36, "a feature to come", plan.sealed(listed), RUN, words="made by a newer vitc")


def pooling_cases(average: Plan, attention: Plan) -> Iterator[Case]:
    """Rows 36 to 42: steps that pool, and details, of a model without a class token."""
    for row, plan, step, values, words in [
        (41, average, "reduceMean", {"input__buffer": 2**40}, "input"),
        (41, average, "reduceMean", {"input__count": 2**40}, "input"),
        (41, average, "reduceMean", {"sizes": 2**40}, "sizes"),
        (41, average, "reduceMean", {"sizes": 0}, "sizes"),
        (42, average, "reduceMean", {"prefix": -1}, "prefix"),
        (42, average, "reduceMean", {"prefix": 1}, "sizes"),
        (42, average, "reduceMean", {"prefix": 2**40}, "prefix"),
        (41, average, "reduceMean", {"output__count": 2}, "output"),
        (41, attention, "attentionPool", {"query": 2**40}, "query"),
        (41, attention, "attentionPool", {"query": 0}, "query"),
        (40, attention, "attentionPool", {"heads": 0}, "heads"),
        (40, attention, "attentionPool", {"heads": 2**40}, "heads"),
        (40, attention, "attentionPool", {"head_width": 2**62}, "head width"),
        (40, attention, "attentionPool", {"scale": float("nan")}, "scale"),
        (41, attention, "attentionPool", {"input__first": 1}, "input"),
        (41, attention, "attentionPool", {"output__buffer": -1}, "output"),
    ]:
        start, _ = plan.first("program", "steps", step)
        changed = plan.changed("program", **{start + name: v for name, v in values.items()})
        yield Case(row, f"{step}, {values}", changed, RUN, words=words)
    for row, step, value, words in [
        (42, "score", 2**40, "prefix"), (42, "gather", -1, "prefix"), (42, "gather", 17, "prefix"),
        (42, "gather", 1, "destination"),
    ]:
        start, _ = average.first("program", "steps", step)
        changed = average.changed("program", **{start + "prefix": value})
        yield Case(row, f"{step}, prefix {value}", changed, RUN, words=words)
    yield Case(37, "class token is usual", average.changed("details", class_token=1), RUN,
               words="features")
    yield Case(37, "class token 2", average.changed("details", class_token=2), RUN, words="details")


def query_key_cases(rotary: Plan, gated: Plan) -> Iterator[Case]:
    """Rows 40 to 42: norms and rotary positions of queries and keys, of a plan on fewer tokens, and gates."""
    constants = len(rotary.sections["constants"].values["constants"])
    turn, turned = rotary.first("program", "steps", "rotaryEmbedding")
    steps = rotary.sections["program"].values["steps"]
    # The last block reads the indices that a gather left.
    last = max(i for i, step in enumerate(steps) if step["kind"] == "rotaryEmbedding")
    late, found = f"steps__{last}__", steps[last]
    destination = next(step["destination"] for step in steps if step["kind"] == "gather")
    assert found["patch_indices"] is not None
    for row, name, values, words in [
        (41, "table one too far", {turn + "table": constants}, "table"),
        (41, "table of another size", {turn + "table": 0}, "table"),
        (41, "one position more", {turn + "positions": turned["positions"] + 1}, "table"),
        (40, "positions 2^62", {turn + "positions": 2**62}, "table"),
        (40, "odd heads", {turn + "head_width": turned["head_width"] + 1}, "qkv"),
        (40, "heads 2^40", {turn + "heads": 2**40}, "heads"),
        (40, "heads 0", {turn + "heads": 0}, "heads"),
        (42, "prefix 2^40", {turn + "prefix": 2**40}, "prefix"),
        (42, "prefix -1", {turn + "prefix": -1}, "prefix"),
        (42, "prefix 2", {turn + "prefix": turned["prefix"] + 1}, "positions"),
        (41, "qkv -1", {turn + "qkv": -1}, "qkv"),
        (41, "output elsewhere", {turn + "output": 2**40}, "output"),
        (41, "indices of numbers", {late + "patch_indices": found["qkv"]}, "patch indices"),
        (41, "indices one too far", {late + "patch_indices": 2**40}, "patch indices"),
        (41, "no indices", {late + "patch_indices": -1}, "positions"),
        (41, "indices of another length", {late + "patch_indices": destination}, "patch indices"),
    ]:
        yield Case(row, name, rotary.changed("program", **values), RUN, words=words)
    table = f"constants__{found['table']}__shape__"
    for name, value in [("0", 2**40), ("1", 3), ("2", 0)]:
        damaged = rotary.changed("constants", **{table + name: value})
        yield Case(40, f"shape {name} of the table is {value}", damaged, RUN, words="constant")
    norm, _ = rotary.first("program", "steps", "headNorm")
    for row, name, values, words in [
        (41, "query's weight", {norm + "query_norm__weight": constants}, "norm weight"),
        (41, "key's bias", {norm + "key_norm__bias": -1}, "norm bias"),
        (40, "epsilon", {norm + "key_norm__epsilon": float("nan")}, "epsilon"),
        (40, "head width 2^40", {norm + "head_width": 2**40}, "head width"),
        (41, "norm's output", {norm + "output": -1}, "output"),
    ]:
        yield Case(row, name, rotary.changed("program", **values), RUN, words=words)
    gate, step = gated.first("program", "steps", "gatedActivation")
    for row, name, values, words in [
        (41, "gate's activation 9", {gate + "activation": 9}, "activation"),
        (41, "gate's output", {gate + "output__buffer": step["input"]["buffer"]}, "output"),
        (41, "gates one too far", {gate + "input__buffer": 2**40}, "input"),
        (42, "gates of more rows", {gate + "input__count": 2**40}, "input"),
    ]:
        yield Case(row, name, gated.changed("program", **values), RUN, words=words)


def relative_cases(relative: Plan, rms: Plan) -> Iterator[Case]:
    """Rows 40 to 42: tables of relative positions, of a plan on fewer tokens, and RMSNorm."""
    constants = len(relative.sections["constants"].values["constants"])
    steps = relative.sections["program"].values["steps"]
    places = [i for i, step in enumerate(steps) if step["kind"] == "biasedAttention"]
    # The last block reads the indices that a gather left, the first has all patches.
    last, found = f"steps__{places[-1]}__", steps[places[-1]]
    first, whole = f"steps__{places[0]}__", steps[places[0]]
    destination = next(step["destination"] for step in steps if step["kind"] == "gather")
    assert found["patch_indices"] is not None and whole["patch_indices"] is None
    height, width = whole["grid_height"], whole["grid_width"]
    for row, name, values, words in [
        (41, "table one too far", {first + "table": constants}, "table"),
        (41, "table -1", {first + "table": -1}, "table"),
        (41, "table of another size", {first + "table": 0}, "table"),
        (41, "a row more", {first + "grid_height": height + 1}, "table"),
        (41, "a column less", {last + "grid_width": width - 1}, "table"),
        (40, "grid 2^62", {first + "grid_height": 2**62, first + "grid_width": 2**62}, "grid"),
        (40, "grid 0", {first + "grid_width": 0}, "grid"),
        (40, "grid -1", {last + "grid_height": -1}, "grid"),
        (40, "heads 2^40", {first + "heads": 2**40}, "heads"),
        (40, "scale NaN", {first + "scale": float("nan")}, "scale"),
        (42, "prefix 2", {first + "prefix": 2}, "prefix"),
        (42, "prefix -1", {last + "prefix": -1}, "prefix"),
        (42, "no prefix", {first + "prefix": 0}, "table"),
        (42, "queries 2^40", {last + "queries": 2**40}, "queries"),
        (41, "qkv -1", {first + "qkv": -1}, "qkv"),
        (41, "into what it reads", {first + "output": whole["qkv"]}, ""),
        (41, "indices of numbers", {last + "patch_indices": found["qkv"]}, "patch indices"),
        (41, "indices one too far", {last + "patch_indices": 2**40}, "patch indices"),
        (41, "indices of another length", {last + "patch_indices": destination}, "patch indices"),
        (41, "no indices", {last + "patch_indices": -1}, "grid"),
        (41, "as plain attention", {first.removesuffix("__"): 4}, "program"),
    ]:
        yield Case(row, name, relative.changed("program", **values), RUN, words=words)
    table = f"constants__{whole['table']}__shape__"
    for name, value in [("0", 2**40), ("1", 3), ("1", 0)]:
        damaged = relative.changed("constants", **{table + name: value})
        yield Case(40, f"shape {name} of a bias is {value}", damaged, RUN, words="constant")
    node, _ = relative.first("graph", "nodes", "biasedAttention")
    for name, values, words in [
        ("grid", {node + "grid_height": 2**40}, "grid"), ("prefix", {node + "prefix": 2}, "grid"),
        ("table", {node + "table": 2**40}, "constant"),
        ("indices", {node + "has_patch_indices": 1}, "one of a model before any rewrite"),
    ]:
        damaged = relative.changed("graph", **values)
        yield Case(61, f"relative positions, {name}", damaged, RUN, words=words)
    norm, step = rms.first("program", "steps", "rmsNorm")
    for row, name, values, words in [
        (41, "RMSNorm's weight", {norm + "weight": 2**40}, "weight"),
        (40, "RMSNorm's epsilon", {norm + "epsilon": float("nan")}, "epsilon"),
        (40, "RMSNorm's epsilon -1", {norm + "epsilon": -1.0}, "epsilon"),
        (41, "RMSNorm in place", {norm + "output__buffer": step["input"]["buffer"]}, "output"),
        (42, "RMSNorm of more rows", {norm + "input__count": 2**40}, "input"),
    ]:
        yield Case(row, name, rms.changed("program", **values), RUN, words=words)


def patch_cases(oblong: Plan) -> Iterator[Case]:
    """Rows 37 and 40: the windows of patches that are not square, their section, and a number of channels."""
    facts = oblong.sections["facts"].values
    for width in (0, -1, facts["patch_size"], facts["image_width"] + 1, HUGE):
        for command in (VERIFY, RUN):
            damaged = oblong.changed("patches", width=width)
            yield Case(40, f"patch width {width}", damaged, command, words="facts, patch width")
    window, step = oblong.first("program", "steps", "convolution")
    for name, values, words in [
        ("a stride for them", {window + "stride": step["kernel"]}, "output"),
        ("stride -1", {window + "stride": -1}, "stride"),
        ("padding without a stride", {window + "padding": 1}, "padding"),
        ("a square kernel", {window + "kernel": 8}, "stride"),
        ("kernel 0", {window + "kernel": 0}, "kernel"),
        ("kernel 2^40", {window + "kernel": 2**40}, "kernel"),
        ("weight one too far", {window + "weight": 2**40}, "weight"),
        ("three channels", {window + "channels": 3}, "input"),
    ]:
        for command in (VERIFY, RUN):
            damaged = oblong.changed("program", **values)
            yield Case(40, f"patches, {name}", damaged, command, words=words)
    node, _ = oblong.first("graph", "nodes", "convolution")
    for name, values in [("stride 1", {node + "stride": 1}), ("padding", {node + "padding": 1})]:
        damaged = oblong.changed("graph", **values)
        yield Case(61, f"the graph's patches, {name}", damaged, VERIFY, words="graph, ")
    for name in ("patches", "channels"):
        origin = oblong.section("origin").replace(name.encode(), b"x" * len(name))
        data = sealed_sections(
            {kind: oblong.section(part) if part != "origin" else origin
             for kind, part in zip(oblong.kinds(), oblong.names())})
        yield Case(37, f"a reader without {name}", data, RUN, words="newer vitc")
    yield Case(61, "patches and channels, sound", oblong.data, VERIFY, accepted=True)


def cascade_cases(dense: bytes, reduced: bytes) -> Iterator[Case]:
    """Rows 36 to 43 and 61 of a combined plan: its section, and its second program as the first."""
    plan = Plan(combined(dense, reduced, 0.05, 0.1))
    sections = {name: plan.section(name) for name in SECTIONS[:8]}
    one = Plan(reduced)
    for command in (VERIFY, RUN, "vitc inspect {file}", "vitrun eval {file} {folder} --labels {labels}"):
        files = {"labels": labels(plan)}
        yield Case(61, f"combined: {command}", plan.data, command, accepted=True, files=files)

    def other(**changed: bytes | None) -> bytes:
        merged = {**sections, **changed}
        present = (data for data in merged.values() if data is not None)
        return sealed_sections(dict(enumerate(present, start=1)))

    for field, words in (("margin_bits", "cascade, margin"), ("fallback_share_bits", "fallback share")):
        for value in (-0.5, 1.5, float("nan"), float("inf"), -float("inf"), -5e-324):
            (bits,) = struct.unpack("<q", struct.pack("<d", value))
            damaged = plan.changed("cascade", **{field: bits})
            for command in (VERIFY, RUN):
                yield Case(40, f"{field} {value}", damaged, command, words=words)
    origin, programs = sections["origin"], sections["programs"]
    for name, damaged, words in [
        ("no section, listed", other(cascade=None), "section count"),
        ("a section, not listed", other(origin=one.section("origin")), "section count"),
        ("listed alone", other(cascade=None, programs=one.section("programs")), "section count"),
        ("listed twice", other(origin=origin[:-15] + struct.pack("<I", 2) + origin[-11:] * 2), "features"),
        ("one program", other(programs=one.section("programs")), "programs"),
        ("three programs", other(programs=struct.pack("<I", 3) + programs[4:]), "programs"),
        ("the dense one twice", other(programs=struct.pack("<I", 2) + Plan(dense).section("programs")[4:] * 2),
         "recipe"),
        ("the reduced one twice", other(programs=struct.pack("<I", 2) + one.section("programs")[4:] * 2),
         "fallback, recipe"),
        ("8 bytes", other(cascade=sections["cascade"][:8]), "cascade"),
        ("17 bytes", other(cascade=sections["cascade"] + b"\0"), "cascade"),
        ("sigmoid", plan.changed("facts", scores=1), "facts, scores"),
    ]:
        for command in (VERIFY, RUN):
            yield Case(38, f"combined, {name}", damaged, command, words=words)
    linear, step = plan.first("fallback", "steps", "linear")
    buffer = f"buffers__{step['output']['buffer']}__"
    for name, values, words in [
        ("no arena", {"arena_bytes": 0}, "in 0 bytes"),
        ("input", {"input": -1}, "program, input"),
        ("weight", {linear + "weight": 2**40}, "weight"),
        ("result", {linear + "output__buffer": -1}, "output"),
        ("operand is the result", {linear + "input__buffer": step["output"]["buffer"]}, "linear"),
        ("rows", {buffer + "rows": HUGE}, "extents"),
        ("buffer at byte 1", {buffer + "offset": 1}, "64-byte aligned"),
        ("logits of no row", {"outputs__0__rows__count": 0}, "output logits"),
        ("steps", {"steps": 2**32 - 1}, "steps"),
        ("seed", {"recipe__seed": 1}, "recipe"),
    ]:
        for command in (VERIFY, RUN):
            damaged = plan.changed("fallback", **values)
            yield Case(41, f"fallback, {name}", damaged, command, words=words)
    for name, values, words in [
        ("activation", {linear + "activation": 2}, "fallback, program, step"),
        ("work", {"multiply_adds": 1}, "fallback, program, multiply_adds"),
    ]:
        yield Case(61, f"fallback's {name}", plan.changed("fallback", **values), VERIFY, words=words)


def int8_cases(plan: Plan, dense: Plan) -> Iterator[Case]:
    """Rows 36, 40 and 41: weights in eight bits whose scales, sums or integers do not hold, or that are too wide."""
    yield Case(61, "int8, sound", plan.data, VERIFY, accepted=True)
    constants = plan.sections["constants"].values["constants"]
    number, constant = next(
        (i, c) for i, c in enumerate(constants) if c["element"] == "int8" and len(c["shape"]) == 2)
    outputs, inputs = constant["shape"]
    columns = -(-outputs // 16) * 16
    terms = columns * -(-inputs // 4) * 4
    field = f"constants__{number}__"

    def weight(place: int, layout: str, value: float) -> bytes:
        """A number of the weight's bytes replaced, behind a checksum that is right."""
        data = bytearray(plan.data)
        start = 4096 + constant["offset"]
        struct.pack_into(layout, data, start + place, value)
        checksum = plan_dump.xxh64(bytes(data[start : start + constant["byte_count"]]))
        (signed,) = struct.unpack("<q", struct.pack("<Q", checksum))
        return Plan(bytes(data)).changed("constants", **{field + "checksum": signed})

    (total,) = struct.unpack_from("<i", plan.data, 4096 + constant["offset"] + terms + 4 * columns)
    for command in (VERIFY, RUN):
        for scale in (0.0, -0.0, -1.0, float("nan"), float("inf"), -float("inf")):
            damaged = weight(terms, "<f", scale)
            yield Case(40, f"int8, scale {scale}", damaged, command, words="scale of output 0")
        for name, damaged, words in [
            ("sum", weight(terms + 4 * columns, "<i", total + 1), "sum of output 0"),
            ("sum 2^31 - 1", weight(terms + 4 * columns, "<i", 2**31 - 1), "sum of output 0"),
            ("integer -128", weight(0, "<b", -128), "integers"),
            ("no scales", plan.changed("constants", **{field + "byte_count": terms}), "byte_count"),
            ("too wide", plan.changed("constants", **{field + "shape__1": 66_312}), "66311 inputs"),
            ("as float32", plan.changed("constants", **{field + "element": 0}), "byte_count"),
            ("an unknown element", plan.changed("constants", **{field + "element": 3}), "element"),
            ("not listed", plan.changed("origin", features=0), ""),
        ]:
            yield Case(41, f"int8, {name}", damaged, command, words=words)
    attention, _ = plan.first("program", "steps", "quantizedAttention")
    for name, values, words in [
        ("of float32", {attention.removesuffix("__"): 4}, "program, step"),
        ("scale NaN", {attention + "scale": float("nan")}, "scale"),
        ("no heads", {attention + "heads": 0}, "heads"),
        ("queries 2^40", {attention + "queries": 2**40}, "queries"),
        ("of no buffer", {attention + "qkv": 2**40}, "qkv"),
        ("into what it reads", {attention + "output": 0}, ""),
    ]:
        yield Case(36, f"int8 attention, {name}", plan.changed("program", **values), VERIFY, words=words)
    patches, _ = plan.first("program", "steps", "convolution")
    for name, values in [
        ("padded", {patches + "padding": 1}),
        ("overlapping", {patches + "stride": 1}),
        ("of a map", {patches + "channels_last": True}),
    ]:
        yield Case(36, f"int8 patches, {name}", plan.changed("program", **values), VERIFY, words="")
    for index, other in enumerate(dense.sections["constants"].values["constants"]):
        if other["layout"] in ("rows", "depthwise", "panelsChannelsLast"):
            damaged = dense.changed("constants", **{f"constants__{index}__element": 2})
            yield Case(41, f"int8 of {other['name']}", damaged, VERIFY, words="of int8 can hold")


READERS = (
    VERIFY,
    RUN,
    "vitrun label {file} {image} --no-mmap",
    "vitrun eval {file} {folder} --labels {labels}",
    "vitrun eval {plan} {folder} --labels {labels} --against {file}",
    "vitrun bench {file}",
    "vitrun preprocess {file} {image} -o {output}",
    "vitrun {file} --tensor {tensor} --logits {output}",
)


def tensor(plan: Plan) -> bytes:
    """One black image for a plan, as NumPy writes it."""
    facts = plan.sections["facts"].values
    shape = (1, 3, facts["image_height"], facts["image_width"])
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header = text.ljust(-(len(text) + 11) % 64 + len(text)).encode() + b"\n"
    size = 4 * shape[1] * shape[2] * shape[3]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(size)


def labels(plan: Plan) -> bytes:
    """Names of a plan's classes; the folder's image is of the class `sound`."""
    others = (f"other{i}" for i in range(1, plan.sections["facts"].values["classes"]))
    return "\n".join(["sound", *others]).encode()


def graph_cases(plan: Plan) -> Iterator[Case]:
    """Row 61: a graph that does not hold is refused by what runs the plan too."""
    constants = len(plan.sections["constants"].values["constants"])
    nodes = plan.sections["graph"].values["nodes"]
    attention, kept = plan.first("graph", "nodes", "attention")
    linear, _ = plan.first("graph", "nodes", "linear")
    norm, _ = plan.first("graph", "nodes", "layerNorm")
    flatten, _ = plan.first("graph", "nodes", "flatten")
    files = {"tensor": tensor(plan), "labels": labels(plan)}
    for command in READERS:
        # A measurement takes its time.
        if "bench" not in command:
            yield Case(61, f"sound: {command}", plan.data, command, accepted=True, files=files)
    for name, values, words in [
        ("kind of node", {"nodes__1": 200}, "graph, kind at byte"),
        ("a rewrite's node", {flatten[:-2]: 25}, "one of a model before any rewrite"),
        ("a rewrite's result", {attention + "class_attention": 1}, "one of a model before any rewrite"),
        ("operand one too far", {linear + "inputs__0": 10_000}, "value 10000 does not exist"),
        ("operand -1", {linear + "inputs__0": -1}, "value -1 does not exist"),
        ("operand of another type", {linear + "inputs__0": 0}, "expected rows"),
        ("weight one too far", {linear + "weight": constants}, f"constant {constants} does not"),
        ("weight -1", {linear + "weight": -1}, "constant -1 does not"),
        ("weight of another shape", {linear + "weight": 1}, "expected a weight"),
        ("heads", {attention + "heads": kept["heads"] + 1}, "columns, found"),
        ("epsilon", {norm + "epsilon": 2.0}, "epsilon in [0, 1)"),
        ("block 2^63 - 1", {attention + "block": 2**63 - 1}, "block"),
        ("constant count", {"constant_count": constants + 1}, "graph, constant_count"),
        ("too few constants", {"constant_count": 1}, "does not exist"),
        ("a node too few", {"nodes": len(nodes) - 1}, "graph, "),
        ("nodes 2^32 - 1", {"nodes": 2**32 - 1}, "graph, nodes"),
        ("output one too far", {"outputs__0__value": len(nodes)}, "graph, outputs"),
        ("output -1", {"outputs__0__value": -1}, "graph, outputs"),
    ]:
        damaged = plan.changed("graph", **values)
        for command in READERS:
            yield Case(61, f"{name}: {command}", damaged, command, words=words, files=files)


def lowering_cases(dense: Plan, reduced: Plan) -> Iterator[Case]:
    """Row 61: a sound program that is not the graph's. Only `vitc verify` can tell."""
    linear, _ = dense.first("program", "steps", "linear")
    attention, _ = dense.first("program", "steps", "attention")
    assign, _ = reduced.first("program", "steps", "assign")
    for name, plan, values, words in [
        ("activation", dense, {linear + "activation": 2}, "(linear), activation"),
        ("bias", dense, {linear + "bias": -1}, "(linear), bias"),
        ("epsilon", dense, {linear + "norm__epsilon": 0.5}, "(linear), norm"),
        ("scale", dense, {attention + "scale": 0.5}, "(attention), scale"),
        ("arena", dense, {"arena_bytes": 2**20}, "program, arena_bytes"),
        ("work", dense, {"multiply_adds": 1}, "program, multiply_adds"),
        ("similarity", reduced, {assign + "similarity": 1}, "(assign), similarity"),
        ("seed", reduced, {assign + "seed": 7}, "(assign), seed"),
    ]:
        changed = plan.changed("program", **values)
        yield Case(61, f"program's {name}", changed, VERIFY, words=words)


def cases(
    dense: bytes, reduced: bytes, weighted: bytes, int8: bytes, average: bytes, attention: bytes,
    rotary: bytes, gated: bytes, relative: bytes, rms: bytes, oblong: bytes
) -> Iterator[Case]:
    """Every case of rows 36 to 43, and of 61."""
    yield from damaged_cases(dense)
    yield from container_cases(Plan(dense))
    yield from size_cases(Plan(dense))
    yield from index_cases(Plan(dense))
    yield from schedule_cases(Plan(reduced))
    yield from pairing_cases(Plan(weighted))
    yield from int8_cases(Plan(int8), Plan(dense))
    yield from pooling_cases(Plan(average), Plan(attention))
    yield from query_key_cases(Plan(rotary), Plan(gated))
    yield from relative_cases(Plan(relative), Plan(rms))
    yield from patch_cases(Plan(oblong))
    yield from graph_cases(Plan(dense))
    yield from lowering_cases(Plan(dense), Plan(reduced))
    yield from cascade_cases(dense, reduced)
