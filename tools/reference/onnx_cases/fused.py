"""Files that onnxruntime's optimisers and quantisers have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from onnx import helper

from .case import EXPORTERS, Refusal, edited, export
from .models import model, size_of

_ADVICE = ("com.microsoft", "optimiser", "convert the model that it was made from")


def _session(level: str):
    """What a session saves, at a level of its optimisations."""
    def save(source: Path, path: Path) -> Path:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        return path
    return save


def _transformers(source: Path, path: Path) -> Path:
    """`onnxruntime.transformers.optimizer` for ViTs."""
    from onnxruntime.transformers import optimizer

    found = optimizer.optimize_model(str(source), "vit", num_heads=2, hidden_size=8, opt_level=0)
    found.save_model_to_file(str(path))
    return path


def _quantised(source: Path, path: Path) -> Path:
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(str(source), str(path))
    return path


def _quantised_and_fused(source: Path, path: Path) -> Path:
    middle = path.with_suffix(".quantised")
    _session("ORT_ENABLE_EXTENDED")(_quantised(source, middle), path)
    middle.unlink()
    return path


def _other_domain(file: onnx.ModelProto) -> None:
    """An operator of ONNX's name that is somebody else's."""
    for node in file.graph.node:
        if node.op_type == "MatMul":
            node.domain = "org.somebody"
    file.opset_import.append(helper.make_opsetid("org.somebody", 1))


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(1, 3, *size_of("vit"))

    def refusal(name: str, after, words: tuple[str, ...], dynamo: bool = False,
                kind: str = "vit", **options) -> Refusal:
        return Refusal(name, lambda path: export(
            model(kind), picture, path, dynamo=dynamo, after=after, **options), words)

    for exporter, dynamo in EXPORTERS.items():
        for level in ("EXTENDED", "ALL"):
            yield refusal(f"fused_{level.lower()}_{exporter}", _session(f"ORT_ENABLE_{level}"),
                          _ADVICE, dynamo)
        yield refusal(f"quantised_{exporter}", _quantised, ("quantised model", "float model"),
                      dynamo)
    yield refusal("fused_transformers", _transformers, _ADVICE, kind="transformers")
    yield refusal("fused_old_gelu", _session("ORT_ENABLE_EXTENDED"), _ADVICE, opset=14)
    yield refusal("quantised_and_fused", _quantised_and_fused, ("quantised model",))
    yield refusal("other_domain", edited(_other_domain), ("org.somebody", "MatMul"))
