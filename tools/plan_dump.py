"""Prints a plan as JSON: a reader written from formats/plan.md alone.

Usage: plan_dump.py PLAN [--against INSPECT.json]

With --against, compares what both know with the output of `vitc inspect --json` and exits with 1 if
they differ. Needs nothing but Python's standard library.
"""

import argparse
import json
import math
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plan_cascade import shared_multiply_adds

MASK = (1 << 64) - 1
PRIMES = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def rotate(value: int, bits: int) -> int:
    """Rotates 64 bits to the left."""
    return ((value << bits) | (value >> (64 - bits))) & MASK


def step(lane: int, word: int) -> int:
    """One round of XXH64."""
    return rotate((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data: bytes) -> int:
    """The 64-bit xxHash with seed 0."""
    p1, p2, p3, p4, p5 = PRIMES
    offset = 0
    if len(data) >= 32:
        lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        whole = len(data) // 32 * 32
        for words in struct.iter_unpack("<4Q", data[:whole]):
            lanes = [step(lane, word) for lane, word in zip(lanes, words)]
        offset = whole
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ step(0, lane)) * p1 + p4) & MASK
    else:
        value = p5
    value = (value + len(data)) & MASK
    while offset + 8 <= len(data):
        word = int.from_bytes(data[offset : offset + 8], "little")
        value = (rotate(value ^ step(0, word), 27) * p1 + p4) & MASK
        offset += 8
    if offset + 4 <= len(data):
        word = int.from_bytes(data[offset : offset + 4], "little")
        value = (rotate(value ^ (word * p1 & MASK), 23) * p2 + p3) & MASK
        offset += 4
    for byte in data[offset:]:
        value = rotate(value ^ (byte * p5 & MASK), 11) * p1 & MASK
    value = (value ^ (value >> 33)) * p2 & MASK
    value = (value ^ (value >> 29)) * p3 & MASK
    return value ^ (value >> 32)


class PlanError(Exception):
    """The file is not what formats/plan.md says."""


# Record layouts: field names and types, as the page's tables have them.
NORM = "weight:int bias:int epsilon:float"
ROWS = "buffer:int first:int count:int"
ACTIVATION = "choice(none,gelu,relu,geluTanh,quickGelu,silu,tanh)"
SIMILARITY = "choice(cosine,l1,l2,attention,random)"
ELEMENT = "choice(float32,int32)"
ORDER = "choice(importance,edges)"
MODE = "choice(mean,drop,sum)"
ROLE = "choice(logits,features,tokens)"
GRID = "prefix:int height:int width:int"

RECORDS = {
    "Norm": NORM,
    "Rows": ROWS,
    "Facts": "architecture:text family:text image_height:int image_width:int patch_size:int "
    "embed_dim:int depth:int heads:int classes:int prefix_tokens:int "
    "default_selection_blocks:[int] scores:choice(softmax,sigmoid) preprocess:Preprocess "
    "provenance:[Provenance]",
    "Preprocess": "interpolation:choice(nearest,lanczos,bilinear,bicubic,box,hamming) "
    "resize:choice(none,shortestEdge,squash,cover,fit) resize_height:int resize_width:int "
    "crop:choice(none,torchvision,transformers) fill:[int] alpha:choice(drop,onWhite) "
    "rescale:choice(divideBy255,multiply) rescale_factor_bits:int mean:[float] std:[float]",
    "Provenance": "key:text value:text source:text",
    "Labels": "labels:[Label]",
    "Label": "identifier:text name:text",
    "Constants": "constants:[Constant]",
    "Constant": "name:text shape:[int] layout:choice(rows,panels,panelsChannelsLast,depthwise) "
    "element:choice(float32,float16,int8) parameters:int offset:int byte_count:int checksum:int",
    "Origin": "writer:text features:[Feature]",
    "Feature": "name:text",
    "Details": "class_token:bool text_comparison:TextComparison?",
    "TextComparison": "scale:float bias:float sigmoid:bool",
    "Patches": "width:int",
    "Cascade": "margin_bits:int fallback_share_bits:int",
    "Programs": "programs:[Program]",
    "Program": "recipe:Recipe arena_bytes:int input:int outputs:[Output] multiply_adds:int "
    "executed_multiply_adds:int buffers:[Buffer] steps:[Step] stages:[Stage]",
    "Output": f"role:{ROLE} rows:Rows",
    "Buffer": f"element:{ELEMENT} rows:int columns:int offset:int unused:Unused?",
    "Unused": "buffer:int axis:choice(rows,columns)",
    "Threshold": "value:float",
    "Gate": "scale:float center:float epsilon:float",
    "Stage": "block:int patches_in:int patches_out:int kept:int destination:int",
    "Graph": "constant_count:int nodes:[Node] outputs:[GraphOutput]",
    "GraphOutput": f"role:{ROLE} value:int",
    "Recipe": f"strategy:text similarity:{SIMILARITY} seed:int size_aware:bool "
    "multi_scale_blocks:int? identity_initialised:bool stages:[RecipeStage]",
    "RecipeStage": "block:int keep_rate_bits:int",
}

