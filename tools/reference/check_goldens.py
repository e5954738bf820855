#!/usr/bin/env python3
"""Compares the reference with every case of the golden numbers.

    python check_goldens.py [--golden ../shared/golden] [--threads N]

Prints a line a case: PASS or FAIL, the largest difference of a logit, and for DeiT-Tiny how many of
the 64 pictures agree and which of the kept, merged, into and owner tables differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from vit_reference import Reduction, Trace, ViTConfig, VisionTransformer
from vit_reference.checkpoint import load_model
from vit_reference.preprocess import preprocess

TENSOR_TOLERANCE = 5e-4
PICTURE_TOLERANCE = 2e-3
PICTURES_NEEDED = 62


def described_plan(case: dict[str, Any]) -> Reduction:
    """A case of a fixture's own description, whose layers count from 1."""
    layers = tuple(layer - 1 for layer in case["layers"])
    return Reduction(**(case | {"layers": layers, "keep": tuple(case["keep"])}))


def plan_of(case: str, config: ViTConfig, multi_scale: bool = False) -> Reduction | None:
    """`merge_l1_0.5`, `merge_sizeaware_0.7`, `multiscale_merge_0.7`, `tome_0.7`, `dense`."""
    words = case.split("_")
    if words == ["dense"]:
        return None
    if words[0] == "multiscale":
        words, multi_scale = words[1:], True
    options: dict[str, object] = {"strategy": words[0], "multi_scale": multi_scale}
    for word in words[1:-1]:
        options |= {"size_aware": True} if word == "sizeaware" else {"similarity": word}
    return Reduction.uniform(config, float(words[-1]), **options)


@torch.no_grad()
def run(model: VisionTransformer, pictures: Tensor, plan: Reduction | None) -> Tensor:
    return torch.cat([model(part, plan) for part in pictures.split(8)])


def tables_that_differ(model: VisionTransformer, input4: Tensor, plan: Reduction | None,
                       golden: dict[str, Tensor]) -> list[str]:
    """Names of the golden tables that the trace of the first four pictures does not equal."""
    if plan is None:
        return []
    trace = Trace()
    with torch.no_grad():
        model(input4, plan, trace)
    found: dict[str, Tensor] = {}
    for stage in trace.stages:
        found[f"block{stage.block}.kept"] = stage.kept.sort(dim=1).values
        if stage.merged is not None and stage.into is not None:
            found[f"block{stage.block}.merged"] = stage.merged
            found[f"block{stage.block}.into"] = stage.into
    if trace.owner is not None:
        found["owner"] = trace.owner
    return [
        name
        for name, table in golden.items()
        if name != "logits" and (name not in found or not torch.equal(found[name], table.long()))
    ]


def check_deit_tiny(golden: Path, data: Path) -> list[bool]:
    """The real DeiT-Tiny on 64 pictures."""
    folder = golden / "deit_tiny"
    checkpoint = data / "deit_tiny_imagenet.safetensors"
    names = json.loads((folder / "images.json").read_text())
    pictures = torch.stack([preprocess(data / "imagenet-sample" / name) for name in names])
    input4 = torch.from_numpy(np.load(folder / "input4.npy"))
    print(f"preprocessing: largest difference {(pictures[:4] - input4).abs().max():.1e}")
    plain = load_model(checkpoint)
    scales = load_model(checkpoint, extra=folder / "multiscale_random.safetensors")
    results = []
    for path in sorted(folder.glob("*.safetensors")):
        if path.stem == "multiscale_random":
            continue
        model = scales if path.stem.startswith("multiscale") else plain
        plan, expected = plan_of(path.stem, model.config), load_file(path)
        difference = (run(model, pictures, plan) - expected["logits"]).abs().amax(dim=1)
        difference4 = (run(model, input4, plan) - expected["logits"][:4]).abs().max().item()
        agreeing = int((difference <= PICTURE_TOLERANCE).sum())
        wrong = tables_that_differ(model, input4, plan, expected)
        passed = agreeing >= PICTURES_NEEDED and difference4 <= TENSOR_TOLERANCE and not wrong
        note = f"; tables differ: {', '.join(wrong)}" if wrong else ""
        print(f"{'PASS' if passed else 'FAIL'} deit_tiny/{path.stem}: {agreeing}/64 pictures, "
              f"largest {difference.max():.1e}, from input4 {difference4:.1e}{note}", flush=True)
        results.append(passed)
    return results


