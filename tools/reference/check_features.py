#!/usr/bin/env python3
"""Compares plans of models without a classifier, dense and rewritten, with the reference.

    python check_features.py [--vitc PATH --vitrun PATH] [--models dinov2 clip ...]

Weights are random, of the true shapes, every norm, bias and LayerScale too; the dense reference is compared
with timm. Prints a line a case: PASS or FAIL and the largest difference of a feature, relative to the largest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from sweep.weights import randomise
from torch import Tensor, nn

from vit_reference import Reduction, VisionTransformer
from vit_reference.checkpoint import config_of, joined_gates, rename

TOLERANCE = 1e-4
MODELS: dict[str, tuple[str, dict[str, object]]] = {
    "dinov2": ("vit_small_patch14_reg4_dinov2", {"img_size": 224}),
    "clip": ("vit_base_patch32_clip_quickgelu_224", {}),
    "siglip": ("vit_base_patch16_siglip_224", {}),
    "mae": ("vit_base_patch16_224", {"global_pool": "avg", "fc_norm": True}),
    "eva02": ("eva02_tiny_patch14_224", {}),
    "dinov3": ("vit_small_patch16_dinov3", {"img_size": 224, "global_pool": "token"}),
    "rope": ("vit_small_patch16_rope_224", {}),
    "rope_mixed": ("vit_small_patch16_rope_mixed_224", {}),
    "beit": ("beit_base_patch16_224", {}),
    "aimv2": ("aimv2_large_patch14_224", {"depth": 12, "num_heads": 8}),
}
STRATEGIES = ("merge", "weighted", "tome")


def run(*command: object) -> None:
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: status {ended.returncode}: {ended.stderr.strip()}")


def model_of(name: str) -> tuple[nn.Module, dict[str, object]]:
    """timm's model and its config.json."""
    architecture, arguments = MODELS[name]
    model = randomise(timm.create_model(architecture, num_classes=0, **arguments))
    config = {"architecture": architecture, "num_classes": 0, "model_args": arguments,
              "pretrained_cfg": {"input_size": [3, *model.patch_embed.img_size]}}
    return model, config


def features(vitrun: Path, plan: Path, pixels: Tensor, folder: Path) -> Tensor:
    np.save(folder / "input.npy", pixels.numpy())
    run(vitrun, plan, "--tensor", folder / "input.npy", "--features", folder / "features.npy")
    return torch.from_numpy(np.load(folder / "features.npy"))


def report(name: str, found: Tensor, expected: Tensor) -> bool:
    difference = ((found - expected).abs().max() / expected.abs().max()).item()
    passed = difference <= TOLERANCE
    print(f"{'PASS' if passed else 'FAIL'} {name}: {difference:.1e}", flush=True)
    return passed


@torch.no_grad()
def check(name: str, vitc: Path, vitrun: Path, folder: Path) -> list[bool]:
    theirs, config = model_of(name)
    state = {key: value.contiguous() for key, value in theirs.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    state = joined_gates({rename(key): value for key, value in state.items()})
    ours = VisionTransformer(config_of(state, config)).eval()
    ours.load_state_dict(state)
    size = ours.config.image_size
    pixels = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(5))
    dense, rewritten = folder / "dense.bin", folder / "rewritten.bin"
    run(vitc, "convert", folder, "-o", dense)
    expected = ours(pixels)
    results = [
        report(f"{name}, reference as timm", expected, theirs(pixels)),
        report(f"{name}, dense", features(vitrun, dense, pixels, folder), expected),
    ]
    for strategy in STRATEGIES:
        run(vitc, "rewrite", dense, "--keep", "0.7", "--strategy", strategy, "-o", rewritten)
        expected = ours(pixels, Reduction.uniform(ours.config, 0.7, strategy=strategy))
        found = features(vitrun, rewritten, pixels, folder)
        results.append(report(f"{name}, keep 0.7, {strategy}", found, expected))
    return results


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vitc", type=Path, default=root / ".build/release/vitc")
    parser.add_argument("--vitrun", type=Path, default=root / ".build/release/vitrun")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    for name in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            results += check(name, arguments.vitc, arguments.vitrun, Path(folder))
    print(f"{sum(results)} of {len(results)} cases pass")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
