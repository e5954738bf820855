"""Files that bring their positions to the image's grid as they run."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
import torch
import transformers
from onnx import helper
from torch import Tensor, nn

from .case import Around, Case, Refusal, edited, export
from .models import model, pictures, randomised


def _dynamic(own: tuple[int, int] = (16, 16), **arguments) -> nn.Module:
    return model(size=own, dynamic_img_size=True, **arguments)


class _Interpolating(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        config = transformers.ViTConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            image_size=16, patch_size=4, num_labels=5)
        self.model = randomised(transformers.ViTForImageClassification(config))

    def forward(self, picture: Tensor) -> Tensor:
        return self.model(pixel_values=picture, interpolate_pos_encoding=True).logits


def _axes() -> tuple:
    height, width = torch.export.Dim("H", min=2, max=60), torch.export.Dim("W", min=2, max=60)
    return ({2: 4 * height, 3: 4 * width},)


def _case(name: str, found: nn.Module, size: tuple[int, int], given: tuple[int, int] | None = None,
          configs: dict | None = None, options: dict | None = None, batch: int = 1,
          **export_options) -> Case:
    picture = torch.zeros(batch, 3, *(given or size))
    return Case(
        name, lambda path: export(found, picture, path, **export_options), found, pictures(size),
        size, batch=batch, configs=configs or {}, options=options or {},
        facts={"batch": "1"} if batch > 1 else {})


def cases() -> Iterator[Case]:
    # As the optimiser leaves it, the table is folded; without it, a Resize of the constant stays.
    for own, size in (((16, 16), (16, 24)), ((16, 16), (8, 12)), ((16, 24), (16, 24)),
                      ((12, 20), (28, 8))):
        name = f"resizes_{own[0]}x{own[1]}_to_{size[0]}x{size[1]}"
        yield _case(f"{name}_dynamo", _dynamic(own), size, dynamo=True, optimize=False)
    yield _case("resizes_folded_dynamo", _dynamic(), (16, 24), dynamo=True)
    yield _case("resizes_distilled_dynamo",
                model("distilled", size=(16, 16), dynamic_img_size=True), (20, 12), dynamo=True,
                optimize=False)
    yield _case("resizes_batch_3_dynamo", _dynamic(), (20, 12), batch=3, dynamo=True,
                optimize=False)
    # TorchScript has no antialiased Resize; at the model's own size there is none.
    yield _case("resizes_nothing_torchscript", _dynamic(), (16, 16), dynamo=False)
    open_sizes = {"dynamo": True, "dynamic_shapes": _axes()}
    for side in (16, 20):
        yield _case(f"open_size_{side}_dynamo", _dynamic(), (side, side), (20, 24),
                    options={"image_size": side}, **open_sizes)
    yield _case("open_size_configured_dynamo", _dynamic(), (12, 20), (20, 24),
                configs={"config.json": {"image_size": [12, 20]}}, **open_sizes)
    for exporter, dynamo in (("torchscript", False), ("dynamo", True)):
        extra = {"optimize": False} if dynamo else {}
        for size in ((24, 12), (8, 20)):
            yield _case(f"interpolates_{size[0]}x{size[1]}_{exporter}", _Interpolating(), size,
                        dynamo=dynamo, **extra)
    yield _case(
        "open_size_torchscript", model(size=(16, 16)), (16, 16), dynamo=False,
        dynamic_axes={"input": {0: "batch", 2: "height", 3: "width"}},
        options={"image_size": 16})


def _resized_by(**attributes):
    def change(file: onnx.ModelProto) -> None:
        for node in file.graph.node:
            if node.op_type == "Resize":
                kept = [a for a in node.attribute if a.name not in attributes]
                del node.attribute[:]
                node.attribute.extend(
                    kept + [helper.make_attribute(k, v) for k, v in attributes.items()])
    return edited(change)


def _scalar(file: onnx.ModelProto) -> None:
    """A number without axes where a shape is cut."""
    file.graph.initializer.append(helper.make_tensor("scalar", onnx.TensorProto.INT64, [], [3]))
    node = next(node for node in file.graph.node if node.op_type == "Slice")
    node.input[0] = "scalar"


class _Shrinking(nn.Module):
    def forward(self, picture: Tensor) -> Tensor:
        return nn.functional.interpolate(picture, size=(16, 16), mode="bilinear")


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(1, 3, 20, 24)
    yield Refusal("open_size_unsaid_dynamo", lambda path: export(
        _dynamic(), picture, path, dynamo=True, dynamic_shapes=_axes()),
        ("input", "imageSize", "4*H"))
    yield Refusal("open_size_unsaid_torchscript", lambda path: export(
        model(size=(16, 16)), torch.zeros(1, 3, 16, 16), path, dynamo=False,
        dynamic_axes={"input": {0: "batch", 2: "height", 3: "width"}}),
        ("input", "imageSize", "[batch, 3, height, width]"))
    yield Refusal("resizes_nearest", lambda path: export(
        _dynamic(), picture, path, dynamo=True, optimize=False, after=_resized_by(mode="nearest")),
        ("Resize", "cubic or linear", "nearest"))
    yield Refusal("resizes_by_crop", lambda path: export(
        _dynamic(), picture, path, dynamo=True, optimize=False,
        after=_resized_by(coordinate_transformation_mode="tf_crop_and_resize")),
        ("Resize", "tf_crop_and_resize"))
    yield Refusal("resizes_by_a_scalar", lambda path: export(
        _Interpolating(), torch.zeros(1, 3, 24, 12), path, dynamo=False,
        after=edited(_scalar)), ("Slice", "a dimension of 0"))
    for exporter, dynamo in (("torchscript", False), ("dynamo", True)):
        whole = Around(model(size=(16, 16)), _Shrinking())
        yield Refusal(f"resizes_the_picture_{exporter}", lambda path, m=whole, d=dynamo: export(
            m, picture, path, dynamo=d), ("Resize", "without its resizing"))


def resized_by_runtime() -> Iterator[Case]:
    """Other rules of `Resize`, as onnxruntime computes them."""
    rules = {
        "aligned": {"coordinate_transformation_mode": "align_corners", "antialias": 0,
                    "cubic_coeff_a": -0.75, "exclude_outside": 0},
        "asymmetric": {"coordinate_transformation_mode": "asymmetric", "antialias": 0,
                       "exclude_outside": 0},
        "excluding": {"antialias": 0, "exclude_outside": 1},
        "repeating_edges": {"antialias": 1, "exclude_outside": 0},
        "linear": {"mode": "linear", "antialias": 0, "exclude_outside": 0},
        "linear_antialiased": {"mode": "linear", "antialias": 1, "exclude_outside": 0},
    }
    for name, attributes in rules.items():
        for size in ((8, 24), (20, 12)):
            case = _case(f"resizes_{name}_{size[0]}x{size[1]}", _dynamic(), size, dynamo=True,
                         optimize=False, after=_resized_by(**attributes))
            case.logits = None  # what PyTorch has no function for
            yield case
