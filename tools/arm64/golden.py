#!/usr/bin/env python3
"""Runs the golden cases of small models by a vitc and vitrun, and compares them with PyTorch's numbers.

    python tools/arm64/golden.py BINARIES [FOLDER]...

Folders are those of `NAME.safetensors`, `NAME.json` and `NAME.golden.safetensors`, by default Tests/Fixtures and, where it
is there, ../shared/golden/micro. Prints the largest difference of each model, relative to its largest value; fails above
1e-5. Needs what tools/reference/check_export.py needs, whose cases these are.
"""

import argparse
import collections
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "reference"))

import check_export  # noqa: E402

TOLERANCE = 1e-5


def difference(case: check_export.Case, source: Path, tools: check_export.Tools, base: Path) -> float | None:
    """How far a case's result is from what PyTorch made of the model at `source`; None where that has no such case, as
    models for two scales have none of one."""
    config = json.loads(source.with_suffix(".json").read_text())
    output = "features" if config.get("num_classes") == 0 else "logits"
    golden = load_file(source.with_suffix(".golden.safetensors"))
    expected = golden.get(f"logits.{case.name.rsplit('/', 1)[1]}")
    if expected is None:
        return None
    found = tools.expected(tools.plan(case, base), [output], case.pixels, base)[output]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("folders", type=Path, nargs="*")
    arguments = parser.parse_args()
    shared = ROOT.parent / "shared" / "golden" / "micro"
    folders = arguments.folders or [ROOT / "Tests" / "Fixtures", *([shared] if shared.is_dir() else [])]
    tools = check_export.Tools(arguments.binaries.absolute(), threads=2)
    worst: dict[str, list[float]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as base:
        for folder in folders:
            for case in check_export.micro_cases(folder):
                source = Path(case.convert[0])
                value = difference(case, source, tools, Path(base))
                if value is not None:
                    worst[f"{folder.name}/{source.stem}"].append(value)
    for model, values in worst.items():
        print(f"{model:36} {len(values):3} cases, at most {max(values):.1e}")
    values = [value for of_model in worst.values() for value in of_model]
    near = sum(value <= TOLERANCE for value in values)
    print(f"golden: {near} of {len(values)} cases within {TOLERANCE:g}")
    return 0 if values and near == len(values) else 1


if __name__ == "__main__":
    sys.exit(main())
