"""Files for a fixed batch of several images."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from variants import onnx_files

from .case import EXPORTERS, Around, Case, Refusal, edited, export
from .models import model, pictures, size_of

# The batch is also a number of heads, of rows, of tokens: extents do not tell which is which.
_MODELS = {"vit": (2, 4), "distilled": (5,), "deit3": (3,), "lvvit": (2,), "transformers": (2,)}


def _case(name: str, kind: str, batch: int, dynamo: bool, **options) -> Case:
    found, size = model(kind), size_of(kind)
    picture = torch.zeros(batch, 3, *size)
    return Case(
        name, lambda path: export(found, picture, path, dynamo=dynamo, **options), found,
        pictures(size), size, batch=batch, facts={"batch": "1"})


def cases() -> Iterator[Case]:
    for exporter, dynamo in EXPORTERS.items():
        for kind, batches in _MODELS.items():
            for batch in batches:
                yield _case(f"batch_{batch}_{kind}_{exporter}", kind, batch, dynamo)
        yield _case(f"batch_2_simplified_{exporter}", "vit", 2, dynamo,
                    after=onnx_files.simplified)
        yield _case(f"batch_3_optimised_{exporter}", "vit", 3, dynamo, after=onnx_files.optimised)
    yield _case("batch_2_unfolded", "vit", 2, False, opset=14, do_constant_folding=False)
    yield _case("batch_2_attention", "vit", 2, True, opset=23)
    # Convolutions have biases of zeros then.
    yield _case("batch_2_lvvit_unoptimised", "lvvit", 2, True, optimize=False)


class _First(nn.Module):
    def forward(self, logits: Tensor) -> Tensor:
        return logits[:1]


class _Mean(nn.Module):
    def forward(self, picture: Tensor) -> Tensor:
        return picture - picture.mean(0, keepdim=True)


class _Tokens(nn.Module):
    """Another class token for each image."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.inner.cls_token = nn.Parameter(torch.randn(3, 1, 8))

    def forward(self, picture: Tensor) -> Tensor:
        rows = self.inner.patch_embed(picture)
        rows = torch.cat((self.inner.cls_token, rows), dim=1) + self.inner.pos_embed
        return self.inner.head(self.inner.norm(self.inner.blocks(rows))[:, 0])


def _one_differs(file: onnx.ModelProto) -> None:
    """One image's class token in a file that has one for each."""
    for tensor in file.graph.initializer:
        if list(tensor.dims) == [3, 1, 8]:
            values = numpy_helper.to_array(tensor).copy()
            values[:] = values[:1]
            values[2, 0, 5] += 1e-3
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(3, 3, *size_of("vit"))
    for exporter, dynamo in EXPORTERS.items():
        first = Around(model(), behind=_First())
        yield Refusal(f"batch_first_{exporter}", lambda path, d=dynamo, m=first: export(
            m, picture, path, dynamo=d), ("Slice", "0..<1", "axis 0"))
        mean = Around(model(), before=_Mean())
        yield Refusal(f"batch_mean_{exporter}", lambda path, d=dynamo, m=mean: export(
            m, picture, path, dynamo=d), ("ReduceMean", "across its images"))
        tokens = _Tokens(model())
        yield Refusal(
            f"batch_tokens_{exporter}", lambda path, d=dynamo, m=tokens: export(
                m, picture, path, dynamo=d, after=edited(_one_differs)),
            ("Concat", "the same for the 3 images"))
        softmax = Around(model(), behind=lambda logits: logits.softmax(0))
        yield Refusal(f"batch_softmax_{exporter}", lambda path, d=dynamo, m=softmax: export(
            m, picture, path, dynamo=d), ("Softmax", "along the last axis"))