ATTENTION = (
    "qkv:int heads:int head_width:int scale:float queries:int sizes:int? output:int "
    "class_attention:int? probabilities:int?"
)

STEPS = {
    1: f"linear input:Rows weight:int bias:int? norm:Norm? activation:{ACTIVATION} "
    "residual:Rows? output:Rows",
    2: "convolution input:int channels_last:bool channels:int height:int width:int weight:int "
    f"bias:int? kernel:int stride:int padding:int activation:{ACTIVATION} table:int? output:Rows",
    3: "prefix rows:int output:Rows",
    4: f"attention {ATTENTION}",
    5: "score class_attention:int prefix:int output:int",
    6: f"partition order:{ORDER} scores:int best:int? first:int keep:int appends_row:bool kept:int "
    "dropped:int destination:int threshold:Threshold? unused:int?",
    7: f"assign similarity:{SIMILARITY} seed:int block:int prefix:int tokens:int kept:int "
    "dropped:int destination:int probabilities:int? patch_indices:int?",
    8: "bipartiteAssign qkv:int prefix:int heads:int head_width:int first:int best:int score:int",
    9: f"gather mode:{MODE} prefix:int tokens:int kept:int destination:int weights:int? sizes:int? "
    "new_sizes:int? patch_indices:int? new_patch_indices:int? output:int",
    10: "fill output:int",
    11: "avgPool2x2 input:int channels:int height:int width:int output:int",
    12: "grid direction:choice(down,up) input:Rows prefix:int height:int width:int norm:Norm? "
    "residual:Rows? output:Rows",
    13: "depthwise input:Rows height:int width:int weight:int bias:int kernel:int dilation:int "
    "adds_input:bool output:Rows",
    14: "elementwise operation:choice(add,combine,multiplyAdd,copy) alpha:float beta:float a:Rows "
    "u:Rows v:Rows? output:Rows",
    15: "reduceMax input:Rows output:Rows",
    16: "norm input:Rows norm:Norm output:Rows",
    17: "nearestAssign prefix:int tokens:int nearest:int similarity:int",
    18: "greedyPartition prefix:int keep:int tokens:int importance:int nearest:int similarity:int "
    "sizes:int kept:int dropped:int destination:int weights:int",
    19: "reduceMean input:Rows sizes:int? prefix:int output:Rows",
    20: "attentionPool input:Rows query:int heads:int head_width:int scale:float sizes:int? "
    "prefix:int output:Rows",
    21: f"quantizedAttention {ATTENTION}",
    22: "headNorm qkv:int heads:int head_width:int query_norm:Norm key_norm:Norm output:int",
    23: "rotaryEmbedding qkv:int heads:int head_width:int prefix:int positions:int table:int "
    "patch_indices:int? output:int",
    24: f"gatedActivation activation:{ACTIVATION} input:Rows output:Rows",
    25: f"biasedAttention {ATTENTION} table:int grid_height:int grid_width:int prefix:int "
    "patch_indices:int?",
    26: "rmsNorm input:Rows weight:int epsilon:float output:Rows",
    27: "normScore measure:choice(value,headShare) prefix:int heads:int head_width:int "
    "class_attention:int rows:int output:int",
    28: "halfMean input:Rows output:Rows",
    29: "keepScore input:Rows output:int",
    30: "policyPartition threshold:Threshold first:int keep:int importance:int scores:int best:int "
    "kept:int dropped:int destination:int",
    31: "pick input:int kept:int output:int",
    32: "restore axis:choice(rows,columns) prefix:int waiting:int moved:int destination:int "
    "output:int",
    33: "select rule:choice(above,sampled) threshold:Threshold steps:int scores:int kept:int "
    "destination:int unused:int?",
    34: "halt gate:Gate tokens:int remainders:int new_remainders:int kept:int destination:int "
    "unused:int?",
    35: "accumulate gate:Gate is_last:bool tokens:int remainders:int sum:int? output:int",
    36: "headMean heads:int input:Rows output:Rows",
    37: f"headLinear heads:int input:Rows weight:int bias:int? norm:Norm? activation:{ACTIVATION} "
    "output:Rows",
    38: "headHalfMean heads:int input:Rows output:Rows",
    39: "headVote heads:int weights:Rows logits:Rows score:int keeping:int",
    40: "packagePartition packages:int scores:int kept:int destination:int unused:int?",
    41: "patchMax packages:int input:Rows output:Rows",
}


