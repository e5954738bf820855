#!/usr/bin/env python3
"""Compares the methods of other papers with the numbers of their authors' code.

    python check_methods.py [--golden ../shared/golden/methods]

Prints a line a model and batch size: PASS or FAIL, the largest difference of a logit relative to the largest
logit, and which tables of counts and kept tokens differ. Images are run as one batch and one at a time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from vit_reference.methods import KeptTokens, ReducedViT, load_method

TOLERANCE = 2e-5
OTHER_RULES = {
    "logits_batch": "AS-ViT with counts that a batch shares",
    "logits_masked": "SP-ViT with dropped tokens in LV-ViT's maximum",
}
"""Numbers of what upstream computes and the reference does not, by name."""


@torch.no_grad()
def differences(model: ReducedViT, golden: dict[str, Tensor], size: int) -> tuple[float, list[str]]:
    """Of logits, relative; the tables that are not the same, among them those that only one side has."""
    trace = KeptTokens()
    logits = torch.cat([model(images, trace) for images in golden["input"].split(size)])
    expected = golden["logits"]
    found = trace.tables()
    tables = golden.keys() - {"input", "logits", *OTHER_RULES}
    wrong = [
        name for name in sorted(tables | found.keys())
        if name not in found or name not in tables or not torch.equal(found[name], golden[name])
    ]
    return ((logits - expected).abs().max() / expected.abs().max()).item(), wrong


def check(folder: Path) -> list[bool]:
    results = []
    for path in sorted(folder.glob("*.golden.safetensors")):
        name = path.name.removesuffix(".golden.safetensors")
        model = load_method(folder / f"{name}.safetensors", folder / f"{name}.json")
        golden = load_file(path)
        for size in (len(golden["input"]), 1):
            difference, wrong = differences(model, golden, size)
            passed = difference <= TOLERANCE and not wrong
            note = f"; tables differ: {', '.join(wrong)}" if wrong else ""
            print(f"{'PASS' if passed else 'FAIL'} {name}, batches of {size}: {difference:.1e}{note}")
            results.append(passed)
        for other in sorted(OTHER_RULES.keys() & golden.keys()):
            print(f"     {name}, {other}: not compared ({OTHER_RULES[other]})")
    return results


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=Path, default=root.parent / "shared" / "golden" / "methods")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.golden.is_dir():
        print(f"{arguments.golden} is absent: nothing is compared")
        return 0
    results = check(arguments.golden)
    print(f"{sum(results)} of {len(results)} cases pass")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
