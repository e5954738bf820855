#!/usr/bin/env python3
"""Writes the small random models of Tests/Fixtures/methods, with an input and what is expected of it.

    python method_fixtures.py [--output ../../Tests/Fixtures/methods]

For each: NAME.safetensors (f16 weights under the names that the method's authors save, thresholds f32), NAME.json with
`token_reduction`, and NAME.golden.safetensors (`input`, `logits`, and the tables of `KeptTokens`). The first seed is
taken whose decisions do not move when the input moves by NUDGE, and of adaptive methods whose images have different
counts.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from make_fixtures import _micro, randomise
from vit_reference.checkpoint import StateDict, describe
from vit_reference.methods import METHODS, KeptTokens, ReducedViT, load_method
from vit_reference.preprocess import IMAGENET_MEAN, IMAGENET_STD

BATCH, NUDGE = 3, 1e-4
DEIT = _micro("deit", image_size=16, patch_size=4, embed_dim=12, heads=3, depth=6, mlp_ratio=2.0)
LVVIT = _micro(
    "lvvit", image_size=32, patch_size=8, embed_dim=12, heads=3, depth=6, mlp_ratio=2.0, skip_lam=2.0, stem_width=4)
EVOVIT = _micro("deit", image_size=16, patch_size=4, embed_dim=8, heads=2, depth=12, mlp_ratio=2.0)
BLOCKS = [1, 3, 5]
FIXTURES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "evit_fuse": ("evit", DEIT, {"blocks": BLOCKS, "keep_rate": 0.7, "fuse": True}),
    "evit_drop": ("evit", DEIT, {"blocks": BLOCKS, "keep_rate": 0.5, "fuse": False}),
    "dynamicvit_deit": ("dynamicvit", DEIT, {"blocks": BLOCKS, "keep_rate": 0.7}),
    "dynamicvit_lvvit": ("dynamicvit", LVVIT, {"blocks": BLOCKS, "keep_rate": 0.7}),
    "evovit": ("evovit", EVOVIT, {}),
    "ppt": ("ppt", DEIT, {"blocks": BLOCKS, "remove": 3, "threshold": 2e-3, "size_aware": True}),
    "avit": ("avit", DEIT, {"gate_scale": 1.5, "gate_center": 2.0}),
    "asvit_deit": ("asvit", DEIT, {"blocks": BLOCKS}),
    "asvit_lvvit": ("asvit", LVVIT, {"blocks": BLOCKS}),
    "spvit_deit": ("spvit", DEIT, {"blocks": BLOCKS}),
    "spvit_lvvit": ("spvit", LVVIT, {"blocks": BLOCKS}),
    "ats": ("ats", DEIT, {"blocks": [2, 3, 4, 5]}),
}


def saved(method: str, state: StateDict, heads: int) -> StateDict:
    """The state under the names that the method's authors save."""
    out: StateDict = {}
    for key, value in state.items():
        half = value.half() if value.is_floating_point() and not key.endswith("keep_threshold") else value
        parts = key.split(".")
        if method == "evovit" and parts[0] == "blocks" and parts[2] in ("attn", "norm1"):
            block, end = parts[1], parts[-1]
            if parts[2] == "norm1":
                out[f"norms.{block}.{end}"] = half
            elif parts[3] == "proj":
                out[f"projs.{block}.{end}"] = half
            else:
                third = len(half) // 3
                out[f"qks.{block}.qk.{end}"] = half[: 2 * third].clone()
                out[f"vs.{block}.v.{end}"] = half[2 * third :].clone()
        elif method == "spvit" and len(parts) > 2 and parts[2] in ("in_conv", "out_conv"):
            for head in range(heads):
                out[".".join([*parts[:3], str(head), *parts[4:]])] = half.clone()
        else:
            out[key] = half
    return out


@torch.no_grad()
def thresholds(model: ReducedViT, generator: torch.Generator) -> None:
    """AS-ViT's into the scores' range."""
    for name, value in model.named_parameters():
        if name.endswith("keep_threshold"):
            value.copy_(0.02 + 0.03 * torch.rand((), generator=generator))


@torch.no_grad()
def run(model: ReducedViT, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    trace = KeptTokens()
    logits = model.double()(images.double(), trace).float()
    return logits, trace.tables()


def write(name: str, folder: Path) -> int:
    method, config, settings = FIXTURES[name]
    files = [folder / f"{name}{end}" for end in (".safetensors", ".json", ".golden.safetensors")]
    for seed in range(300):
        generator = torch.Generator().manual_seed(seed)
        model = METHODS[method](config, **settings)
        randomise(model, generator)
        thresholds(model, generator)
        save_file(saved(method, model.state_dict(), config.heads), files[0])
        description = describe(config, IMAGENET_MEAN, IMAGENET_STD, crop=0.875)
        description["token_reduction"] = {"method": method} | settings
        files[1].write_text(json.dumps(description, indent=1) + "\n")
        model = load_method(files[0], files[1])
        images = torch.randn(BATCH, 3, config.image_size, config.image_size, generator=generator)
        logits, tables = run(model, images)
        moved = [run(model, images + NUDGE * torch.randn(images.shape, generator=generator))[1] for _ in range(4)]
        stable = all(
            other.keys() == tables.keys() and all(torch.equal(other[key], tables[key]) for key in tables)
            for other in moved)
        counts = [tables[key] for key in tables if key.endswith("count")]
        varied = method not in ("asvit", "spvit", "ats", "avit") or all(
            len(set(count.tolist())) > 1 and count.min() > 0 for count in counts[-2:])
        if method == "ppt":
            varied = 0 < tables["policy"].sum() < tables["policy"].numel()
        if stable and varied and logits.isfinite().all():
            save_file({"input": images, "logits": logits} | {k: v.contiguous() for k, v in tables.items()}, files[2])
            shown = "; ".join(",".join(map(str, c.tolist())) for c in counts)
            size = sum(path.stat().st_size for path in files)
            print(f"{name}: seed {seed}, {size} bytes, counts {shown}", flush=True)
            return size
    raise RuntimeError(f"{name}: no seed is stable")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--output", type=Path, default=root / "Tests" / "Fixtures" / "methods")
    parser.add_argument("names", nargs="*", default=list(FIXTURES), help="all of them without one")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    print(sum(write(name, arguments.output) for name in arguments.names), "bytes")


if __name__ == "__main__":
    main()