def steps_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps of all programs."""
    return [step for program in plan["programs"]["programs"] for step in program["steps"]]


# What joined version 2, in the order in which a plan lists it, and whether a plan uses it.
FEATURES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "weighted": lambda plan: any(
        step["kind"] in ("nearestAssign", "greedyPartition") for step in steps_of(plan)
    ),
    "cascade": lambda plan: len(plan["programs"]["programs"]) > 1,
    "tanh": lambda plan: any(step.get("activation") == "tanh" for step in steps_of(plan)),
    "int8": lambda plan: any(
        constant["element"] == "int8" for constant in plan["constants"]["constants"]
    ),
    "prefix": lambda plan: any(
        step["kind"] in BEHIND_PREFIX and step["prefix"] not in (1, 2) for step in steps_of(plan)
    ),
    "pooling": lambda plan: any(
        step["kind"] in ("reduceMean", "attentionPool") for step in steps_of(plan)
    ),
    "details": lambda plan: "details" in plan,
    "int8Attention": lambda plan: any(
        step["kind"] == "quantizedAttention" for step in steps_of(plan)
    ),
    **{
        kind: lambda plan, kind=kind: any(step["kind"] == kind for step in steps_of(plan))
        for kind in ("headNorm", "rotaryEmbedding", "gatedActivation", "biasedAttention", "rmsNorm")
    },
    "int8Patches": lambda plan: any(
        constant["element"] == "int8" and len(constant["shape"]) == 4
        for constant in plan["constants"]["constants"]
    ),
    "methods": lambda plan: any(step["kind"] in OF_METHODS for step in steps_of(plan)),
    "adaptive": lambda plan: any(
        step["kind"] in ("select", "halt", "accumulate") for step in steps_of(plan)
    ),
    "patches": lambda plan: "patches" in plan,
    "channels": lambda plan: len(plan["facts"]["preprocess"]["mean"]) != 3,
    "packages": lambda plan: any(step["kind"] in OF_PACKAGES for step in steps_of(plan)),
}
BEHIND_PREFIX = (
    "score", "assign", "bipartiteAssign", "gather", "nearestAssign", "greedyPartition")
OF_METHODS = ("normScore", "halfMean", "keepScore", "policyPartition", "pick", "restore")
OF_PACKAGES = (
    "headMean", "headLinear", "headHalfMean", "headVote", "packagePartition", "patchMax")
# Sections that only plans with a feature of the same name have, by their kinds.
SECTIONS = {8: "cascade", 9: "details", 10: "patches"}

ATTENTION_NODE = (
    "heads:int head_width:int scale:float size_aware:bool class_attention:bool probabilities:bool "
    "queries:int"
)

NODES = {
    1: "image channels:int height:int width:int",
    2: "convolution weight:int bias:int? kernel_height:int kernel_width:int stride:int "
    f"padding:int outputs:int activation:{ACTIVATION} table:int?",
    3: "batchNorm weight:int bias:int mean:int variance:int epsilon:float",
    4: f"activation function:{ACTIVATION}",
    5: "flatten",
    6: "prepend rows:int",
    7: "concatenate",
    8: "addPositions table:int",
    9: f"layerNorm {NORM}",
    10: f"linear weight:int bias:int? norm:Norm? activation:{ACTIVATION} has_residual:bool",
    11: f"attention {ATTENTION_NODE}",
    12: "add",
    13: "scaleColumns factors:int",
    14: "scale factor:float",
    15: "slice first:int count:int",
    16: "combine alpha:float beta:float",
    17: "reduceMax",
    18: "unitSizes count:int",
    19: "patchIndices count:int",
    20: "score prefix:int",
    21: f"partition order:{ORDER} patches:int keep:int first:int appends_row:bool "
    "threshold:Threshold?",
    22: f"assign similarity:{SIMILARITY} prefix:int seed:int assigned_block:int",
    23: "bipartiteAssign prefix:int heads:int head_width:int first:int",
    24: f"gather mode:{MODE} prefix:int has_weights:bool has_sizes:bool has_patch_indices:bool",
    25: "avgPool2x2",
    26: f"gridAvgPool {GRID} norm:Norm?",
    27: f"gridUpsample {GRID} has_residual:bool",
    28: "depthwise weight:int bias:int kernel:int dilation:int padding:int height:int width:int "
    "adds_operand:bool",
    29: "multiplyAdd",
    30: "nearestAssign prefix:int",
    31: "greedyPartition prefix:int keep:int",
    32: "reduceMean size_aware:bool prefix:int",
    33: "attentionPool query:int heads:int head_width:int scale:float size_aware:bool prefix:int",
    34: "headNorm heads:int head_width:int query_norm:Norm key_norm:Norm",
    35: "rotaryEmbedding heads:int head_width:int prefix:int table:int has_patch_indices:bool",
    36: f"gatedActivation function:{ACTIVATION}",
    37: f"biasedAttention {ATTENTION_NODE} table:int grid_height:int grid_width:int prefix:int "
    "has_patch_indices:bool",
    38: "rmsNorm weight:int epsilon:float",
    39: "normScore measure:choice(value,headShare) prefix:int heads:int head_width:int",
    40: "halfMean",
    41: "keepScore",
    42: "policyPartition patches:int keep:int first:int threshold:Threshold",
    43: "pick",
    44: "restore axis:choice(rows,columns) prefix:int",
    45: "select rule:choice(above,sampled) patches:int threshold:Threshold steps:int",
    46: "halt gate:Gate",
    47: "accumulate gate:Gate has_sum:bool is_last:bool",
    48: "headMean heads:int",
    49: f"headLinear heads:int weight:int bias:int? norm:Norm? activation:{ACTIVATION}",
    50: "headHalfMean heads:int",
    51: "headVote heads:int",
    52: "packagePartition patches:int packages:int",
    53: "patchMax packages:int",
}


class Reader:
    """A cursor over one section."""

    def __init__(self, data: bytes, section: str) -> None:
        self.data, self.section, self.offset = data, section, 0

    def take(self, layout: str) -> Any:
        """One number of struct's layout."""
        size = struct.calcsize(layout)
        if self.offset + size > len(self.data):
            raise PlanError(f"{self.section}: ends inside a field at byte {self.offset}")
        (value,) = struct.unpack_from(layout, self.data, self.offset)
        self.offset += size
        return value

    def value(self, kind: str) -> Any:
        """A value of one of the page's types."""
        if kind.startswith("["):
            return [self.value(kind[1:-1]) for _ in range(self.take("<I"))]
        if kind.startswith("choice("):
            names = kind[len("choice(") : -1].split(",")
            code = self.take("<B")
            if code >= len(names):
                raise PlanError(f"{self.section}: choice {code} at byte {self.offset - 1}")
            return names[code]
        if kind == "int?":
            number = self.take("<q")
            return None if number < 0 else number
        if kind.endswith("?"):
            return self.record(kind[:-1]) if self.take("<B") else None
        if kind == "int":
            return self.take("<q")
        if kind == "float":
            return self.take("<f")
        if kind == "bool":
            return bool(self.take("<B"))
        if kind == "text":
            length = self.take("<I")
            text = self.data[self.offset : self.offset + length]
            self.offset += length
            return text.decode()
        return self.record(kind)

    def fields(self, layout: list[str]) -> dict[str, Any]:
        """Named fields in order."""
        return {name: self.value(kind) for name, kind in (field.split(":", 1) for field in layout)}

    def record(self, kind: str) -> dict[str, Any]:
        """A record of the page."""
        if kind == "Step":
            name, *layout = STEPS[self.take("<B")].split()
            return {"kind": name, **self.fields(layout)}
        if kind == "Node":
            name, *layout = NODES[self.take("<B")].split()
            head = self.fields(["inputs:[int]", "block:int?"])
            return {"kind": name, **head, **self.fields(layout)}
        return self.fields(RECORDS[kind].split())

    def only(self, kind: str) -> dict[str, Any]:
        """The section's one record."""
        record = self.record(kind)
        if self.offset != len(self.data):
            raise PlanError(f"{self.section}: {len(self.data) - self.offset} bytes too many")
        return record


