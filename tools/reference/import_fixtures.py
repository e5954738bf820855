"""Writes `Tests/Fixtures/imports`: small checkpoints with their configurations, as timm, transformers
and torchvision write them, and what each must be imported as. `coverage.py` sweeps far more; this part
of it runs with the tests.

    python tools/reference/import_fixtures.py [FOLDER]

What is expected comes from the libraries: logits from their models in float64, preprocessing from
timm's transforms and transformers' PIL processors. Files of equal bytes are written once. Needs
requirements-variants.txt beside this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from fixture_folder import FixtureFolder
from imports import hugging_face_cases, timm_cases
from imports.case import Case, Refusal
from safetensors.torch import save
from sweep.weights import noise

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "imports"
LIMIT = 2_200_000


def files_of(case: Case | Refusal) -> dict[str, bytes]:
    """The files of a case."""
    files = {"model.safetensors": save(
        {key: value.contiguous() for key, value in case.state.items()})}
    for file, config in ((case.config_name, case.config),
                         ("preprocessor_config.json", case.preprocessor)):
        if config is not None:
            text = config if isinstance(config, str) else json.dumps(config, indent=1)
            files[file] = (text + "\n").encode()
    return files


@torch.no_grad()
def main() -> None:
    folder = FixtureFolder(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    cases, tensors = [], {}
    for case in (*timm_cases.cases(), *hugging_face_cases.cases()):
        row = folder.write(case.name, files_of(case), case.options)
        row |= {"assumptions": sorted(case.assumptions), "image": list(case.size),
                "logits": case.logits is not None} | case.facts
        if case.preprocess is not None:
            row["preprocess"] = case.preprocess
        if case.channels != 3:
            row["channels"] = case.channels
        if case.logits is not None:
            # One input for all cases of a size.
            key = f"input.{case.size[0]}x{case.size[1]}"
            key += f"x{case.channels}" if case.channels != 3 else ""
            if key not in tensors:
                tensors[key] = noise(key, torch.Size((2, case.channels, *case.size))).clone()
            tensors[f"{case.name}.logits"] = case.logits(tensors[key]).contiguous()
        cases.append(row)
    refused = [
        folder.write(f"refused_{case.name}", files_of(case), case.options)
        | {"words": list(case.words)}
        for case in (*timm_cases.refusals(), *hugging_face_cases.refusals())
    ]
    folder.finish(cases, refused, tensors, LIMIT)


if __name__ == "__main__":
    main()
