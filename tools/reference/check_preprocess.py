#!/usr/bin/env python3
"""Compares `vitrun preprocess` with timm or with transformers, image by image.

    python check_preprocess.py VITRUN PLAN FOLDER [--count 100] [--size H,W] [--crop-pct 0.9]
                               [--crop-mode center] [--interpolation bicubic]
                               [--mean R,G,B] [--std R,G,B]
    python check_preprocess.py VITRUN PLAN FOLDER [--count 100] --processor FILE [--class NAME]

The options say what the plan's model asks for. Without --processor it is timm's evaluation transform,
whose defaults here are DeiT's; with it, the PIL backend of the image processor that FILE, a
preprocessor_config.json, describes. Takes images spread evenly over the folder. Prints the largest
difference and how many samples are another 8-bit value; exits with 1 where one exceeds 1e-6, or where
only one side refuses an image.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

TOLERANCE = 1e-6

# The tensor `[3, height, width]` of an image, and what one 8-bit step is in each channel.
Reference = tuple[Callable[[Image.Image], np.ndarray], np.ndarray]


def numbers(kind: type) -> Callable[[str], tuple]:
    return lambda text: tuple(kind(value) for value in text.split(","))


def timm_reference(options: argparse.Namespace) -> Reference:
    import timm.data

    transform = timm.data.create_transform(
        (3, *options.size), is_training=False, crop_pct=options.crop_pct,
        crop_mode=options.crop_mode, interpolation=options.interpolation, mean=options.mean,
        std=options.std)
    return lambda image: transform(image.convert("RGB")).numpy(), 1 / 255 / np.array(options.std)


def processor_reference(file: Path, class_name: str | None) -> Reference:
    from transformers import AutoImageProcessor

    keys = json.loads(file.read_text())
    if class_name is not None:
        keys["image_processor_type"] = class_name
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "preprocessor_config.json").write_text(json.dumps(keys))
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    print(type(processor).__name__)
    factor = processor.rescale_factor if processor.do_rescale else 1
    deviation = processor.image_std if processor.do_normalize else 1

    def run(image: Image.Image) -> np.ndarray:
        # Without do_convert_rgb the processor fails on anything but RGB.
        image = image if processor.do_convert_rgb else image.convert("RGB")
        return np.float32(processor(image, return_tensors="np")["pixel_values"][0])

    return run, factor / np.broadcast_to(np.array(deviation, np.float64), 3)


def found_by_vitrun(options: argparse.Namespace, path: Path, output: Path) -> np.ndarray | None:
    """The tensor that vitrun writes; None where it refuses the image."""
    run = subprocess.run(
        [options.vitrun, "preprocess", options.plan, path, "-o", output], check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"{path}: vitrun ended with {run.returncode}")
    return np.load(output)[0] if run.returncode == 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrun", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--size", type=numbers(int), default=(224, 224))
    parser.add_argument("--crop-pct", type=float, default=0.9)
    parser.add_argument("--crop-mode", default="center", choices=("center", "squash", "border"))
    parser.add_argument("--interpolation", default="bicubic")
    parser.add_argument("--mean", type=numbers(float), default=(0.485, 0.456, 0.406))
    parser.add_argument("--std", type=numbers(float), default=(0.229, 0.224, 0.225))
    parser.add_argument("--processor", type=Path)
    parser.add_argument("--class", dest="class_name")
    options = parser.parse_args()
    if len(options.size) == 1:
        options.size *= 2

    reference, step = (
        timm_reference(options) if options.processor is None
        else processor_reference(options.processor, options.class_name))
    kinds = {".jpeg", ".jpg", ".png", ".webp"}
    images = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in kinds)
    if not images:
        sys.exit(f"{options.folder}: no images")
    images = images[:: max(1, len(images) // options.count)][: options.count]

    worst, wrong, refused, steps = 0.0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "tensor.npy"
        for path in images:
            found = found_by_vitrun(options, path, output)
            try:
                expected = reference(Image.open(path))
            except ValueError:
                expected = None
            # vitrun also refuses what the reference would hand to a model of another size.
            if found is None and (expected is None or expected.shape[1:] != options.size):
                refused += 1
                continue
            difference = np.inf
            if found is not None and expected is not None and found.shape == expected.shape:
                apart = np.abs(found.astype(np.float64) - expected)
                difference = float(apart.max())
                steps += int((apart > step[:, None, None] / 2).sum())
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                wrong += 1
                print(f"{path}: {difference:.3g}")
    print(
        f"{len(images)} images, {refused} refused by both, {wrong} differ, largest difference "
        f"{worst:.3g}, {steps} samples of another 8-bit value")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