def read_plan(data: bytes) -> dict[str, Any]:
    """The whole plan but the weights' values."""
    if len(data) < 4096:
        raise PlanError(f"header: {len(data)} bytes")
    if data[:8] != b"VITPLAN\0":
        raise PlanError("magic: this is no plan")
    version, order, size, count, _, table_sum = struct.unpack_from("<IIQIIQ", data, 8)
    (header_sum,) = struct.unpack_from("<Q", data, 56)
    if version != 2 or order != 0x01020304:
        raise PlanError(f"header: version {version}, byte order {order:#x}")
    features: list[str] = []
    for index in range(min(count, 126)):
        kind, _, offset, length, _ = struct.unpack_from("<IIQQQ", data, 64 + 32 * index)
        if kind == 7 and offset + length <= len(data):
            origin = Reader(data[offset : offset + length], "origin").record("Origin")
            features = [feature["name"] for feature in origin["features"]]
            if not FEATURES.keys() >= set(features):
                raise PlanError("features: " + ", ".join(features))
    kinds = dict(enumerate(
        ["weights", "facts", "labels", "constants", "programs", "graph", "origin"], start=1))
    kinds |= {kind: name for kind, name in SECTIONS.items() if name in features}
    names = list(kinds.values())
    if size != len(data) or count != len(names) or any(data[28:32] + data[40:56]):
        raise PlanError(f"header: {size} bytes, {count} sections, or reserved fields that are not 0")
    if header_sum != xxh64(data[:56]) or table_sum != xxh64(data[64 : 64 + 32 * count]):
        raise PlanError("header: checksum")
    plan: dict[str, Any] = {"version": version, "plan_bytes": size}
    weights = b""
    for index, (expected, name) in enumerate(kinds.items()):
        entry = struct.unpack_from("<IIQQQ", data, 64 + 32 * index)
        kind, reserved, offset, length, checksum = entry
        section = data[offset : offset + length]
        if kind != expected or reserved or len(section) != length or (index == 0 and checksum):
            raise PlanError(f"section {name}: kind {kind}, {len(section)} of {length} bytes")
        if name == "weights":
            weights = section
            continue
        if xxh64(section) != checksum:
            raise PlanError(f"section {name}: checksum")
        plan[name] = Reader(section, name).only(name.capitalize())
    programs = plan["programs"]["programs"]
    if plan.get("details") == {"class_token": True, "text_comparison": None}:
        raise PlanError("details: nothing that is not usual")
    check_patches(plan)
    used = [name for name, is_used in FEATURES.items() if is_used(plan)]
    if (listed := [feature["name"] for feature in plan["origin"]["features"]]) != used:
        raise PlanError(f"origin: lists {listed}, uses {used}")
    if len(programs) != (2 if "cascade" in names else 1):
        raise PlanError(f"programs: {len(programs)}")
    plan["weights_bytes"] = len(weights)
    for constant in plan["constants"]["constants"]:
        start = constant["offset"]
        bytes_ = weights[start : start + constant["byte_count"]]
        if xxh64(bytes_) != constant["checksum"] & MASK:
            raise PlanError(f"constant {constant['name']}: checksum")
        if constant["element"] == "int8":
            check_int8(constant, bytes_)
    return plan


