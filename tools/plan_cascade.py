"""How much of a combined plan's second program an image need not take again: formats/plan.md, for plan_dump.py."""

import math
from typing import Any

# The steps of a program that takes no tokens away: all write `output` alone, but attention. Ints of these names are buffers.
PLAIN = {
    "linear", "convolution", "prefix", "attention", "avgPool2x2", "grid", "depthwise", "elementwise", "reduceMax", "norm",
    "reduceMean", "attentionPool", "quantizedAttention", "headNorm", "rotaryEmbedding", "gatedActivation",
    "biasedAttention", "rmsNorm",
}
BUFFERS = ("qkv", "input", "tokens", "sizes", "patch_indices", "output", "class_attention", "probabilities")
RESULTS = ("output", "class_attention", "probabilities")


def operands(step: dict[str, Any]) -> dict[str, int]:
    """The buffers of a step, by field."""
    rows = {key: value["buffer"] for key, value in step.items() if isinstance(value, dict) and "buffer" in value}
    ints = {key: step[key] for key in BUFFERS if isinstance(step.get(key), int)}
    return rows | ints


def step_multiply_adds(
    step: dict[str, Any], buffers: list[dict[str, Any]], constants: list[dict[str, Any]]
) -> int:
    """Multiply-adds of one of these steps."""
    if step["kind"] in ("linear", "convolution", "depthwise"):
        return step["output"]["count"] * math.prod(constants[step["weight"]]["shape"])
    if step["kind"] == "attentionPool":
        return 2 * step["input"]["count"] * step["heads"] * step["head_width"]
    if "queries" in step:
        return 2 * step["queries"] * buffers[step["qkv"]]["rows"] * step["heads"] * step["head_width"]
    return 0


def uses(program: dict[str, Any]) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Of each buffer the first step that writes it, and the last ones that read and that touch it."""
    written: dict[int, int] = {program["input"]: -1}
    end = len(program["steps"])
    read = {output["rows"]["buffer"]: end for output in program["outputs"]}
    read |= {stage[name]: end for stage in program["stages"] for name in ("kept", "destination")}
    touched: dict[int, int] = {}
    for index, step in enumerate(program["steps"]):
        for key, buffer in operands(step).items():
            touched[buffer] = index
            if key in RESULTS:
                written.setdefault(buffer, index)
            else:
                read[buffer] = max(index, read.get(buffer, -1))
    return written, read, touched | {buffer: last for buffer, last in read.items() if last == end}


def few_queries(program: dict[str, Any], index: int, touched: dict[int, int]) -> bool:
    """Whether a linear step and the attention behind it are one, of a few queries to rows."""
    layer, *further = program["steps"][index:index + 2]
    if layer["kind"] != "linear" or not further or further[0]["kind"] != "attention":
        return False
    attention, qkv = further[0], layer["output"]["buffer"]
    tokens = program["buffers"][qkv]["rows"]
    first = next(i for i, step in enumerate(program["steps"]) if qkv in operands(step).values())
    return (
        attention["qkv"] == qkv and layer["output"]["count"] == layer["input"]["count"] == tokens
        and layer["residual"] is None and layer["activation"] == "none"
        and attention["class_attention"] is None and attention["probabilities"] is None
        and (first, touched[qkv]) == (index, index + 1)
        and (layer["norm"] is not None or touched[layer["input"]["buffer"]] > index)
        and attention["queries"] <= 8 and attention["queries"] < tokens
    )


def shared_multiply_adds(
    first: dict[str, Any], second: dict[str, Any], constants: list[dict[str, Any]]
) -> int:
    """Those of the second program's first steps, as far as an image need not take them again."""

    def record(program: dict[str, Any], buffer: int) -> dict[str, Any]:
        return program["buffers"][buffer] | {"offset": 0}

    alike = 0
    touched: set[int] = set()
    beside: set[int] = set()
    (written, read, last), (_, _, first_last) = uses(second), uses(first)
    for index, (own, other) in enumerate(zip(first["steps"], second["steps"])):
        extra = {key: own.get(key) for key in RESULTS[1:] if other.get(key) is None}
        beside |= {buffer for buffer in extra.values() if buffer is not None}
        if own | dict.fromkeys(extra) != other | dict.fromkeys(extra) or own["kind"] not in PLAIN:
            break
        touched |= set(operands(other).values())
        if touched & beside or any(
            record(first, b) != record(second, b) or record(second, b)["unused"] is not None
            for b in operands(other).values()
        ) or few_queries(first, index, first_last) != few_queries(second, index, last):
            break
        alike += 1
    shared = 0
    for count in range(1, min(alike + 1, len(second["steps"]))):
        crossing = [b for b, first_write in written.items() if first_write < count <= read.get(b, -1)]
        if (len(crossing) == 1 and crossing[0] != second["input"] and first_last.get(crossing[0], -1) >= count
                and not few_queries(second, count - 1, last)):
            shared = count
    return sum(step_multiply_adds(step, second["buffers"], constants) for step in second["steps"][:shared])
