"""How much of a combined plan's second program an image need not take again: formats/plan.md, for plan_dump.py."""

import math
from typing import Any

# The steps of a program that takes no tokens away: all write `output` alone, but attention. Ints of these names are buffers.
PLAIN = {
    "linear", "convolution", "prefix", "attention", "avgPool2x2", "grid", "depthwise", "elementwise", "reduceMax", "norm",
    "reduceMean", "attentionPool", "quantizedAttention", "headNorm", "rotaryEmbedding", "gatedActivation",
    "biasedAttention", "rmsNorm",
}
BUFFERS = ("qkv", "input", "sizes", "patch_indices", "output", "class_attention", "probabilities")
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


def shared_multiply_adds(
    first: dict[str, Any], second: dict[str, Any], constants: list[dict[str, Any]]
) -> int:
    """Those of the second program's first steps, as far as an image need not take them again."""

    def record(program: dict[str, Any], buffer: int) -> dict[str, Any]:
        return program["buffers"][buffer] | {"offset": 0}

    alike = 0
    touched: set[int] = set()
    beside: set[int] = set()
    for own, other in zip(first["steps"], second["steps"]):
        extra = {key: own.get(key) for key in RESULTS[1:] if other.get(key) is None}
        beside |= {buffer for buffer in extra.values() if buffer is not None}
        if own | dict.fromkeys(extra) != other | dict.fromkeys(extra) or own["kind"] not in PLAIN:
            break
        touched |= set(operands(other).values())
        if touched & beside or any(
            record(first, b) != record(second, b) or record(second, b)["unused"] is not None
            for b in operands(other).values()
        ):
            break
        alike += 1
    written: dict[int, int] = {second["input"]: -1}
    read = {output["rows"]["buffer"]: len(second["steps"]) for output in second["outputs"]}
    for index, step in enumerate(second["steps"]):
        for key, buffer in operands(step).items():
            if key in RESULTS:
                written.setdefault(buffer, index)
            else:
                read[buffer] = max(index, read.get(buffer, -1))
    shared = 0
    for count in range(1, min(alike + 1, len(second["steps"]))):
        crossing = [b for b, first_write in written.items() if first_write < count <= read.get(b, -1)]
        if len(crossing) == 1 and crossing[0] != second["input"]:
            shared = count
    return sum(step_multiply_adds(step, second["buffers"], constants) for step in second["steps"][:shared])
