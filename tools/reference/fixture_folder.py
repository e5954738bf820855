"""A folder of fixtures: the files of each case, and a list of all of them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor


class FixtureFolder:
    """Written anew. Files of equal bytes are written once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[bytes, str] = {}
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, name: str, files: dict[str, bytes], options: dict[str, Any]) -> dict[str, Any]:
        """Writes the files of a case; returns what the list says of it."""
        return {"name": name, "options": options, "files": {
            file: self._place(data, f"{name}/{file}") for file, data in files.items()}}

    def _place(self, data: bytes, path: str) -> str:
        """Where these bytes are, written there if they are new."""
        if (place := self.places.setdefault(data, path)) == path:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(data)
        return place

    def finish(
        self, cases: list[dict[str, Any]], refused: list[dict[str, Any]],
        expected: dict[str, Tensor], limit: int
    ) -> None:
        """Writes the list and the tensors; ends with an error above `limit` bytes."""
        save_file(expected, self.folder / "expected.safetensors")
        lines = {name: ",\n".join(json.dumps(row) for row in rows)
                 for name, rows in (("cases", cases), ("refused", refused))}
        text = ",\n".join(f'"{name}": [\n{rows}\n]' for name, rows in lines.items())
        (self.folder / "cases.json").write_text("{\n" + text + "\n}\n")
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        print(f"{len(cases)} cases, {len(refused)} refused, {size} bytes")
        if size > limit:
            sys.exit(f"more than {limit} bytes")
