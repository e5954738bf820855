"""Files that compute a factor of their positions from constants: every operator by ONNX's own rules."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import onnx
import torch
from onnx import TensorProto, helper

from .case import Around, Case, Refusal, edited, export
from .models import model, pictures, size_of

FLOAT, HALF, INT, BOOL, BYTE = (
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.BOOL, TensorProto.UINT8)


def _constant(name: str, values: list[float] | float, type_: int = FLOAT) -> onnx.NodeProto:
    dims = [len(values)] if isinstance(values, list) else []
    listed = values if isinstance(values, list) else [values]
    return helper.make_node(
        "Constant", [], [name], value=helper.make_tensor(name, type_, dims, listed))


def _cast(source: str, target: str, type_: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], to=type_)


# The nodes that make `factor`, and what it is.
FACTORS = {
    "fraction_to_bool": ([_constant("a", 2.5), _cast("a", "b", BOOL), _cast("b", "factor", FLOAT)], 1),
    "small_fraction_to_bool": (
        [_constant("a", 0.3), _cast("a", "b", BOOL), _constant("y", 0.5), _constant("n", 2.0),
         helper.make_node("Where", ["b", "y", "n"], ["factor"])], 0.5),
    "fraction_to_integer": (
        [_constant("a", -2.7), _cast("a", "b", INT), _cast("b", "factor", FLOAT)], -2),
    "three_maxima": (
        [_constant(n, v) for n, v in (("a", 0.5), ("b", 0.25), ("c", 3.0))]
        + [helper.make_node("Max", ["a", "b", "c"], ["factor"])], 3),
    "three_minima": (
        [_constant(n, v) for n, v in (("a", 2.0), ("b", 4.0), ("c", 0.5))]
        + [helper.make_node("Min", ["a", "b", "c"], ["factor"])], 0.5),
    "one_maximum": ([_constant("a", 0.5), helper.make_node("Max", ["a"], ["factor"])], 0.5),
    "rounded_to_half": (
        [_constant("a", 1.00048), _cast("a", "b", HALF), _cast("b", "factor", FLOAT)], 1),
    "remainder": (
        [_constant("a", -3.5), _constant("b", 2.0),
         helper.make_node("Mod", ["a", "b"], ["factor"], fmod=1)], -1.5),
    "remainder_of_integers": (
        [_constant("a", -3, INT), _constant("b", 2, INT),
         helper.make_node("Mod", ["a", "b"], ["c"]), _cast("c", "factor", FLOAT)], 1),
    "power_of_integer": (
        [_constant("a", 2, INT), _constant("b", 2.5),
         helper.make_node("Pow", ["a", "b"], ["c"]), _cast("c", "factor", FLOAT)], 5),
    "range_of_fractions": (
        [_constant(n, v) for n, v in (("a", 0.0), ("b", 2.0), ("c", 0.75))]
        + [helper.make_node("Range", ["a", "b", "c"], ["d"]), _cast("d", "e", INT),
           _constant("i", 2, INT), helper.make_node("Gather", ["e", "i"], ["f"]),
           _cast("f", "factor", FLOAT)], 1),
    "product_of_all": (
        [_constant("a", [2.0, 0.5, 3.0]),
         helper.make_node("ReduceProd", ["a"], ["factor"], keepdims=0, axes=[0])], 3),
    "moved_elements": (
        [_constant("a", [2.0, 0.5, 3.0]), _constant("i", [-1, 0], INT), _constant("u", [5.0, 7.0]),
         helper.make_node("ScatterElements", ["a", "i", "u"], ["b"], axis=0),  # 7, 0.5, 5
         _constant("first", [-1], INT), _constant("end", [-(2**63) + 1], INT),
         _constant("axis", [0], INT), _constant("step", [-2], INT),
         helper.make_node("Slice", ["b", "first", "end", "axis", "step"], ["c"]),  # 5, 7
         _constant("pads", [1, 2], INT), helper.make_node("Pad", ["c", "pads"], ["d"]),
         _constant("s", [5, 1], INT), helper.make_node("Reshape", ["d", "s"], ["e"]),
         _constant("p", [1, 0, 3, 0], INT), _constant("t", [2, 2], INT),
         helper.make_node("Reshape", ["p", "t"], ["tuples"]),
         _constant("v", [0.25, 0.5]),
         helper.make_node("ScatterND", ["e", "tuples", "v"], ["f"]),  # 0, 0.25, 7, 0.5, 0
         helper.make_node("GatherND", ["f", "tuples"], ["g"]),
         helper.make_node("ReduceSum", ["g", "axis"], ["factor"], keepdims=0)], 0.75),
}


def _scaled_by(nodes: list[onnx.NodeProto]):
    """Puts a product with `factor` behind the positions."""
    def change(file: onnx.ModelProto) -> None:
        name = next(t.name for t in file.graph.initializer if t.name.endswith("pos_embed"))
        for node in file.graph.node:
            node.input[:] = ["scaled" if used == name else used for used in node.input]
        made = [*nodes, helper.make_node("Mul", [name, "factor"], ["scaled"])]
        for index, node in enumerate(made):
            file.graph.node.insert(index, node)
    return edited(change)


def _scaled(inner: torch.nn.Module, factor: float) -> torch.nn.Module:
    changed = copy.deepcopy(inner)
    with torch.no_grad():
        changed.pos_embed *= factor
    return changed


def cases() -> Iterator[Case]:
    inner, size = model("vit"), size_of("vit")
    for name, (nodes, factor) in FACTORS.items():
        yield Case(
            f"computes_{name}", lambda path, n=nodes: export(
                inner, torch.zeros(1, 3, *size), path, dynamo=False, after=_scaled_by(n)),
            _scaled(inner, factor), pictures(size), size)


def refusals() -> Iterator[Refusal]:
    inner, size = model("vit"), size_of("vit")
    picture = torch.zeros(1, 3, *size)

    def refusal(name: str, nodes: list[onnx.NodeProto], words: tuple[str, ...]) -> Refusal:
        return Refusal(f"computes_{name}", lambda path: export(
            inner, picture, path, dynamo=False, after=_scaled_by(nodes)), words)

    yield refusal(
        "too_large_for_a_byte",
        [_constant("a", 300.0), _cast("a", "b", BYTE), _cast("b", "factor", FLOAT)],
        ("Cast", "uint8", "300"))
    yield refusal(
        "product_of_rows",
        [helper.make_node("Constant", [], ["a"], value=helper.make_tensor(
            "a", FLOAT, [2, 1], [2.0, 0.5])),
         helper.make_node("ReduceProd", ["a"], ["factor"], keepdims=1, axes=[1])],
        ("ReduceProd", "all axes"))

    def other_kernel(file: onnx.ModelProto) -> None:
        node = next(node for node in file.graph.node if node.op_type == "Conv")
        kept = [a for a in node.attribute if a.name != "kernel_shape"]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("kernel_shape", [4, 3])])

    yield Refusal("convolves_with_another_kernel", lambda path: export(
        inner, picture, path, dynamo=False, after=edited(other_kernel)), ("Conv", "kernel_shape"))
    words = {
        "softmax": ("Softmax", "an open batch", "across its images"), "first": ("Slice", "whole axes"),
        "transposed": ("output", "each image of an open batch"),
    }
    across = {
        "softmax": lambda x: x.reshape(-1).softmax(0).reshape(x.shape),
        "first": lambda x: x[:1],
        "transposed": lambda x: x.transpose(0, 1),
    }
    for name, behind in across.items():
        yield Refusal(f"open_batch_{name}", lambda path, b=behind: export(
            Around(inner, behind=b), torch.zeros(2, 3, *size), path, dynamo=False,
            dynamic_axes={"input": {0: "batch"}}), words[name])
