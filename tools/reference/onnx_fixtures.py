"""Writes `Tests/Fixtures/onnx`: small models as people export them to ONNX, by both of PyTorch's
exporters, and what each must be imported as: batches, endings, inputs, sizes, fused operators, constants, models of
other families.

    python tools/reference/onnx_fixtures.py [--only WORD] [FOLDER]

What is expected is what onnxruntime computes from the file itself, and, for logits that a file does
not give, PyTorch's model, which must agree with it.

Needs requirements-variants.txt beside this file.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from fixture_folder import FixtureFolder
from onnx_cases import batches, constants, endings, families, fused, inputs, sizes
from onnx_cases.case import Case, Refusal

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "onnx"
LIMIT = 3_000_000


def files_of(case: Case | Refusal) -> dict[str, bytes]:
    """The files of a case."""
    with tempfile.TemporaryDirectory() as scratch:
        case.write(Path(scratch) / "model.onnx")
        files = {"model.onnx": (Path(scratch) / "model.onnx").read_bytes()}
    for file, config in case.configs.items():
        files[file] = (json.dumps(config, indent=1) + "\n").encode()
    return files


def run(case: Case, path: Path) -> torch.Tensor:
    """What the file itself makes of the inputs."""
    given = case.inputs.permute(0, 2, 3, 1) if case.channels_last else case.inputs
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows = []
    for image in given.numpy():
        # Each image at another place of the batch, beside other images.
        place = len(rows) % case.batch
        batch = np.stack([image if index == place else given[1 - len(rows)].numpy()
                          for index in range(case.batch)])
        rows.append(session.run(None, {"input": batch})[0][place])
    return torch.from_numpy(np.stack(rows))


@torch.no_grad()
def expected(case: Case, path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and the file's result."""
    result = run(case, path)
    if case.logits is None:
        return result, result
    logits = case.logits(case.inputs)
    difference = float((endings.ENDINGS[case.ending](logits) - result).abs().max())
    assert difference < 1e-5, f"{case.name}: PyTorch and onnxruntime differ by {difference}"
    return logits.contiguous(), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument(
        "--only", default="", help="cases whose name contains this; the others are lost")
    arguments = parser.parse_args()
    folder = FixtureFolder(arguments.folder)
    cases: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    tensors: dict[str, torch.Tensor] = {}
    for part in (batches, endings, inputs, sizes, constants, families):
        for case in (*part.cases(), *(sizes.resized_by_runtime() if part is sizes else ())):
            if arguments.only not in case.name:
                continue
            row = folder.write(case.name, files_of(case), case.options)
            logits, result = expected(case, folder.folder / row["files"]["model.onnx"])
            tensors[f"{case.name}.logits"] = logits
            if case.ending != "none":
                tensors[f"{case.name}.result"] = result
            key = f"input.{case.inputs.shape[2]}x{case.inputs.shape[3]}.{case.inputs.dtype}"
            key += f".{float(case.inputs.float().sum()):.0f}"
            tensors[key] = case.inputs.float()
            cases.append(row | {
                "input": key, "image": list(case.size), "ending": case.ending,
                "facts": case.facts,
                "assumptions": sorted(case.assumptions), "remarks": sorted(case.remarks)})
    for part in (batches, endings, inputs, sizes, fused, constants, families):
        for case in part.refusals():
            if arguments.only in case.name:
                row = folder.write(f"refused_{case.name}", files_of(case), case.options)
                refused.append(row | {"words": list(case.words)})
    folder.finish(cases, refused, tensors, LIMIT)


if __name__ == "__main__":
    main()