def check_patches(plan: dict[str, Any]) -> None:
    """That patches which are not square have a section, and that windows without a stride are none that are."""
    facts, width = plan["facts"], plan.get("patches", {}).get("width")
    if width is not None and (width == facts["patch_size"] or not 1 <= width <= facts["image_width"]):
        raise PlanError(f"patches: width {width}")
    shapes = [constant["shape"] for constant in plan["constants"]["constants"]]
    for step in steps_of(plan):
        if step["kind"] == "convolution" and step["stride"] == 0:
            if width is None or step["padding"] or shapes[step["weight"]][3] == step["kernel"]:
                raise PlanError("convolution: no stride")
    counts = {len(facts["preprocess"][name]) for name in ("mean", "std", "fill")}
    if len(counts) > 1 or not 1 <= min(counts) <= 64:
        raise PlanError(f"facts: {sorted(counts)} channels")


def check_int8(constant: dict[str, Any], data: bytes) -> None:
    """Integers, scales and sums of a constant in eight bits."""
    name, shape = constant["name"], constant["shape"]
    outputs, inputs = shape[0], math.prod(shape[1:])
    is_matrix = constant["layout"] == "panels" and len(shape) in (2, 4)
    if not is_matrix or inputs > (2**31 - 1) // (255 * 127):
        raise PlanError(f"constant {name}: int8 {constant['layout']} of {shape}")
    columns, groups = -(-outputs // 16) * 16, -(-inputs // 4)
    if len(data) != columns * (groups * 4 + 8):
        raise PlanError(f"constant {name}: {len(data)} bytes")
    terms = columns * groups * 4
    integers = memoryview(data)[:terms].cast("b")
    scales = struct.unpack_from(f"<{columns}f", data, terms)
    sums = struct.unpack_from(f"<{columns}i", data, terms + 4 * columns)
    if not all(0 < scale < float("inf") for scale in scales) or {*scales[outputs:]} - {1.0}:
        raise PlanError(f"constant {name}: scales")
    for output in range(columns):
        first = output // 16 * groups * 64 + output % 16 * 4
        parts = (integers[first + j : first // (groups * 64) * (groups * 64) + groups * 64 : 64]
                 for j in range(4))
        column = [value for group in zip(*parts) for value in group]
        if sum(column) != sums[output] or min(column) < -127:
            raise PlanError(f"constant {name}: integers or sum of output {output}")
        if any(column[inputs if output < outputs else 0 :]):
            raise PlanError(f"constant {name}: padding of output {output}")


def double(bits: int) -> float:
    """The number of these bits in double precision."""
    return struct.unpack("<d", struct.pack("<q", bits))[0]


def shortest(value: float) -> float:
    """The number of fewest digits that is this one in single precision."""
    single = struct.pack("<f", value)
    texts = (f"{value:.{digits}g}" for digits in range(1, 10))
    return next(float(text) for text in texts if struct.pack("<f", float(text)) == single)


def preprocess_summary(facts: dict[str, Any]) -> dict[str, Any]:
    """The key `preprocess` of `vitc inspect --json`."""
    record = facts["preprocess"]
    factor = double(record["rescale_factor_bits"])
    size = [record["resize_height"], record["resize_width"]]
    is_resized = record["resize"] != "none"
    return {
        "mean": [shortest(value) for value in record["mean"]],
        "std": [shortest(value) for value in record["std"]],
        "crop_pct": facts["image_height"] / size[0] if is_resized else None,
        "interpolation": record["interpolation"],
        "resize": {"rule": record["resize"], "size": size if is_resized else []},
        "crop": record["crop"],
        "fill": record["fill"],
        "alpha": record["alpha"],
        "rescale": {
            "rule": record["rescale"],
            "factor": 1 / 255 if record["rescale"] == "divideBy255" else factor,
        },
    }


def text_summary(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """The key `text_comparison` of `vitc inspect --json`."""
    return record and {
        "logit_scale": shortest(record["scale"]),
        "logit_bias": shortest(record["bias"]) if record["sigmoid"] else None,
        "scores": "sigmoid" if record["sigmoid"] else "softmax",
    }


def cascade_summary(
    record: dict[str, Any], first: dict[str, Any], second: dict[str, Any],
    constants: list[dict[str, Any]],
) -> dict[str, Any]:
    """The key `cascade` of `vitc inspect --json`."""
    share = double(record["fallback_share_bits"])
    shared = shared_multiply_adds(first, second, constants)
    keys = {"gmacs": "multiply_adds", "executed_gmacs": "executed_multiply_adds"}
    return {
        "margin": double(record["margin_bits"]),
        "fallback_share": share,
        "fallback": {
            **{key: second[name] / 1e9 for key, name in keys.items()},
            "activation_bytes_per_image": second["arena_bytes"],
        },
        "shared_gmacs": shared / 1e9,
        "average": {
            key: (first[name] + share * (second[name] - shared)) / 1e9
            for key, name in keys.items()
        },
    }


def unquantized(constants: list[dict[str, Any]]) -> list[str]:
    """The key `unquantized` of `vitc inspect --json`: weights of products that are not int8, of a plan with int8."""
    weights = [constant for constant in constants if constant["layout"].startswith("panels")]
    if all(weight["element"] != "int8" for weight in weights):
        return []
    return [w["name"] for element in ("float32", "float16") for w in weights if w["element"] == element]


def summary(plan: dict[str, Any]) -> dict[str, Any]:
    """The values that `vitc inspect --json` prints too."""
    facts, (program, *further) = plan["facts"], plan["programs"]["programs"]
    recipe = program["recipe"]
    prefix = facts["prefix_tokens"]
    rates = {stage["block"]: double(stage["keep_rate_bits"]) for stage in recipe["stages"]}

    def is_adaptive(stage: dict[str, Any]) -> bool:
        return program["buffers"][stage["kept"]]["unused"] is not None

    return {
        **{"cascade": cascade_summary(
            plan["cascade"], program, second, plan["constants"]["constants"]
        ) for second in further},
        "model": facts["architecture"],
        "family": facts["family"],
        "image_size": [facts["image_height"], facts["image_width"]],
        "channels": len(facts["preprocess"]["mean"]),
        "patch_size": [facts["patch_size"], plan["patches"]["width"]]
        if "patches" in plan else facts["patch_size"],
        "embed_dim": facts["embed_dim"],
        "depth": facts["depth"],
        "heads": facts["heads"],
        "classes": facts["classes"],
        "prefix_tokens": prefix,
        "class_token": plan.get("details", {}).get("class_token", True),
        "text_comparison": text_summary(plan.get("details", {}).get("text_comparison")),
        "scores": facts["scores"],
        "gmacs": program["multiply_adds"] / 1e9,
        "executed_gmacs": program["executed_multiply_adds"] / 1e9,
        "multi_scale": recipe["multi_scale_blocks"] is not None,
        "size_aware": recipe["size_aware"],
        "unquantized": unquantized(plan["constants"]["constants"]),
        "plan_bytes": plan["plan_bytes"],
        "written_by": f"vitc {plan['origin']['writer']}",
        "outputs": [output["role"] for output in program["outputs"]],
        "activation_bytes_per_image": program["arena_bytes"],
        "preprocess": preprocess_summary(facts),
        "schedule": [
            {
                "block": stage["block"] + 1,
                "strategy": recipe["strategy"],
                "keep": None if is_adaptive(stage) else rates.get(stage["block"]),
                "adaptive": is_adaptive(stage),
                "tokens_in": stage["patches_in"] + prefix,
                "tokens_out": stage["patches_out"] + prefix,
                "removed": stage["patches_in"] - stage["patches_out"],
            }
            for stage in program["stages"]
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    try:
        plan = read_plan(arguments.plan.read_bytes())
    except (PlanError, KeyError, UnicodeDecodeError) as error:
        print(f"plan_dump: {arguments.plan}: {error}", file=sys.stderr)
        return 1
    if arguments.against is None:
        print(json.dumps(plan, indent=1))
        return 0
    inspected = json.loads(arguments.against.read_text())
    differing = {
        key: (value, inspected.get(key))
        for key, value in summary(plan).items()
        if inspected.get(key) != value
    }
    for key, (dumped, shown) in differing.items():
        print(f"{key}: the file says {dumped}, vitc inspect says {shown}", file=sys.stderr)
    print(f"{len(summary(plan)) - len(differing)} of {len(summary(plan))} values agree")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
