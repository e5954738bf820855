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
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from imports import hugging_face_cases, timm_cases
from imports.case import Case, Refusal
from safetensors.torch import save, save_file
from sweep.weights import noise

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "imports"
LIMIT = 650_000


class Writer:
    """Writes folders and remembers what is in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[bytes, str] = {}

    def write(self, case: Case | Refusal, name: str) -> dict[str, Any]:
        """Writes the files of a case; returns what the list says of it."""
        files = {"model.safetensors": save(
            {key: value.contiguous() for key, value in case.state.items()})}
        for file, config in (("config.json", case.config),
                             ("preprocessor_config.json", case.preprocessor)):
            if config is not None:
                text = config if isinstance(config, str) else json.dumps(config, indent=1)
                files[file] = (text + "\n").encode()
        return {"name": name, "options": case.options, "files": {
            file: self._place(data, f"{name}/{file}") for file, data in files.items()}}

    def _place(self, data: bytes, path: str) -> str:
        """Where these bytes are, written there if they are new."""
        if (place := self.places.setdefault(data, path)) == path:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(data)
        return place


@torch.no_grad()
def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    writer, cases, tensors = Writer(folder), [], {}
    for case in (*timm_cases.cases(), *hugging_face_cases.cases()):
        row = writer.write(case, case.name)
        row |= {"assumptions": sorted(case.assumptions), "image": list(case.size),
                "logits": case.logits is not None} | case.facts
        if case.preprocess is not None:
            row["preprocess"] = case.preprocess
        if case.logits is not None:
            # One input for all cases of a size.
            key = f"input.{case.size[0]}x{case.size[1]}"
            if key not in tensors:
                tensors[key] = noise(key, torch.Size((2, 3, *case.size))).clone()
            tensors[f"{case.name}.logits"] = case.logits(tensors[key]).contiguous()
        cases.append(row)
    refused = [
        writer.write(case, f"refused_{case.name}") | {"words": list(case.words)}
        for case in (*timm_cases.refusals(), *hugging_face_cases.refusals())
    ]
    save_file(tensors, folder / "expected.safetensors")
    lines = {name: ",\n".join(json.dumps(row) for row in rows)
             for name, rows in (("cases", cases), ("refused", refused))}
    text = ",\n".join(f'"{name}": [\n{rows}\n]' for name, rows in lines.items())
    (folder / "cases.json").write_text("{\n" + text + "\n}\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{len(cases)} cases, {len(refused)} refused, {size} bytes")
    if size > LIMIT:
        sys.exit(f"more than {LIMIT} bytes")


if __name__ == "__main__":
    main()
