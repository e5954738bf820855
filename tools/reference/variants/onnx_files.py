"""Writers of ONNX: both of PyTorch's exporters, and what people do to their files afterwards."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .models import Sizes


class LogitsOnly(nn.Module):
    """A `transformers` model that returns a tensor."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, picture: Tensor) -> Tensor:
        return self.model(pixel_values=picture).logits


def export(
    model: nn.Module, path: Path, sizes: Sizes, *, opset: int, dynamo: bool = False,
    fold: bool = True, dynamic: bool = False, optimize: bool = True, half: bool = False,
    external: bool = False, output: str = "logits",
) -> Path:
    side = sizes.image
    height, width = side if isinstance(side, tuple) else (side, side)
    picture = torch.zeros(1 if not dynamic else 2, 3, height, width)
    if half:
        model, picture = model.half(), picture.half()
    options: dict = {}
    if dynamo:
        options["optimize"] = optimize
        if dynamic:
            options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    else:
        options["do_constant_folding"] = fold
        if dynamic:
            options["dynamic_axes"] = {"input": {0: "batch"}, output: {0: "batch"}}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (picture,), str(path), opset_version=opset, dynamo=dynamo,
            external_data=external, input_names=["input"], output_names=[output], **options)
    return path


def simplified(source: Path, path: Path) -> Path:
    import onnxsim

    model, _ = onnxsim.simplify(onnx.load(source))
    onnx.save(model, path)
    return path


def optimised(source: Path, path: Path) -> Path:
    """onnxruntime's basic optimisations, written out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    return path


def with_operators(source: Path, path: Path) -> Path:
    """Activations as one operator each: Swish, and onnxruntime's QuickGelu and FastGelu."""
    model = onnx.load(source)
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type == "Gelu":
            node.op_type, node.domain = "FastGelu", "com.microsoft"
            del node.attribute[:]
            # It can add the bias too.
            if makers[node.input[0]].op_type == "Add":
                node.input[:] = makers[node.input[0]].input
        gates = [name for name in node.input if name in makers
                 and makers[name].op_type == "Sigmoid"]
        if node.op_type == "Mul" and gates:
            (rows,) = (name for name in node.input if name != gates[0])
            if makers[gates[0]].input[0] == rows:
                node.op_type = "Swish"
            else:
                node.op_type, node.domain = "QuickGelu", "com.microsoft"
                node.attribute.append(onnx.helper.make_attribute("alpha", 1.702))
            node.input[:] = [rows]
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)
    return path


def converted_to_half(source: Path, path: Path) -> Path:
    """onnxruntime's converter: half-precision weights and sums, float32 input and output."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), path)
    return path


def with_external_data(source: Path, path: Path) -> Path:
    onnx.save(onnx.load(source), path, save_as_external_data=True, location="weights.data",
              size_threshold=256)
    return path


def quantised(source: Path, path: Path, sizes: Sizes) -> Path:
    """Static quantisation in QDQ form."""
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            shape = (1, 3, sizes.image, sizes.image)
            self.pictures = iter([{"input": np.zeros(shape, np.float32)}])

        def get_next(self):
            return next(self.pictures, None)

    quantize_static(source, path, Reader(), quant_format=QuantFormat.QDQ)
    return path


def strip(path: Path) -> None:
    """Takes out what only people read, so that fixtures stay small."""
    model = onnx.load(path, load_external_data=False)
    model.ClearField("functions")
    model.ClearField("metadata_props")
    graph = model.graph
    graph.ClearField("value_info")
    graph.ClearField("metadata_props")
    for item in [*graph.node, *graph.input, *graph.output, *graph.initializer]:
        item.doc_string = ""
        if hasattr(item, "metadata_props"):
            item.ClearField("metadata_props")
    path.write_bytes(model.SerializeToString(deterministic=True))


def quantised_fixture(model: nn.Module, folder: Path, sizes: Sizes) -> None:
    import tempfile

    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        source = export(model, Path(scratch) / "model.onnx", sizes, opset=17)
        strip(quantised(source, folder / "model.onnx", sizes))