def check_weighted(golden: Path, data: Path) -> list[bool]:
    """Weighted merging on one picture: pairs, sizes and patches of every block, tokens and logits."""
    model = load_model(data / "deit_tiny_imagenet.safetensors")
    results = []
    for path in sorted((golden / "iwm").glob("*.safetensors")):
        expected = load_file(path)
        depth = model.config.depth
        sizes = [expected.get(f"block{block}.pairs", torch.empty(0)) for block in range(1, depth + 1)]
        plan = Reduction(strategy="weighted", remove=tuple(len(pairs) for pairs in sizes))
        trace = Trace()
        with torch.no_grad():
            logits = model(expected["pixels"], plan, trace)
        far = [relative(logits, expected["logits"])]
        wrong = []
        present = torch.arange(model.config.grid**2)
        for stage, rows, counts in zip(trace.stages, trace.rows, trace.sizes, strict=True):
            block = f"block{stage.block + 1}"
            # The golden pairs are positions among the tokens as they stood, the trace's are patches.
            pairs = present[expected[f"{block}.pairs"].long()]
            found = torch.stack([stage.merged[0], stage.into[0]], dim=1)
            if {*map(tuple, pairs.tolist())} != {*map(tuple, found.tolist())}:
                wrong.append(f"{block}.pairs")
            present = stage.kept[0]
            if not torch.equal(present, expected[f"{block}.patch_of_token"].long()):
                wrong.append(f"{block}.patch_of_token")
            if not torch.equal(counts[0, model.config.prefix :], expected[f"{block}.size"]):
                wrong.append(f"{block}.size")
            far.append(relative(rows[0], expected[f"{block}.tokens_after_merge"]))
        passed = not wrong and max(far) <= 1e-5
        note = f"; tables differ: {', '.join(wrong)}" if wrong else ""
        print(f"{'PASS' if passed else 'FAIL'} iwm/{path.stem}: {len(trace.stages)} blocks, "
              f"logits {far[0]:.1e}, tokens {max(far[1:]):.1e}{note}", flush=True)
        results.append(passed)
    return results


def relative(found: Tensor, expected: Tensor) -> float:
    """The largest difference, as a share of the largest value."""
    return ((found - expected).abs().max() / expected.abs().max()).item()


def check_micro(folder: Path) -> list[bool]:
    """Random small models of every family."""
    results = []
    for path in sorted(folder.glob("*.golden.safetensors")):
        name = path.name.removesuffix(".golden.safetensors")
        model = load_model(folder / f"{name}.safetensors", folder / f"{name}.json")
        expected = load_file(path)
        described = json.loads((folder / f"{name}.json").read_text()).get("cases", {})
        for key in sorted(key for key in expected if key.startswith("logits.")):
            case = key.removeprefix("logits.")
            if case in described:
                plan = described_plan(described[case])
            else:
                plan = plan_of(case, model.config, hasattr(model, "multiscale"))
            difference = (run(model, expected["input"], plan) - expected[key]).abs().max().item()
            passed = difference <= 1e-4 * expected[key].abs().max().item()
            print(f"{'PASS' if passed else 'FAIL'} {folder.name}/{name}/{case}: {difference:.1e}")
            results.append(passed)
    return results


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=Path, default=root.parent / "shared" / "golden")
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = check_micro(root / "Tests" / "Fixtures")
    if arguments.golden.is_dir():
        results += check_micro(arguments.golden / "micro")
        results += check_weighted(arguments.golden, arguments.data)
        results += check_deit_tiny(arguments.golden, arguments.data)
    else:
        print(f"{arguments.golden} is absent: only the committed fixtures are checked")
    print(f"{sum(results)} of {len(results)} cases pass")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
