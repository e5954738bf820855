#!/usr/bin/env python3
"""Compares `vitrun preprocess` with Pillow, torchvision and timm, picture by picture.

    python check_preprocess.py VITRUN PLAN FOLDER [--count 100] [--size 224] [--crop-pct 0.9]
                               [--interpolation bicubic] [--mean R,G,B] [--std R,G,B]

The last four say what the plan's model asks for; their defaults are DeiT's. Takes pictures spread
evenly over the folder. Prints the largest difference and exits with 1 where it exceeds 1e-6.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm.data
from PIL import Image

TOLERANCE = 1e-6


def triple(text: str) -> tuple[float, ...]:
    return tuple(float(value) for value in text.split(","))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrun", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--crop-pct", type=float, default=0.9)
    parser.add_argument("--interpolation", default="bicubic")
    parser.add_argument("--mean", type=triple, default=(0.485, 0.456, 0.406))
    parser.add_argument("--std", type=triple, default=(0.229, 0.224, 0.225))
    options = parser.parse_args()

    transform = timm.data.create_transform(
        (3, options.size, options.size), is_training=False, crop_pct=options.crop_pct,
        interpolation=options.interpolation, mean=options.mean, std=options.std)
    kinds = {".jpeg", ".jpg", ".png", ".webp"}
    pictures = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in kinds)
    if not pictures:
        sys.exit(f"{options.folder}: no pictures")
    pictures = pictures[:: max(1, len(pictures) // options.count)][: options.count]

    worst, wrong = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "tensor.npy"
        for path in pictures:
            subprocess.run(
                [options.vitrun, "preprocess", options.plan, path, "-o", output], check=True)
            expected = transform(Image.open(path).convert("RGB")).numpy()[None]
            found = np.load(output)
            difference = (
                float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf)
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                wrong += 1
                print(f"{path}: {difference:.3g}")
    print(f"{len(pictures)} pictures, {wrong} differ, largest difference {worst:.3g}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
